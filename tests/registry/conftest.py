"""Plugins that are really on sys.path."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from corpuskit.testing.distributions import fake_distribution

HEADER = """
import corpuskit
from corpuskit import CommandSpec, SourceSpec, TokenizerSpec
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a plugin of one module on sys.path, as an installer would, and forgets it after the test."""
    monkeypatch.delenv("CORPUSKIT_PLUGINS", raising=False)
    monkeypatch.delenv("CORPUSKIT_STRICT_PLUGINS", raising=False)
    folders = []

    def install(name, body="", *, version="1.0", entry_points=None, folder=None):
        folder = folder or tmp_path / name
        module = name.replace("-", "_")
        fake_distribution(
            folder,
            name,
            version=version,
            entry_points=entry_points or {name: module},
            modules={module: HEADER + textwrap.dedent(body)},
        )
        folders.append(folder)
        monkeypatch.syspath_prepend(folder)
        return folder

    yield install
    for module_name, module in list(sys.modules.items()):
        if any(Path(getattr(module, "__file__", None) or "/").is_relative_to(folder) for folder in folders):
            del sys.modules[module_name]


@pytest.fixture
def source():
    """Gives the text of a plugin that registers one source."""

    def source(name, **more):
        options = "".join(f", {key}={value!r}" for key, value in more.items())
        return f"""
    @corpuskit.hookimpl
    def corpuskit_sources():
        return [SourceSpec({name!r}, "A summary"{options})]
    """

    return source


@pytest.fixture
def info():
    """What is known of one plugin: `info(Registry(), "books")`."""

    def info(found, plugin):
        return next(one for one in found.plugins() if one.owner.plugin == plugin)

    return info
