"""The tokenizer of another trainer's files: what the user says of it, and what an export of ours says."""

from __future__ import annotations

import codecs
import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.errors import ConfigError, CorpusFormatError, CorpuskitError
from corpuskit.formats.foreign_bytes import mapped, read_json, size_of
from corpuskit.formats.place import FILE_NAME
from corpuskit.paths import user_path
from corpuskit.tokenizers.added_tokens import fingerprint_with, with_added
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import fit_tokenizer, open_tokenizer, reopen_tokenizer

_PIECE_BYTES = 2**20


def tokenizer_of(
    path: Path,
    encoding: str,
    *,
    added_tokens: Sequence[str] = (),
    vocabulary_from: str | os.PathLike[str] | None = None,
) -> tuple[Tokenizer, list[str]]:
    """The tokenizer that made the ids of some files, and the control tokens that are added to it.

    Where the user says nothing of its vocabulary, an `export.json` beside the files is asked.

    Args:
        path: The file or folder of the ids.
        encoding: The tokenizer's name.
        added_tokens: The names of the control tokens behind its last id, in order.
        vocabulary_from: The text that its vocabulary was made from, if it is made from text.

    Raises:
        UnknownName: If there is no such tokenizer.
        ConfigError: If its vocabulary is made from text, and nobody says which; or is not, and one is named.
        CorpusFormatError: If the text is not there.
        StorageError: If the text cannot be read.
        TokenizerError: If the tokenizer cannot be opened, or a name is empty or taken.
    """
    if isinstance(added_tokens, str):
        raise ConfigError(
            f"added_tokens: expected a list of names, found {added_tokens!r:.80}; put it into brackets",
            found=added_tokens,
        )
    tokenizer, names = open_tokenizer(encoding), list(added_tokens)
    exported = _exported(path)
    if tokenizer.needs_fitting:
        if vocabulary_from is not None:
            fit_tokenizer(tokenizer, _texts(vocabulary_from), name=encoding)
        else:
            tokenizer = _as_exported(exported, path, encoding)
    elif vocabulary_from is not None:
        raise ConfigError(
            f"--vocabulary-from: {encoding} has a vocabulary of its own; leave it out", found=vocabulary_from
        )
    said = [] if exported is None else exported.added_tokens
    if exported and not names and fingerprint_with(tokenizer.fingerprint, said) == exported.fingerprint:
        names = said
    return with_added(tokenizer, names), names


def _exported(path: Path) -> TokenizerRecord | None:
    """What the `export.json` of a folder says of the tokenizer; None if there is none, or it is damaged."""
    folder = path if path.is_dir() else path.parent
    with contextlib.suppress(CorpuskitError, LookupError, TypeError, ValueError):
        return TokenizerRecord.model_validate(read_json(folder / FILE_NAME)["tokenizer"])
    return None


def _as_exported(record: TokenizerRecord | None, path: Path, encoding: str) -> Tokenizer:
    """The tokenizer with the vocabulary that an export has.

    Raises:
        ConfigError: If it does not have one.
    """
    if record is None or record.name != encoding or record.state is None:
        raise ConfigError(
            f"--encoding {encoding}: its vocabulary is made from text, and {path} does not have it; name the "
            "text that the ids were made of with --vocabulary-from FILE",
            found=encoding,
        )
    return reopen_tokenizer(encoding, state=record.state)


def _texts(file: str | os.PathLike[str]) -> Iterator[bytes]:
    """A file of text, a piece at a time.

    Raises:
        ConfigError: If it is no UTF-8.
    """
    path = user_path(file, what="--vocabulary-from")
    try:
        data = mapped(path, 0, size_of(path))
    except CorpusFormatError as error:
        reason = str(error).partition("; ")[0]
        raise CorpusFormatError(
            f"--vocabulary-from {reason}; name the text that the ids were made of", path=path
        ) from error
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _PIECE_BYTES):
        piece = data[start : start + _PIECE_BYTES].tobytes()
        try:
            yield decoder.decode(piece, final=start + len(piece) == len(data)).encode()
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"--vocabulary-from {path}: it is no text in UTF-8 ({error.reason} near byte "
                f"{start + error.start:,}); name the text that the ids were made of",
                path=path,
            ) from error


__all__ = ["tokenizer_of"]
