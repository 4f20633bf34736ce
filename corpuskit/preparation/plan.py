"""The plan: an ordered list of parts, each of which makes its shards alone.

A plan follows from the inputs and the options, and from nothing else. In particular the size of a part
follows from the size of the corpus, never from the number of workers, so that the result is the same
whatever does the work.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from corpuskit.sources.base import Input, Slice

#: A part is about a 4,096th of the corpus, within these bounds: a 200 MB file still fills many cores, and
#: ten terabytes still make a few thousand parts.
_PARTS = 4096
_MIN_PART_BYTES = 16 * 2**20
#: What a stopped run loses is up to a part in each process: a second's work, also of a slow tokenizer.
_MIN_SLOW_PART_BYTES = 4 * 2**20
_MAX_PART_BYTES = 4 * 2**30


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A slice of one input, and the split that all of it goes to (None: each document finds its own)."""

    input: int
    slice: Slice
    split: str | None

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {"input": self.input, "slice": fields_of(self.slice), "split": self.split}


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A unit of work: pieces that are read one after the other."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def size_bytes(self) -> int:
        """About how much there is to read."""
        return sum(piece.slice.size_bytes for piece in self.pieces)

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        return {"number": self.number, "pieces": [piece.to_json() for piece in self.pieces]}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done, and the identity of its result.

    Args:
        inputs: The inputs in order.
        parts: The parts in order.
        request: What was asked for, as the manifest records it: dataset, tokenizer, options.
        versions: Of the software that makes the parts, by distribution.
    """

    inputs: tuple[Input, ...]
    parts: tuple[Part, ...]
    request: dict[str, Any]
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @cached_property
    def size_bytes(self) -> int:
        """About how much there is to read."""
        return sum(part.size_bytes for part in self.parts)

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over everything that shapes the result's bytes."""
        inputs = [[i.name, i.size_bytes, i.sha256 or i.version, i.split, i.member] for i in self.inputs]
        parts = [part.to_json() for part in self.parts]
        text = json.dumps([self.request, inputs, parts, self.versions], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def fields_of(value: Any) -> dict[str, Any]:
    """A flat dataclass as a dict: what `dataclasses.asdict` gives, a tenth of the time."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def part_bytes_for(total_bytes: int, *, fast: bool = True) -> int:
    """About how large a part of a corpus of this size is.

    Args:
        total_bytes: The size of all inputs.
        fast: Whether the tokenizer is fast by its name; what is installed must not change a byte.
    """
    least = _MIN_PART_BYTES if fast else _MIN_SLOW_PART_BYTES
    return min(max(total_bytes // _PARTS, least), _MAX_PART_BYTES)


def group(pieces: Sequence[Piece], *, part_bytes: int) -> tuple[Part, ...]:
    """Parts of about `part_bytes` each from pieces in order: small ones share a part."""
    parts: list[Part] = []
    current: list[Piece] = []
    size = 0
    for piece in pieces:
        if current and size + piece.slice.size_bytes > part_bytes:
            parts.append(Part(len(parts), tuple(current)))
            current, size = [], 0
        current.append(piece)
        size += piece.slice.size_bytes
    if current:
        parts.append(Part(len(parts), tuple(current)))
    return tuple(parts)
