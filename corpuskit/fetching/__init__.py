"""A URL and a sha256 to a verified file on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.fetching.options import FetchedFile, FetchOptions
    from corpuskit.fetching.verified import fetch

_PLACES = {
    "FetchOptions": "corpuskit.fetching.options:FetchOptions",
    "FetchedFile": "corpuskit.fetching.options:FetchedFile",
    "fetch": "corpuskit.fetching.verified:fetch",
}

__all__ = ["FetchOptions", "FetchedFile", "fetch"]

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)
