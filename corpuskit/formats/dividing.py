"""How a split becomes several files: where one ends, and what goes into each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.formats.export import Export

#: The one name of a split that trainers call otherwise.
_NAMES = {"valid": "val"}


def short_name(split: str) -> str:
    """A split's name as most trainers have it: "valid" is val."""
    return _NAMES.get(split, split)


def even_bounds(num_tokens: int, shard_tokens: int) -> list[int]:
    """Offsets of files of one size, give or take a token, of at most so many tokens."""
    num_files = -(-num_tokens // shard_tokens)
    return [num_tokens * number // num_files for number in range(num_files + 1)]


def row_bounds(num_tokens: int, block_size: int, shard_tokens: int) -> list[int]:
    """Offsets of files of whole rows.

    Args:
        num_tokens: Tokens in all; at least a row.
        block_size: Tokens in a row.
        shard_tokens: The most tokens in a file, which has at least one row.

    Returns:
        Offsets, 0 first. The last is of the last whole row's end: what fills none is behind it.
    """
    num_rows, rows = num_tokens // block_size, max(shard_tokens // block_size, 1)
    return [row * block_size for row in [*range(0, num_rows, rows), num_rows]]


def document_bounds(export: Export, split: str, shard_tokens: int | None) -> tuple[list[int], list[int]]:
    """Where files end that no document crosses.

    Args:
        export: The export.
        split: The split's name.
        shard_tokens: The most tokens in a file; a document that is longer is a file of its own. None is one
            file.

    Returns:
        The files' bounds in tokens, and the same in documents: 0 first, then each file's end.
    """
    tokens, documents = [0], [0]
    num_documents = last_end = 0
    for ends in export.document_ends(split):
        while shard_tokens is not None:
            first = int(np.searchsorted(ends, tokens[-1], side="right"))  # the first with tokens of this file
            if first == len(ends):
                break
            reach = last_end if last_end > tokens[-1] else int(ends[first])  # one document always fits
            fits = int(np.searchsorted(ends, max(tokens[-1] + shard_tokens, reach), side="right"))
            if fits == len(ends):
                break
            tokens.append(int(ends[fits - 1]) if fits else last_end)
            documents.append(num_documents + fits)
        num_documents, last_end = num_documents + len(ends), int(ends[-1])
    tokens.append(last_end)
    documents.append(num_documents)
    return tokens, documents


def divided(pieces: Iterator[NDArray[Any]], bounds: Sequence[int]) -> Iterator[Iterator[NDArray[Any]]]:
    """What is between each bound and the next; each is to be read to its end before the next is asked for.

    Args:
        pieces: One-dimensional arrays, one after another.
        bounds: Offsets in all of them together, ascending, 0 first. What is behind the last is read, too.

    Yields:
        The pieces of one part, cut where they go across a bound.
    """
    rest: NDArray[Any] | None = None

    def part(length: int) -> Iterator[NDArray[Any]]:
        nonlocal rest
        while length:
            if rest is None or not len(rest):
                rest = next(pieces)
            piece, rest = rest[:length], rest[length:]
            length -= len(piece)
            yield piece

    for start, stop in itertools.pairwise(bounds):
        yield part(stop - start)
    for _ in pieces:
        pass  # it is compared with the manifest


__all__ = ["divided", "document_bounds", "even_bounds", "row_bounds", "short_name"]
