"""The text that ids stand for, whatever holds them, and the tokenizer that a manifest names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.errors import CorpusFormatError, TokenizerError, UnavailableName, UnknownName
from corpuskit.numbers import as_whole
from corpuskit.paths import without_folder
from corpuskit.urls import RemotePath

if TYPE_CHECKING:
    from pathlib import Path

    from corpuskit.registry.discovery import Owner
    from corpuskit.tokenizers.base import Tokenizer

_EXPECTED = "whole numbers, or rows of them"


def recorded_tokenizer(
    record: TokenizerRecord, path: Path | RemotePath, *, encoding: str | None = None
) -> Tokenizer:
    """The tokenizer that made a corpus's ids, opened again and compared with the manifest.

    Args:
        record: What the manifest says of it.
        path: Where the corpus is, for errors.
        encoding: Its name, where the manifest holds too little of it.

    Raises:
        CorpusFormatError: If what is installed under its name would give other ids.
        TokenizerError: If the manifest holds too little of it; it opens no path and asks no network.
        UnknownName: If nothing of its name is installed; the message says which distribution had it.
    """
    from corpuskit.tokenizers.opening import open_tokenizer, reopen_tokenizer

    try:
        if record.state is None and encoding is not None:
            tokenizer = open_tokenizer(encoding, added_tokens=record.added_tokens)
        else:
            tokenizer = reopen_tokenizer(record.name, state=record.state, added_tokens=record.added_tokens)
    except UnknownName as error:
        raise _whose(error, record, path) from error
    if tokenizer.fingerprint != record.fingerprint:
        raise CorpusFormatError(
            f"{path}: the installed tokenizer {tokenizer.name!r} is not the one that made the ids: "
            f"its fingerprint begins with {record.fingerprint[:16]!r} there and "
            f"{tokenizer.fingerprint[:16]!r} here; install the version it was prepared "
            "with, or make it again with --overwrite",
            expected=record.fingerprint,
            found=tokenizer.fingerprint,
        )
    return tokenizer


def record_of(tokenizer: Tokenizer, name: str, added_tokens: Sequence[str] = ()) -> TokenizerRecord:
    """A tokenizer as a manifest has it, but for who ships it.

    Args:
        tokenizer: What makes the ids.
        name: What it was opened by; the folder of a file is left out where the record holds the file itself.
        added_tokens: The names of control tokens that its own vocabulary lacks.
    """
    state = tokenizer.state()
    return TokenizerRecord(
        name=name if state is None else without_folder(name),
        vocab_size=int(tokenizer.vocab_size),
        eot_id=as_whole(tokenizer.eot_id),
        fingerprint=tokenizer.fingerprint,
        state=state,
        added_tokens=list(added_tokens),
        distribution=None,
        distribution_version=None,
    )


def distribution_of(owner: Owner) -> dict[str, str]:
    """Whom to ask for a tokenizer again, as fields of its record; nobody where corpuskit has it itself."""
    if owner.is_builtin:
        return {}
    return {"distribution": owner.distribution, "distribution_version": owner.version}


def _whose(error: UnknownName, record: TokenizerRecord, path: Path | RemotePath) -> UnknownName:
    """The same error with the distribution that had the tokenizer, where the manifest says it."""
    if record.distribution is None:
        return error
    remedy = "" if isinstance(error, UnavailableName) else f": pip install {record.distribution}"
    return type(error)(
        f"{path}: its tokenizer {record.name!r} is of {record.distribution} "
        f"{record.distribution_version}{remedy} ({error})",
        expected=record.distribution,
        found=record.name,
    )


def decode(tokenizer: Tokenizer, ids: Any) -> Any:
    """The text of some ids; of rows of ids, a list of texts.

    Args:
        tokenizer: What made the ids.
        ids: An id, ids [N], or rows of them [B, N], as a sequence, an iterator, an array or a tensor.

    Raises:
        TokenizerError: If they are no whole numbers, or one is not in the vocabulary.
    """
    values = ids.tolist() if hasattr(ids, "tolist") else ids
    if isinstance(values, (str, bytes)):
        raise TokenizerError(f"ids must be {_EXPECTED}, found {values!r:.80}", expected=_EXPECTED, found=ids)
    values = [*values] if isinstance(values, Iterable) else [values]
    first = values[0] if values else None
    if getattr(ids, "ndim", 0) > 1 or _is_row(first):
        return [decode(tokenizer, row) for row in values]
    _check(tokenizer, values)
    return tokenizer.decode(values)


def _is_row(value: Any) -> bool:
    """Whether a value holds ids; a tensor without dimensions is one."""
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) > 0


def _check(tokenizer: Tokenizer, values: list[Any]) -> None:
    for value in values:
        number = value if type(value) is int else as_whole(value)
        if number is None:
            raise TokenizerError(
                f"ids must be {_EXPECTED}, found {value!r:.80}", expected=_EXPECTED, found=value
            )
        if not 0 <= number < tokenizer.vocab_size:
            masked = "; -100 marks targets that are left out" if number == -100 else ""
            raise TokenizerError(
                f"tokenizer {tokenizer.name!r}: id {number} is not in the vocabulary, whose ids go from 0 to "
                f"{tokenizer.vocab_size - 1:,}{masked}",
                found=number,
            )


__all__ = ["decode", "distribution_of", "record_of", "recorded_tokenizer"]
