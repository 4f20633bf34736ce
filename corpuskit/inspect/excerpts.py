"""What `corpuskit show` shows: tokens, documents and rows of batches, and which documents they are of."""

from __future__ import annotations

import dataclasses
import importlib.util
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.batches.segments import IGNORED
from corpuskit.batches.stream import Piece
from corpuskit.batches.trace import Trace
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError
from corpuskit.inspect.grep import Match
from corpuskit.samplers.counter import hash_words

#: Padding reads as this id in x.
_PADDING_ID = 0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """Tokens to look at.

    Args:
        ids: Their ids, without padding.
        pieces: The documents that they are of, in order.
        title: What they are called where there are several; empty if they need no name.
        masked: Whether the target of each is masked; None if there are no targets.
        found: The first and the last place (exclusive) of what was looked for.
        padding: How many ids of padding come after them.
        row: Their row in a batch, and its sample; None if they are none.
        fields: The kept fields of their one document; empty where there are none, or several documents.
    """

    ids: NDArray[np.integer[Any]]
    pieces: tuple[Piece, ...]
    title: str = ""
    masked: NDArray[np.bool_] | None = None
    found: tuple[int, int] | None = None
    padding: int = 0
    row: tuple[int, int] | None = None
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def all_ids(self) -> list[int]:
        """The ids with their padding."""
        return [*self.ids.tolist(), *[_PADDING_ID] * self.padding]

    def to_json(self, text: str) -> dict[str, Any]:
        """The excerpt as a JSON value, with its text."""
        known: dict[str, Any] = {}
        if self.row is not None:
            known["row"], known["sample"] = self.row
        if self.masked is not None and self.masked.any():
            known["masked"] = np.flatnonzero(self.masked).tolist()
        if self.found is not None:
            known["found"] = [*self.found]
        if self.fields:
            known["fields"] = dict(self.fields)
        pieces = [piece.to_json() for piece in self.pieces]
        return {"ids": self.all_ids(), "text": text, **known, "pieces": pieces}


def of_tokens(split: Split, at: int, count: int) -> Excerpt:
    """Some tokens.

    Args:
        split: The split.
        at: The first of them, counted from 0.
        count: How many, as far as there are so many.

    Raises:
        ConfigError: If there is none.
    """
    if not len(split):
        raise ConfigError(f"split {split.name!r} is empty; choose another with --split")
    if at >= len(split):
        raise ConfigError(f"--at {at}: split {split.name!r} has {len(split):,} tokens")
    ids = split[at : at + count]
    return Excerpt(ids, tuple(split.pieces(at, at + len(ids))))


def of_document(split: Split, number: int) -> Excerpt:
    """A whole document.

    Args:
        split: The split.
        number: The document's number, counted from 0.

    Raises:
        ConfigError: If there is no such document.
    """
    if number >= split.num_documents:
        raise ConfigError(f"--document {number}: split {split.name!r} has {split.num_documents:,} documents")
    piece = split.document_piece(number)
    return Excerpt(split.document(number), (piece,), fields=known_fields(split, number))


def random_number(split: Split, seed: int | None) -> int:
    """The number of a random document.

    Args:
        split: The split.
        seed: Any integer makes it the same one each time.

    Raises:
        ConfigError: If there are no documents.
    """
    if not split.num_documents:
        raise ConfigError(f"split {split.name!r} has no documents; choose another with --split")
    if seed is None:
        return random.randrange(split.num_documents)
    high, low = hash_words("show", seed, words=2)
    return (high << 64 | low) % split.num_documents


def of_match(split: Split, match: Match, count: int) -> Excerpt:
    """A document with what was found in it.

    Args:
        split: The split.
        match: What was found.
        count: Of a longer document, so many tokens around it.
    """
    whole = split.document_piece(match.document)
    before = max(0, count - (match.stop - match.start)) // 2
    start = max(whole.start, min(match.start - before, whole.stop - count))
    stop = min(whole.stop, start + count)
    inside = (match.start - start, min(match.stop, stop) - start)
    piece = dataclasses.replace(whole, start=start, stop=stop)
    fields = known_fields(split, match.document)
    return Excerpt(split[start:stop], (piece,), called(piece), found=inside, fields=fields)


def known_fields(split: Split, number: int) -> dict[str, Any]:
    """A document's kept fields that have a value, as far as they can be read here: pyarrow reads them.

    Args:
        split: The split.
        number: The document's number.

    Raises:
        CorpusFormatError: If their file is damaged.
    """
    if importlib.util.find_spec("pyarrow") is None:
        return {}
    return {name: value for name, value in split.document_fields(number).items() if value is not None}


def of_batch(trace: Trace, block_size: int) -> Iterator[Excerpt]:
    """The rows of a batch.

    Args:
        trace: Where they are from.
        block_size: T, tokens in a row.
    """
    for row in trace.rows:
        yield Excerpt(
            row.x,
            row.pieces,
            f"row {row.row}",
            masked=row.y == IGNORED,
            padding=block_size - len(row.x),
            row=(row.row, row.sample),
        )


def called(piece: Piece, *, most: int | None = None) -> str:
    """What a piece of a document is called: its number, its input, and which tokens of it there are.

    Args:
        piece: The piece.
        most: About how many characters there is room for; of a long input's name the end is kept.
    """
    length, number = piece.document_stop - piece.document_start, f"document {piece.document:,}"
    first = piece.start - piece.document_start
    last, is_whole = first + piece.stop - piece.start, piece.stop - piece.start == length
    part = "" if is_whole else f", tokens {first:,} to {last:,} of {length:,}"
    name = piece.input
    if most is not None and len(name) > (room := max(most - len(number) - len(part) - 2, 8)):
        name = f"…{name[1 - room :]}"
    return f"{number}, {name}{part}" if name else f"{number}{part}"


__all__ = ["Excerpt", "called", "of_batch", "of_document", "of_match", "of_tokens", "random_number"]
