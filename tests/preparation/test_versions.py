"""The versions of what decides a part's bytes."""

from __future__ import annotations

import dataclasses
import importlib.metadata

import corpuskit
from corpuskit.preparation.versions import versions_of
from corpuskit.registry import default
from corpuskit.registry.discovery import Owner
from corpuskit.version import __version__


def test_versions_are_those_of_corpuskit_the_plugins_and_the_libraries_below():
    component = default().find(corpuskit.TokenizerSpec, "gpt2")
    of_a_plugin = dataclasses.replace(component, owner=Owner("books", "corpuskit-books", "2.5"))
    found = versions_of([of_a_plugin.owner, component.owner])
    assert found["corpuskit-books"] == "2.5"
    assert found["corpuskit"] == __version__
    assert found["tiktoken"] == importlib.metadata.version("tiktoken")


def test_what_is_not_used_does_not_count():
    assert "corpuskit-books" not in versions_of([default().find(corpuskit.TokenizerSpec, "bytes").owner])
