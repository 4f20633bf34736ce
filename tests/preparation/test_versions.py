"""The versions of what decides a part's bytes."""

from __future__ import annotations

import importlib.metadata

from corpuskit.preparation.versions import versions_of
from corpuskit.registry.discovery import Owner
from corpuskit.registry.distribution import NAME
from corpuskit.version import __version__

OURS = Owner("tokenizers", NAME, __version__)


def test_versions_are_those_of_corpuskit_the_plugins_and_the_libraries_below():
    found = versions_of([Owner("books", "corpuskit-books", "2.5"), OURS])
    assert found["corpuskit-books"] == "2.5"
    assert found["corpuskit"] == __version__
    assert found["tiktoken"] == importlib.metadata.version("tiktoken")


def test_what_is_not_used_does_not_count():
    assert "corpuskit-books" not in versions_of([OURS])
