"""The stores that come with corpuskit."""

from __future__ import annotations

import pytest

from corpuskit.registry import default
from corpuskit.registry.specs import StoreSpec
from corpuskit.stores.base import Store
from corpuskit.stores.plugin import corpuskit_stores
from corpuskit.urls import RemotePath


@pytest.mark.parametrize("name", [spec.name for spec in corpuskit_stores()])
def test_each_makes_a_store_of_its_scheme(name):
    store = default().find(StoreSpec, name).make(Store, RemotePath(f"{name}://bucket/mine"), None)
    assert store.place.url == f"{name}://bucket/mine"
    assert store.pinned() is store
    assert store.downloads() == (store.place, None)
    assert not store.commits_at_once
