"""What is there already: a corpus that is asked for, another one, or what no corpus may take the place of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, Manifest
from corpuskit.errors import ConfigError
from corpuskit.file_errors import looking_at
from corpuskit.preparation.resolved_config import ResolvedConfig
from corpuskit.preparation.work_folder import is_of_corpus
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.opening import open_tokenizer


def existing_corpus(resolved: ResolvedConfig) -> Corpus | None:
    """The corpus that is in the place, if it is what is asked for.

    Args:
        resolved: What is asked for, and where.

    Raises:
        ConfigError: If something else is there and may not be replaced.
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
        _check_replaceable(output)
        return None
    there = Corpus(output, encoding=resolved.config.encoding)
    corpus = accepted(resolved, there, overwrite=resolved.config.overwrite)
    if corpus is None:
        _check_replaceable(output)
    return corpus


def accepted(resolved: ResolvedConfig, corpus: Corpus, *, overwrite: bool) -> Corpus | None:
    """A corpus, if it is what is asked for; None if it is not, and may be replaced.

    Args:
        resolved: What is asked for.
        corpus: The corpus.
        overwrite: Whether another one may be replaced.

    Raises:
        ConfigError: If it may not be replaced.
    """
    differences = _differences(resolved, corpus.manifest)
    if not differences:
        return corpus
    if overwrite:
        return None
    raise ConfigError(
        f"{corpus.path} holds a corpus that was prepared differently: {'; '.join(differences)}; "
        "choose another --output, or replace it with --overwrite"
    )


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


def _differences(resolved: ResolvedConfig, manifest: Manifest) -> list[str]:
    """What is asked for and not what a manifest says, each as one phrase."""
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
    recorded = [(item.name, item.size_bytes, item.sha256) for item in manifest.inputs]
    if not resolved.source.unchanged(recorded):
        return [f"its inputs have changed since ({resolved.source.changes(recorded)})"]
    if not resolved.tokenizer.spec.pinned:
        # What the name stands for now: a state may hold the tokenizer itself, which would never change.
        found = open_tokenizer(resolved.config.encoding)
        if found.needs_fitting:
            found = open_tokenizer(encoding, state=manifest.tokenizer.state)
        if found.fingerprint != manifest.tokenizer.fingerprint:
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


def _check_replaceable(output: Path) -> None:
    """Refuse a place that a corpus cannot take without something being lost that no corpus has.

    Raises:
        ConfigError: If it is a link, or has files that `prepare` did not make.
    """
    if output.is_symlink():
        raise ConfigError(
            f"{output} is a link to {output.readlink()}, which a corpus would take the place of; give the "
            "folder itself as --output, or delete the link",
            path=output,
        )
    strangers = sorted(entry.name for entry in output.iterdir()) if output.is_dir() else []
    if strangers := [name for name in strangers if not is_of_corpus(name)]:
        raise ConfigError(
            f"{output} holds {strangers[0]!r}, which no corpus has, and --overwrite would delete it; move it "
            "away, or choose another --output",
            path=output,
            found=strangers[0],
        )


__all__ = ["accepted", "check_inputs_kept", "existing_corpus"]
