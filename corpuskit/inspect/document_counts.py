"""What the indexes say of documents: how many are of each input, how long they are, which are the longest."""

from __future__ import annotations

import heapq

import numpy as np

from corpuskit.corpus.index import Index, ends_of
from corpuskit.inspect.document_lengths import LengthCounts


class DocumentCounts:
    """Counts documents by their rows in the indexes.

    Args:
        num_inputs: How many inputs there are.
        long_tokens: Documents of more tokens than this are long.
        top: How many of the longest are remembered.

    Attributes:
        num_documents: Documents so far; they are numbered from 0 over all splits.
        lengths: Their counts by length.
        num_long: Documents of more than `long_tokens` tokens.
        input_tokens: int64[I], tokens of each input's documents.
        input_documents: int64[I], documents of each input.
    """

    def __init__(self, num_inputs: int, *, long_tokens: int, top: int) -> None:
        self.num_documents = self.num_long = 0
        self.lengths = LengthCounts()
        self.input_tokens, self.input_documents = (np.zeros(num_inputs, np.int64) for _ in range(2))
        self._long_tokens, self._top = long_tokens, top
        self._longest: list[tuple[int, int]] = []

    @property
    def longest(self) -> list[int]:
        """The numbers of the longest documents among the long ones, the longest first."""
        return [-number for _, number in self._longest]

    def add(self, rows: Index, last_end: int, num_tokens: int) -> int:
        """Some rows of a shard's index.

        Args:
            rows: uint64[d, 3], d > 0.
            last_end: Where the document before them ends in the shard; negative if before it.
            num_tokens: Tokens in the shard.

        Returns:
            Where the last of them ends.

        Raises:
            ValueError: If they are not in order, or name an input that there is not.
        """
        ends = ends_of(rows).astype(np.int64)
        lengths = np.diff(ends, prepend=last_end)
        if lengths.min() < 0 or ends[-1] > num_tokens:
            raise ValueError(f"document ends are not in order within {num_tokens:,} tokens")
        if (most := int(rows[:, 1].max())) >= len(self.input_tokens):
            raise ValueError(f"names input {most} of {len(self.input_tokens)} inputs")
        inputs = rows[:, 1].astype(np.int64)
        self.lengths.add(lengths)
        self.input_documents += np.bincount(inputs, minlength=len(self.input_documents))
        tokens = np.bincount(inputs, lengths, minlength=len(self.input_tokens))
        self.input_tokens += tokens.astype(np.int64)
        long = np.flatnonzero(lengths > self._long_tokens)
        self.num_long += len(long)
        found = [(int(lengths[at]), -(self.num_documents + int(at))) for at in long]
        self._longest = heapq.nlargest(self._top, [*self._longest, *found])
        self.num_documents += len(rows)
        return int(ends[-1])


__all__ = ["DocumentCounts"]
