"""The plan: an ordered list of parts, each of which makes its shards alone; and making it.

A plan follows from the inputs and the options, and from nothing else. In particular the size of a part
follows from the size of the corpus, never from the number of workers, so that the result is the same
whatever does the work.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.preparation.recipe import Recipe
from corpuskit.preparation.split_rule import SplitRule
from corpuskit.sources.base import Input, Slice, Source
from corpuskit.sources.plain_text import PlainText
from corpuskit.tokenizers.base import Tokenizer

#: A part is about a 4,096th of the corpus, within these bounds: a 200 MB file still fills many cores, and
#: ten terabytes still make a few thousand parts.
_PARTS = 4096
_MIN_PART_BYTES = 16 * 2**20
#: What a stopped run loses is up to a part in each process: a second's work, also of a slow tokenizer.
_MIN_SLOW_PART_BYTES = 4 * 2**20
_MAX_PART_BYTES = 4 * 2**30
#: How much text before a wished cut is searched for a place where the ids allow one.
_WINDOW_BYTES = 64 * 2**10


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
        recipe: What the corpus is made with.
        versions: The versions of the software that makes the parts, by distribution.
    """

    inputs: tuple[Input, ...]
    parts: tuple[Part, ...]
    recipe: Recipe
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
        text = json.dumps([self.recipe.to_json(), inputs, parts, self.versions], sort_keys=True)
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


def make_plan(
    source: Source,
    inputs: Sequence[Input],
    rule: SplitRule,
    tokenizer: Tokenizer,
    *,
    recipe: Recipe,
    versions: Mapping[str, str],
) -> Plan:
    """Plan the preparation of inputs.

    Args:
        source: The source of the inputs.
        inputs: The inputs in order.
        rule: How documents find their split.
        tokenizer: Says where a long document may be cut.
        recipe: What the corpus is made with; says about how large a part is.
        versions: The versions of the software that makes the parts, by distribution.

    Raises:
        ConfigError: If the rule cannot be applied to these inputs.
    """
    part_bytes = recipe.options.part_bytes
    slices = [
        (number, each)
        for number, item in enumerate(inputs)
        for each in source.slices(item, target_bytes=part_bytes)
    ]
    if rule.kind == "characters":
        pieces = list(_by_characters(source, inputs, slices, rule))
    else:
        pieces = [Piece(number, each, _split(rule, inputs[number])) for number, each in slices]
    if rule.kind != "documents":
        pieces = [small for piece in pieces for small in _cut(source, inputs, piece, tokenizer, part_bytes)]
    return Plan(tuple(inputs), group(pieces, part_bytes=part_bytes), recipe, versions)


def _split(rule: SplitRule, item: Input) -> str | None:
    if rule.kind == "documents":
        return None
    return (item.split or "train") if rule.kind == "given" else "train"


def _by_characters(
    source: Source, inputs: Sequence[Input], slices: Sequence[tuple[int, Slice]], rule: SplitRule
) -> Iterator[Piece]:
    """Pieces of which the first so many characters are train and the rest is valid, as nanoGPT cuts."""
    (valid, fraction) = rule.fractions[0]
    texts = [_plain_text(source, item) for item in inputs]
    counts = [text.count_characters() for text in texts]
    left = int((1 - fraction) * sum(counts))
    cut_input, offset = len(inputs), 0
    for number, count in enumerate(counts):
        if left < count:
            cut_input, offset = number, texts[number].character_offset(left)
            break
        left -= count
    for number, each in slices:
        if number < cut_input or (number == cut_input and each.stop is not None and each.stop <= offset):
            yield Piece(number, each, "train")
        elif number > cut_input or each.start >= offset:
            yield Piece(number, each, valid)
        else:
            head_bytes = min(offset - each.start, each.size_bytes)
            yield Piece(number, dataclasses.replace(each, stop=offset, size_bytes=head_bytes), "train")
            tail_bytes = each.size_bytes - head_bytes
            tail = dataclasses.replace(each, start=offset, size_bytes=tail_bytes, document_start=offset)
            yield Piece(number, tail, valid)


def _plain_text(source: Source, item: Input) -> PlainText:
    """What an input's characters are counted with.

    Raises:
        ConfigError: If it is not plain text.
    """
    text = source.plain_text(item)
    if text is None:
        raise ConfigError(
            f"--split characters: {source.name} is not plain text; split it by document, "
            "for example with --split valid=0.1"
        )
    return text


def _cut(
    source: Source, inputs: Sequence[Input], piece: Piece, tokenizer: Tokenizer, part_bytes: int
) -> Iterator[Piece]:
    """A piece that is one long document, in pieces that can be encoded on their own."""
    whole, item = piece.slice, inputs[piece.input]
    start = whole.start
    stop = item.size_bytes if whole.stop is None else whole.stop
    text = source.plain_text(item)
    if text is None or not text.is_one_document:
        yield piece
        return
    while stop - start > part_bytes:
        at = start + part_bytes
        window = text.window(max(start, at - _WINDOW_BYTES), at)
        cut = tokenizer.boundary(window, len(window))
        if not cut:
            break
        cut += at - len(window)
        yield dataclasses.replace(
            piece,
            slice=Slice(start, cut, cut - start, document_start=whole.document_start, ends_document=False),
        )
        start = cut
    yield dataclasses.replace(piece, slice=dataclasses.replace(whole, start=start, size_bytes=stop - start))
