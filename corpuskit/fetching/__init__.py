"""A URL and a sha256 to a verified file on this machine."""

from corpuskit.fetching.options import FetchedFile, FetchOptions
from corpuskit.fetching.verified import fetch

__all__ = ["FetchOptions", "FetchedFile", "fetch"]
