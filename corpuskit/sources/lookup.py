"""The source that a user means: a named corpus, or files."""

from __future__ import annotations

import logging
import os
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpuskit.registry import Component
    from corpuskit.registry.specs import SourceSpec
    from corpuskit.sources.base import Source, SourceOptions

__all__ = ["open_source"]

log = logging.getLogger(__name__)


def open_source(dataset: str | Sequence[str], options: SourceOptions | None = None) -> Source:
    """The source that a user means.

    A registered name wins, and a name that a plugin which failed may own is kept for it. Files are what has a
    slash, a dot or an extension, a glob, a URL, a home folder (`~`), or a list of paths in a file
    (`@paths.txt`). Of those, one that is a registered name all the same, such as `wiki.en`, means the name. A
    bare word that is no name means the file or the folder that is called so, which is said.

    Args:
        dataset: A registered name, perhaps with an argument (`name:argument`), or files; or several files.
        options: What the user said about it.

    Raises:
        UnknownName: If it is a bare word that is neither registered nor there.
        UnavailableName: If the name may be that of a plugin that failed.
        PluginLoadFailed: If the plugin does not give a source.
        ConfigError: If the user asks for what the source does not do.
    """
    from corpuskit.sources.base import Source, SourceOptions
    from corpuskit.sources.guard import guard

    options = options or SourceOptions()
    if not isinstance(dataset, str):
        if len(dataset) != 1:
            return _files(dataset, options)
        dataset = dataset[0]
    component = None if _cannot_be_a_name(dataset) else _find(dataset)
    if component is None:
        return _files([dataset], options)
    spec = component.spec
    if not spec.factory:
        from corpuskit.sources.files import DeclaredFiles

        return DeclaredFiles(spec=spec, argument=component.argument, options=options)
    source = component.make(Source, spec=spec, argument=component.argument, options=options)
    source.check_heeded()
    source.owner = component.owner
    guard(source, lambda item: (component.what, component.owner))
    return source


def _find(dataset: str) -> Component[SourceSpec] | None:
    """What is registered under a name; None for files.

    Raises:
        UnknownName: If it can only be a name, and is none; also if there is no such file or folder.
    """
    from corpuskit import registry
    from corpuskit.errors import UnavailableName, UnknownName
    from corpuskit.registry.specs import SourceSpec

    try:
        component = registry.default().find(SourceSpec, dataset)
    except UnknownName as error:
        if isinstance(error, UnavailableName) and (error.owners or is_bare(dataset)):
            raise
        if not is_bare(dataset):
            return None
        if ":" not in dataset and os.path.lexists(dataset):
            log.warning(
                "%s: no corpus has this name, so %s is read; write it like that to say so",
                dataset,
                _as_path(dataset),
            )
            return None
        what, _, hint = str(error).partition("; ")
        raise UnknownName(
            f"{what}, and there is no file or folder {dataset!r}; {hint}",
            expected=error.expected,
            found=dataset,
        ) from error
    if os.path.lexists(dataset):
        log.info(
            "%s: the corpus of this name is meant; %s means the file or folder", dataset, _as_path(dataset)
        )
    return component


def is_bare(dataset: str) -> bool:
    """Whether a word can only be a name: before a colon, nothing in it is a sign of files."""
    return not _cannot_be_a_name(dataset) and re.search(r"[/.*?\[]", dataset.partition(":")[0]) is None


def _cannot_be_a_name(dataset: str) -> bool:
    """Whether what a user typed can only be files; asking the registry would load every plugin."""
    return dataset.startswith((".", "/", "~", "@")) or "://" in dataset


def _as_path(dataset: str) -> str:
    """How a file or folder is written that has a bare word for a name, as a shell takes it."""
    return shlex.quote(f"./{dataset}")


def _files(patterns: Sequence[str], options: SourceOptions) -> Source:
    from corpuskit.sources.user_files import UserFiles

    return UserFiles(patterns, options=options)
