"""Every hook, in one page that a plugin author can work from.

A plugin is a module with functions of these names, each marked `@corpuskit.hookimpl`, that a package
declares as an entry point:

```toml
[project.entry-points.corpuskit]
gutenberg = "corpuskit_gutenberg"
```

Each hook takes nothing and returns a list of specs (`corpuskit.plugin` has them, and each kind says how its
factory is called). A spec's `factory` is a dotted string that is imported when the component is first used,
so keep the plugin module itself light: it is imported whenever a name is looked up that is not built in. A
name is one word; users may put a colon and an argument after it (`hf:org/name`). Names are never shared: two
plugins with one name are an error that names both, and a built-in name cannot be taken over.

A module that fails to import, a hook that is misspelled or not marked, and a hook that returns something
else are reported by `corpuskit plugins`, and everything else works. `CORPUSKIT_STRICT_PLUGINS=1` raises
instead, which is what a plugin's own tests want. `corpuskit.testing` has a suite of tests for each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from corpuskit.registry.specs import (
        CommandSpec,
        ExecutorSpec,
        FormatSpec,
        ReaderSpec,
        SamplerSpec,
        SourceSpec,
        StoreSpec,
        TemplateSpec,
        TokenizerSpec,
    )

PROJECT = "corpuskit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def corpuskit_sources() -> Sequence[SourceSpec]:  # type: ignore[empty-body]
    """Corpora that `corpuskit prepare NAME` knows.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_sources():
            url = "https://example.org/books.txt"
            return [SourceSpec("books", "Public-domain books", files=(RemoteFile(url, sha256="..."),))]
        ```
    """


@hookspec
def corpuskit_tokenizers() -> Sequence[TokenizerSpec]:  # type: ignore[empty-body]
    """Tokenizers that `--encoding NAME` knows.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_tokenizers():
            return [TokenizerSpec("words", "One id a word", factory="my_package.words:WordTokenizer")]
        ```
    """


@hookspec
def corpuskit_samplers() -> Sequence[SamplerSpec]:  # type: ignore[empty-body]
    """Samplers that `corpus.batches(sampler=NAME)` knows.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_samplers():
            return [SamplerSpec("strided", "Every k-th token", factory="my_package.strided:Strided")]
        ```
    """


@hookspec
def corpuskit_readers() -> Sequence[ReaderSpec]:  # type: ignore[empty-body]
    """Readers of file formats, chosen by a file's extension or by `--format NAME`.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_readers():
            return [ReaderSpec("warc", "Web archives", factory="my_package.warc:Warc", extensions=(".warc",))]
        ```
    """


@hookspec
def corpuskit_templates() -> Sequence[TemplateSpec]:  # type: ignore[empty-body]
    """Templates that `--template NAME` knows: ways to write conversations as text and control tokens.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_templates():
            return [TemplateSpec("irc", "<nick> and a line", factory="my_package.irc:Irc")]
        ```
    """


@hookspec
def corpuskit_executors() -> Sequence[ExecutorSpec]:  # type: ignore[empty-body]
    """Executors that `--executor NAME` knows: what runs the parts of a plan, and where.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_executors():
            return [ExecutorSpec("slurm", "A job array", factory="my_package.slurm:Slurm")]
        ```
    """


@hookspec
def corpuskit_formats() -> Sequence[FormatSpec]:  # type: ignore[empty-body]
    """On-disk formats of other trainers, to export a corpus to.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_formats():
            return [FormatSpec("datatrove", "datatrove's .ds files", factory="my_package.ds:Datatrove")]
        ```
    """


@hookspec
def corpuskit_stores() -> Sequence[StoreSpec]:  # type: ignore[empty-body]
    """Object stores for URLs of a scheme, where fsspec's file system for it is not enough.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_stores():
            return [StoreSpec("vault", "The vault's drawers", factory="my_package.vault:VaultStore")]
        ```
    """


@hookspec
def corpuskit_commands() -> Sequence[CommandSpec]:  # type: ignore[empty-body]
    """Subcommands of `corpuskit`. They are looked up when typed, and listed by `corpuskit list commands`.

    Example:
        ```python
        @corpuskit.hookimpl
        def corpuskit_commands():
            return [CommandSpec("dedup", "Remove duplicate documents", factory="my_package.cli:dedup")]
        ```
    """
