"""Making a plan: which slices there are, which split each goes to, and how they are grouped into parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.preparation.plan import Piece, Plan, group
from corpuskit.preparation.split_rule import SplitRule
from corpuskit.sources.base import Input, Slice, Source
from corpuskit.sources.plain_text import PlainText
from corpuskit.tokenizers.base import Tokenizer

#: How much text before a wished cut is searched for a place where the ids allow one.
_WINDOW_BYTES = 64 * 2**10


def make_plan(
    source: Source,
    inputs: Sequence[Input],
    rule: SplitRule,
    tokenizer: Tokenizer,
    *,
    part_bytes: int,
    request: dict[str, Any],
    versions: Mapping[str, str],
) -> Plan:
    """Plan the preparation of inputs.

    Args:
        source: The source of the inputs.
        inputs: The inputs in order.
        rule: How documents find their split.
        tokenizer: Says where a long document may be cut.
        part_bytes: About how much text a part has.
        request: What was asked for, as the manifest records it.
        versions: Of the software that makes the parts, by distribution.

    Raises:
        ConfigError: If the rule cannot be applied to these inputs.
    """
    slices = [
        (number, part)
        for number, item in enumerate(inputs)
        for part in source.slices(item, target_bytes=part_bytes)
    ]
    if rule.kind == "characters":
        pieces = list(_by_characters(source, inputs, slices, rule))
    else:
        pieces = [Piece(number, part, _split(rule, inputs[number])) for number, part in slices]
    if rule.kind != "documents":
        pieces = [small for piece in pieces for small in _cut(source, inputs, piece, tokenizer, part_bytes)]
    return Plan(tuple(inputs), group(pieces, part_bytes=part_bytes), request, versions)


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
    for number, part in slices:
        if number < cut_input or (number == cut_input and part.stop is not None and part.stop <= offset):
            yield Piece(number, part, "train")
        elif number > cut_input or part.start >= offset:
            yield Piece(number, part, valid)
        else:
            head_bytes = min(offset - part.start, part.size_bytes)
            yield Piece(number, dataclasses.replace(part, stop=offset, size_bytes=head_bytes), "train")
            tail_bytes = part.size_bytes - head_bytes
            tail = dataclasses.replace(part, start=offset, size_bytes=tail_bytes, document_start=offset)
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
    part, item = piece.slice, inputs[piece.input]
    start = part.start
    stop = item.size_bytes if part.stop is None else part.stop
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
            slice=Slice(start, cut, cut - start, document_start=part.document_start, ends_document=False),
        )
        start = cut
    yield dataclasses.replace(piece, slice=dataclasses.replace(part, start=start, size_bytes=stop - start))
