"""The store of a URL, with what its kind can do."""

from __future__ import annotations

from corpuskit.errors import ConfigError, UnavailableName, UnknownName
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
        ConfigError: If the store has no place of that name, or the plugin for hf:// is not installed.
    """
    try:
        component = default().find(StoreSpec, place.scheme)
    except UnknownName as error:
        if isinstance(error, UnavailableName) and error.owners:
            raise
        if place.scheme == "hf":  # fsspec would look for a model, and make a commit of each file
            raise ConfigError(
                f"{place}: corpora on the Hub need the plugin corpuskit-huggingface, which is not installed "
                "or is left out by CORPUSKIT_PLUGINS; install it beside corpuskit",
                found=str(place),
            ) from None
        return Store(place, options)
    return component.make(Store, place, options)
