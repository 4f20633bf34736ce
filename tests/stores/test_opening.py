"""Stores by the scheme of their URL."""

from __future__ import annotations

import pytest

from corpuskit.errors import ConfigError
from corpuskit.registry import Registry
from corpuskit.stores import opening
from corpuskit.stores.base import Store
from corpuskit.stores.opening import open_store
from corpuskit.urls import RemotePath


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
def test_s3_has_a_store_that_knows_its_ways(scheme):
    pytest.importorskip("s3fs")
    from corpuskit.stores.s3 import S3Store

    assert type(open_store(RemotePath(f"{scheme}://bucket/mine"))) is S3Store


def test_another_file_system_has_the_store_of_all(tmp_path):
    store = open_store(RemotePath("memory://stores-opening"))
    assert type(store) is Store
    assert store.read("nothing", max_bytes=9) is None


def test_the_hub_s_scheme_names_its_plugin_where_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(opening, "default", lambda: Registry(environ={"CORPUSKIT_PLUGINS": ""}))
    with pytest.raises(ConfigError, match=r"need the plugin corpuskit-huggingface, which is not installed"):
        open_store(RemotePath("hf://me/stories"))
