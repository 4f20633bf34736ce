"""What a sample of a corpus holds: places, and the groups of pieces that they are in."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from corpuskit.preparation.plan import Piece
from corpuskit.sources.document_batch import DocumentBatch


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How much a sample may take.

    Args:
        read_bytes: Stored bytes that are read; a corpus that is no larger is read to its end.
        text_bytes: Text that is read: compressed files may hold many times their size.
        encode_bytes: Text that is encoded; a corpus that is no larger is encoded whole.
        places: How many places the text that is encoded is from, at least.
        files: How many files are opened.
    """

    read_bytes: int = 64 * 2**20
    text_bytes: int = 512 * 2**20
    encode_bytes: int = 4 * 2**20
    places: int = 64
    files: int = 2000


#: What is used where nothing else is asked for.
LIMITS = Limits()


@dataclasses.dataclass(slots=True)
class Place:
    """What was found in one place.

    Args:
        weight: For how many stored bytes of its group the place stands.
        nominal_bytes: How many stored bytes it is itself.
        read_bytes: How many the documents that start in it have.
        records: How many records start in it, where that is known.
        text_bytes: Their text.
        num_documents: How many there are.
        squared_bytes: The sum of the squares of their sizes.
        field_bytes: Their kept fields, on disk.
        encoded_bytes: The text that was encoded.
        num_tokens: Its ids, without ends of text.
        read_s: Seconds for reading the place.
        encode_s: Seconds for encoding that text.
    """

    weight: float = 0.0
    nominal_bytes: float = 0.0
    read_bytes: float = 0.0
    records: float | None = None
    text_bytes: int = 0
    num_documents: int = 0
    squared_bytes: int = 0
    field_bytes: int = 0
    encoded_bytes: int = 0
    num_tokens: int = 0
    read_s: float = 0.0
    encode_s: float = 0.0

    def add(self, other: Place) -> None:
        """Add what was found elsewhere."""
        self.records = (
            None if self.records is other.records is None else (self.records or 0) + (other.records or 0)
        )
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_SUMS = (
    *("text_bytes", "num_documents", "squared_bytes", "field_bytes"),
    *("encoded_bytes", "num_tokens", "read_s", "encode_s"),
)


@dataclasses.dataclass(slots=True)
class Group:
    """Pieces of the plan that are read alike, and what was found in some of them.

    Args:
        key: The format, the compression and the split that they have in common.
        pieces: The pieces.
        places: What was found, in order.
        unread: The share of the group of which nothing like it was read: beyond the beginnings of files.
        whole: Whether all of it was read.
        files: The inputs that were looked into.
        has_loss: Whether its tokens have a loss stream beside them.
    """

    key: tuple[str, str, str | None]
    pieces: list[Piece] = dataclasses.field(default_factory=list)
    places: list[Place] = dataclasses.field(default_factory=list)
    unread: float = 0.0
    whole: bool = False
    files: set[int] = dataclasses.field(default_factory=set)
    has_loss: bool = False

    @property
    def size_bytes(self) -> int:
        """The stored bytes of the pieces; of what stores none, at least one each."""
        return sum(stored_bytes(piece) for piece in self.pieces)

    @property
    def split(self) -> str | None:
        """The split that all of it goes to, or None."""
        return self.key[2]

    def column(self, name: str) -> NDArray[np.float64]:
        """A field of all places, as float64[P]."""
        return np.array([getattr(place, name) for place in self.places], np.float64)

    def merge_empty(self) -> None:
        """Put what was found at places of no size with the place before: stored bytes are read ahead."""
        merged: list[Place] = []
        for place in self.places:
            if merged and not place.nominal_bytes:
                merged[-1].add(place)
            else:
                merged.append(place)
        self.places = merged


def stored_bytes(piece: Piece) -> int:
    """The size of a piece, at least 1."""
    return max(piece.slice.size_bytes, 1)


def field_bytes(batch: DocumentBatch) -> int:
    """About how much the kept fields of some documents take on disk."""
    return sum(
        4 + len(value.encode()) if isinstance(value, str) else 8
        for values in (batch.fields or {}).values()
        for value in values
    )


__all__ = ["LIMITS", "Group", "Limits", "Place", "field_bytes", "stored_bytes"]
