"""The store of a URL, with what its kind can do."""

from __future__ import annotations

from corpuskit.errors import UnavailableName, UnknownName
from corpuskit.fetching.options import FetchOptions
from corpuskit.registry.registry import default
from corpuskit.registry.specs import StoreSpec
from corpuskit.stores.base import Store
from corpuskit.urls import RemotePath


def open_store(place: RemotePath, options: FetchOptions | None = None) -> Store:
    """The store of a URL, with what its kind can do.

    A scheme that is no store's name is fsspec's.

    Raises:
        UnavailableName: If the scheme may be of a plugin that failed.
        ConfigError: If the store has no place of that name.
    """
    try:
        component = default().find(StoreSpec, place.scheme)
    except UnknownName as error:
        if isinstance(error, UnavailableName) and error.owners:
            raise
        return Store(place, options)
    return component.make(Store, place, options)
