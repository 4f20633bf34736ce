"""Which documents occur more than once, from their hashes, in bounded memory."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.corpus.document_hashes import Hashes


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Documents with one content.

    Args:
        copies: How many there are.
        num_tokens: The tokens of each.
        first: The numbers of the first of them.
    """

    copies: int
    num_tokens: int
    first: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Groups:
    """All contents that occur more than once; fields as those of `stats_records.Duplicates`.

    Args:
        num_groups: Different contents that occur more than once.
        num_documents: Documents that have an earlier copy.
        num_tokens: The tokens of these.
        leaked: Those of them that are not of the first split while the first copy is.
        worst: The groups whose later copies have the most tokens.
        sampled: How many times as many there are as were looked at.
    """

    num_groups: int
    num_documents: int
    num_tokens: int
    leaked: int
    worst: tuple[Group, ...]
    sampled: int


class DuplicateFinder:
    """Keeps the hashes of documents: of all while they are few, else of those that begin with zeros.

    Whether a document is kept depends on its content alone, so all copies of it are kept or none: a share
    among those that are kept is an unbiased estimate of the share among all.

    Args:
        most: How many hashes are kept at most, at 32 bytes each; half of that when it was reached.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._columns: tuple[list[NDArray[np.uint64]], ...] = ([], [], [], [])
        self._num_kept = 0
        self._zeros = 0

    def add(self, hashes: Hashes, numbers: Ints, lengths: Ints) -> None:
        """Some documents.

        Args:
            hashes: uint64[d, 2], their hashes.
            numbers: int64[d], their numbers, ascending over all calls.
            lengths: int64[d], their tokens.
        """
        rows: list[NDArray[np.uint64]] = [*hashes.T, numbers.astype(np.uint64), lengths.astype(np.uint64)]
        if self._zeros:
            kept = self._is_kept(rows[0])
            rows = [row[kept] for row in rows]
        for column, row in zip(self._columns, rows, strict=True):
            column.append(np.ascontiguousarray(row))
        self._num_kept += len(rows[0])
        while self._num_kept > self._most and self._zeros < 63:
            self._zeros += 1
            kept = self._is_kept(_joined(self._columns[0]))
            for column in self._columns:
                column[:] = [_joined(column)[kept]]
            self._num_kept = int(np.count_nonzero(kept))

    def _is_kept(self, first_half: NDArray[np.uint64]) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = first_half < np.uint64(1 << (64 - self._zeros))
        return kept

    def groups(self, *, first_split: int, top: int, examples: int) -> Groups:
        """What was found.

        Args:
            first_split: How many documents the first split has; its numbers come first.
            top: How many groups are named at most.
            examples: How many documents are named of each at most.
        """
        high, low = _joined(self._columns[0]), _joined(self._columns[1])
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        del high, low
        starts = np.flatnonzero(is_new)
        copies = np.diff(np.append(starts, len(order)))
        starts, copies = starts[copies > 1], copies[copies > 1]
        numbers = _joined(self._columns[2])[order].astype(np.int64)
        lengths = _joined(self._columns[3])[order[starts]].astype(np.int64)
        wasted = (copies - 1) * lengths
        scale = 1 << self._zeros
        worst = np.lexsort((numbers[starts], -wasted))[:top].tolist()
        return Groups(
            num_groups=len(starts) * scale,
            num_documents=int((copies - 1).sum()) * scale,
            num_tokens=int(wasted.sum()) * scale,
            leaked=_leaked(numbers, starts, copies, first_split) * scale,
            worst=tuple(
                Group(
                    int(copies[group]),
                    int(lengths[group]),
                    tuple(numbers[starts[group] : starts[group] + min(copies[group], examples)].tolist()),
                )
                for group in worst
            ),
            sampled=scale,
        )


def _leaked(numbers: Ints, starts: Ints, copies: Ints, first_split: int) -> int:
    """How many documents after the first split are in groups that begin in it."""
    after = np.concatenate(([0], np.cumsum(numbers >= first_split)))
    begins_before = numbers[starts] < first_split
    return int((after[starts + copies] - after[starts])[begins_before].sum())


def _joined(arrays: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The arrays as one, which takes their place."""
    if len(arrays) != 1:
        arrays[:] = [np.concatenate(arrays) if arrays else np.empty(0, np.uint64)]
    return arrays[0]


__all__ = ["DuplicateFinder", "Group", "Groups"]
