"""Where text comes from: named corpora, files and URLs, and the readers of file formats."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpuskit.sources.base import Source, SourceOptions

__all__ = ["open_source"]


def open_source(dataset: str | Sequence[str], options: SourceOptions | None = None) -> Source:
    """The source that a user means.

    A registered name wins. What cannot be a name is files: a path with a separator, a glob, a URL, or a
    list of paths in a file (`@paths.txt`); so is a bare word under which there is a file or a folder.

    Args:
        dataset: A registered name, perhaps with an argument (`name:argument`), or files; or several files.
        options: What the user said about it.

    Raises:
        UnknownName: If it is a bare word that is neither registered nor there.
        PluginLoadFailed: If what the plugin gives is not a source.
        ConfigError: If the user asks for what the source does not do.
    """
    from corpuskit import registry
    from corpuskit.errors import PluginLoadFailed, UnknownName
    from corpuskit.sources.base import Source, SourceOptions
    from corpuskit.sources.guard import guard
    from corpuskit.specs import SourceSpec

    options = options or SourceOptions()
    if not isinstance(dataset, str):
        if len(dataset) != 1:
            return _files(dataset, options)
        dataset = dataset[0]
    if _cannot_be_a_name(dataset):
        return _files([dataset], options)
    try:
        component = registry.default().find("source", dataset)
    except UnknownName as error:
        if os.path.lexists(dataset) or re.search(r"[*?\[]", dataset) or _is_path(dataset):
            return _files([dataset], options)
        raise UnknownName(
            f"{error}; and there is no file or folder {dataset!r}", expected=error.expected, found=dataset
        ) from error
    spec = component.spec
    assert isinstance(spec, SourceSpec)
    if not spec.factory:
        from corpuskit.sources.files import FileSource

        return FileSource(spec=spec, argument=component.argument, options=options)
    source: Source = component.make(spec=spec, argument=component.argument, options=options)
    if not isinstance(source, Source):
        raise PluginLoadFailed(
            f"source {dataset!r} of {component.owner}: expected a corpuskit.sources.base.Source, found "
            f"{source!r:.80}",
            found=source,
        )
    source.check_heeded()
    source.owner = component.owner
    guard(source, lambda item: (component.what, component.owner))
    return source


def _cannot_be_a_name(dataset: str) -> bool:
    """Whether what a user typed can only be files; asking the registry would load every plugin."""
    return dataset.startswith((".", "/", "~", "@")) or "://" in dataset


def _is_path(dataset: str) -> bool:
    """Whether a word that is no registered name has a path's form; `plugin:org/name` has a name's."""
    return "/" in dataset and ":" not in dataset.partition("/")[0]


def _files(patterns: Sequence[str], options: SourceOptions) -> Source:
    from corpuskit.sources.local import LocalFiles

    return LocalFiles(patterns, options=options)
