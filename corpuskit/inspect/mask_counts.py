"""How many tokens are targets to be learned, as the loss stream says, and which documents have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus import scan
from corpuskit.corpus.index import ends_of
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.value_streams import LOSS


class MaskCounts:
    """Counts the targets of splits, shard by shard, and their documents without any.

    A document without tokens is not counted: it is empty.

    Args:
        top: How many documents without a target are remembered.

    Attributes:
        num_targets: Targets of each split with a loss stream, by its name.
        num_untrained: Documents with tokens and without a target.
        untrained: The numbers of the first of them; documents are numbered from 0 over all splits.
    """

    def __init__(self, *, top: int) -> None:
        self.num_targets: dict[str, int] = {}
        self.num_untrained = 0
        self.untrained: list[int] = []
        self._top = top
        self._open = (0, 0)  # tokens and targets of the document that goes on

    def add(
        self,
        split: Split,
        number: int,
        record: ShardRecord,
        first_document: int,
        on_mismatch: scan.OnMismatch,
    ) -> None:
        """Count one shard; those of a split come in order.

        Args:
            split: The split.
            number: The shard's number in it.
            record: What the manifest says of the shard.
            first_document: The number of the first document that ends in it.
            on_mismatch: Called where its bytes are not those that were prepared.
        """
        if LOSS not in split.streams:
            return
        if not number:
            self._open = (0, 0)
        ends = ends_of(split.index(number)).astype(np.int64)
        at = done = found = 0
        for items in scan.stream(split, number, record, LOSS, on_mismatch):
            stop = int(np.searchsorted(ends, at + len(items), side="right"))
            self._add(items != 0, ends[done:stop] - at, first_document + done)
            found += int(np.count_nonzero(items))
            at, done = at + len(items), stop
        self.num_targets[split.name] = self.num_targets.get(split.name, 0) + found

    def _add(self, learned: NDArray[np.bool_], ends: NDArray[np.int64], first: int) -> None:
        """Whether the next tokens are learned, and where documents end among them."""
        before = np.concatenate(([0], np.cumsum(learned, dtype=np.int64)))
        edges = np.concatenate(([0], ends, [len(learned)]))
        tokens, targets = np.diff(edges), np.diff(before[edges])
        tokens[0] += self._open[0]
        targets[0] += self._open[1]
        self._open = int(tokens[-1]), int(targets[-1])
        without = first + np.flatnonzero((tokens[:-1] > 0) & (targets[:-1] == 0))
        self.num_untrained += len(without)
        self.untrained += without[: self._top - len(self.untrained)].tolist()


__all__ = ["MaskCounts"]
