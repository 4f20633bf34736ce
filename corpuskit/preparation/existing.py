"""What is there already: a corpus that is asked for, another one, or what no corpus may take the place of."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from corpuskit import reading
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, Manifest
from corpuskit.corpus.new_folder import holds_corpus
from corpuskit.corpus.verification import verify
from corpuskit.errors import ConfigError, CorpusFormatError, FetchError
from corpuskit.file_errors import looking_at
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.resolved_config import ResolvedConfig
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.added_tokens import fingerprint_with
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.urls import RemotePath

log = logging.getLogger(__name__)

#: What a manifest and a `run.json` begin with, among others: who wrote them.
_BY_US = b'"corpuskit'
_HEAD_BYTES = 4096


def existing_corpus(resolved: ResolvedConfig, on_progress: OnProgress) -> Corpus | None:
    """The corpus that is in the place, if it is what is asked for.

    Args:
        resolved: What is asked for, and where.
        on_progress: Called while a corpus that may be replaced is verified.

    Raises:
        ConfigError: If something else is there and may not be replaced.
        CorpusFormatError: If a damaged corpus is there and may not be replaced.
        StorageError: If the place cannot be looked at.
    """
    output = resolved.output
    _check_apart(output, resolved.source)
    with looking_at(output):
        is_corpus = (output / FILE_NAME).exists()
        is_free = not output.exists() or (output.is_dir() and not any(output.iterdir()))
    if not is_corpus and not is_free:
        raise ConfigError(f"{output} exists and is not a corpus; move it away, or choose another --output")
    if not is_corpus:
        holds_corpus(output)
        return None

    def head(name: str) -> bytes:
        with os.fdopen(reading.open_file(output / name), "rb") as file:
            return file.read(_HEAD_BYTES)

    corpus = accepted(resolved, output, head, on_progress, overwrite=resolved.config.overwrite)
    if corpus is None:
        holds_corpus(output)
    return corpus


def accepted(
    resolved: ResolvedConfig,
    place: Path | RemotePath,
    head: Callable[[str], bytes],
    on_progress: OnProgress,
    *,
    overwrite: bool,
) -> Corpus | None:
    """The corpus in a place, if it is what is asked for; None if it is not, and may be replaced.

    Where it may be replaced, each of its bytes is read: a damaged one is not what is asked for.

    Args:
        resolved: What is asked for.
        place: Where the corpus is.
        head: Gives the first bytes of one of its files, by name.
        on_progress: Called while it is verified.
        overwrite: Whether another one, or a damaged one, may be replaced.

    Raises:
        ConfigError: If it is another one and may not be replaced.
        CorpusFormatError: If it is damaged and may not be replaced, or may be no corpus at all.
    """
    try:
        corpus = Corpus(place, encoding=resolved.config.encoding)
    except CorpusFormatError as error:
        if not overwrite or not _is_ours(head):
            raise
        damage: str | None = str(error)
    else:
        differences = _differences(resolved, corpus.manifest, overwrite=overwrite)
        if differences and not overwrite:
            raise ConfigError(
                f"{place} holds a corpus that was prepared differently: {'; '.join(differences)}; "
                "choose another --output, or replace it with --overwrite"
            )
        if differences:
            return None
        damage = _damage(corpus, on_progress) if overwrite else None
        if damage is None:
            return corpus
    log.warning("%s: damaged, and prepared again (%s)", place, damage)
    return None


def _is_ours(head: Callable[[str], bytes]) -> bool:
    """Whether what cannot be opened is a corpus all the same: its manifest or its `run.json` says so."""
    for name in (FILE_NAME, "run.json"):
        with contextlib.suppress(OSError):
            if _BY_US in head(name):
                return True
    return False


def _damage(corpus: Corpus, on_progress: OnProgress) -> str | None:
    """What is wrong with a corpus's bytes, as one phrase; None if nothing is."""
    try:
        problems = [str(problem) for problem in verify(corpus, on_progress=on_progress)]
    except CorpusFormatError as error:
        problems = [str(error)]
    except FetchError as error:
        if not error.missing:
            raise
        problems = [str(error)]
    return problems[0] if problems else None


def check_inputs_kept(output: Path, inputs: Sequence[Input]) -> None:
    """Refuse to replace a folder that inputs are in.

    Args:
        output: The corpus's folder.
        inputs: The inputs.

    Raises:
        ConfigError: Naming the first.
    """
    inside = f"{os.path.realpath(output)}{os.sep}"
    for item in inputs:
        if item.location.startswith(inside):
            raise ConfigError(
                f"{item.location} is in {output}, which the corpus would replace; choose another --output",
                path=item.location,
            )


def _differences(resolved: ResolvedConfig, manifest: Manifest, *, overwrite: bool) -> list[str]:
    """What is asked for and not what a manifest says, each as one phrase.

    Where that may be replaced, nobody reads which inputs differ, and a tokenizer that should never change is
    opened all the same: errors about one that did tell people to replace the corpus.
    """
    total_bytes = sum(item.size_bytes for item in manifest.inputs)
    encoding = resolved.config.encoding
    if manifest.tokenizer.state is not None:
        encoding = resolved.portable_encoding
    # What another tokenizer would do about ends of text is not known, and not what is different.
    same_tokenizer = encoding == manifest.tokenizer.name
    eot = resolved.appends_eot(manifest.tokenizer) if same_tokenizer else resolved.wants_eot
    options = resolved.options(total_bytes, eot=eot)
    asked = {"dataset": resolved.name, "encoding": encoding, **options.to_json()}
    there = {"dataset": manifest.dataset, "encoding": manifest.tokenizer.name, **manifest.options}
    different = [
        f"{key} is {there.get(key)!r} there and {asked.get(key)!r} now"
        for key in [*asked, *(key for key in there if key not in asked)]
        if asked.get(key) != there.get(key)
    ]
    if different:
        return different
    added_tokens = manifest.tokenizer.added_tokens
    if added_tokens and not resolved.config.add_tokens:
        return [
            f"control tokens are added there ({', '.join(added_tokens)}) and --add-tokens is not said now"
        ]
    recorded = [(item.name, item.size_bytes, item.sha256, item.split) for item in manifest.inputs]
    if not resolved.source.unchanged(recorded):
        which = "" if overwrite else f" ({resolved.source.changes(recorded)})"
        return [f"its inputs have changed since{which}"]
    if overwrite or not resolved.tokenizer.spec.pinned:
        # What the name stands for now: a state may hold the tokenizer itself, which would never change.
        found = open_tokenizer(resolved.config.encoding)
        if found.needs_fitting:
            found = open_tokenizer(encoding, state=manifest.tokenizer.state)
        if fingerprint_with(found.fingerprint, added_tokens) != manifest.tokenizer.fingerprint:
            return [f"tokenizer {encoding!r} has changed since"]
    return []


def _check_apart(output: Path, source: Source) -> None:
    """Refuse a place where text is looked for: a later run would take the corpus for text.

    Raises:
        ConfigError: Naming both.
    """
    from corpuskit.sources.user_files import UserFiles

    record = os.path.join(os.path.realpath(output), "run.json")  # noqa: PTH118
    pattern = source.reads(record) if isinstance(source, UserFiles) else None
    if pattern is not None:
        raise ConfigError(
            f"{output} is where {pattern!r} finds text: the next time the corpus would be read as "
            "text; choose another --output",
            path=output,
        )


__all__ = ["accepted", "check_inputs_kept", "existing_corpus"]
