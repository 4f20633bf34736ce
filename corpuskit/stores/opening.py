"""The store of a URL, with what its kind can do."""

from __future__ import annotations

from corpuskit.fetching.options import FetchOptions
from corpuskit.stores.base import Store
from corpuskit.urls import RemotePath


def open_store(place: RemotePath, options: FetchOptions | None = None) -> Store:
    """The store of a URL, with what its kind can do."""
    if place.scheme in ("s3", "s3a"):
        from corpuskit.stores.s3 import S3Store

        return S3Store(place, options)
    return Store(place, options)
