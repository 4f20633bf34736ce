"""Whose each target of a batch is: of which corpus of a mixture, or of which value of a kept field."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.near import hint
from corpuskit.ranges import ranges

#: The number of what is no target of any document.
UNLABELLED = -1


@dataclasses.dataclass(frozen=True)
class Labels:
    """The label of each target of a batch.

    Args:
        names: What the labels are called, each once; None is what documents have that have no value.
        ids: int32 (B, T), an array, or a tensor on the batch's device: at the places of y, the number of the
            target's label in `names`, or -1 in padding and where a target is not asked for because its
            document was not selected.

    Example:
        >>> labels = Labels(("web", "books"), np.array([[0, 0, 1]]))
        >>> [labels.names[number] for number in labels.ids[0]]
        ['web', 'web', 'books']
    """

    names: tuple[str | None, ...]
    ids: Any

    def map(self, change: Callable[[Any], Any]) -> Labels:
        """The same with another array or tensor of the same numbers."""
        return dataclasses.replace(self, ids=change(self.ids))


class LabelRuns:
    """The labels of a stream's tokens: neighbouring ones that have the same label are one run.

    Args:
        names: What the labels are called.
        ends: int64[R], ascending: where the runs end in the stream; the last is its end.
        codes: int32[R], the number of each one's label, or -1: a label of its own, which is called None.
    """

    def __init__(self, names: tuple[str, ...], ends: Ints, codes: NDArray[np.int32]) -> None:
        last = np.ones(len(ends), np.bool_)
        last[:-1] = codes[1:] != codes[:-1]
        self._ends, self._codes = ends[last], codes[last]
        self._starts = np.concatenate((np.zeros(1, np.int64), self._ends[:-1]))
        self.names: tuple[str | None, ...] = names
        if (self._codes < 0).any():
            self.names = (*names, None)
            self._codes = np.where(self._codes < 0, len(names), self._codes).astype(np.int32)

    def of(self, starts: Ints, places: Ints, shape: tuple[int, int]) -> Labels:
        """The labels of a batch whose targets are spans of the stream, one after another.

        Args:
            starts: int64[m], where the targets start in the stream; -1 where there are none.
            places: int64[m], how many places each span has, 0 or more; B * T in all.
            shape: (B, T).
        """
        is_target = (starts >= 0) & (places > 0)
        starts, stops = starts[is_target], (starts + places)[is_target]
        order = np.argsort(starts)  # searching in order takes a third of the time, sorting included
        low, counts = np.empty_like(starts), np.empty_like(starts)
        low[order] = np.searchsorted(self._ends, starts[order], side="right")
        counts[order] = np.searchsorted(self._ends, stops[order] - 1, side="right") + 1
        counts -= low
        runs = ranges(low, counts)
        lengths = np.minimum(np.repeat(stops, counts), self._ends[runs])
        lengths -= np.maximum(np.repeat(starts, counts), self._starts[runs])
        ids = np.repeat(self._codes[runs], lengths)
        if not is_target.all():
            found = np.repeat(is_target, places)
            ids, some = np.full(len(found), UNLABELLED, np.int32), ids
            ids[found] = some
        return Labels(self.names, ids.reshape(shape))


def label_runs(stream: TokenStream, labels: bool | str) -> LabelRuns:
    """The labels of a stream's tokens.

    Args:
        stream: The stream.
        labels: True for those of its corpora, or the name of a kept field of its documents.

    Raises:
        ConfigError: If no documents have such a field, or it has too many different values.
    """
    if not isinstance(labels, str):
        codes = np.arange(len(stream.names), dtype=np.int32)
        return LabelRuns(stream.names, stream.corpus_ends, codes)
    if labels not in (known := stream.field_names):
        there = hint(labels, known) if known else "it keeps none; prepare it with --keep"
        raise ConfigError(
            f"labels = {labels!r:.80}: the documents of split {stream.name!r} have no such field; {there}",
            expected=known,
            found=labels,
        )
    names, codes = stream.document_labels(labels)
    ends = stream.document_ends()
    if (int(ends[-1]) if len(ends) else 0) < stream.num_tokens:  # tokens that no document ends
        ends, codes = np.append(ends, stream.num_tokens), np.append(codes, np.int32(UNLABELLED))
    has_any = np.diff(ends, prepend=0) > 0
    return LabelRuns(names, ends[has_any], codes[has_any])


__all__ = ["UNLABELLED", "LabelRuns", "Labels", "label_runs"]
