"""Which tokens of a split a run asks for, counted exactly and in bounded memory."""

from __future__ import annotations

import dataclasses

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches.order import Order

#: So many tokens are in the rows that are asked about at a time; a span has one at least.
_CHUNK_TOKENS = 2**22
#: So many rows can leave ranges that do not touch; of more, the split is gone through in several passes.
_PASS_SAMPLES = 2**22


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Which tokens of a split are a target in the first samples of a run, by bins of the split.

    Args:
        sampler: The sampler's name.
        num_samples: How many samples were drawn.
        edges: int64[b + 1], where each bin begins in the split; the last is its number of tokens.
        drawn: int64[b], how many tokens of each bin were a target, each counted once.
    """

    sampler: str
    num_samples: int
    edges: Ints
    drawn: Ints

    @property
    def share(self) -> float:
        """The share of all tokens that were a target."""
        return float(self.drawn.sum() / max(int(self.edges[-1]), 1))


def coverage(order: Order, num_samples: int, *, bins: int) -> Coverage:
    """Which tokens are a target in the first samples of a run.

    Args:
        order: The order of the run.
        num_samples: How many of its samples.
        bins: How many bins of about the same number of tokens, at most.
    """
    num_tokens = order.stream.num_tokens
    edges = np.linspace(0, num_tokens, min(bins, num_tokens) + 1).astype(np.int64)
    passes = np.linspace(0, num_tokens, -(-num_samples // _PASS_SAMPLES) + 1).astype(np.int64)
    drawn = np.zeros(len(edges) - 1, np.int64)
    for low, high in zip(passes[:-1].tolist(), passes[1:].tolist(), strict=True):
        starts, stops = _ranges(order, num_samples, low, high)
        drawn += np.diff(_tokens_below(edges, starts, stops))
    return Coverage(order.options.sampler, num_samples, edges, drawn)


def _ranges(order: Order, num_samples: int, low: int, high: int) -> tuple[Ints, Ints]:
    """The targets from `low` to `high` as ranges in order that do not touch."""
    starts = stops = np.empty(0, np.int64)
    step = max(1, _CHUNK_TOKENS // order.options.block_size)
    for first in range(0, num_samples, step):
        spans = order.spans(np.arange(first, min(first + step, num_samples)), targets=True)
        begin = np.clip(spans.starts, low, high)
        end = np.clip(spans.starts + spans.lengths, low, high)
        some = begin < end
        starts, stops = _union(np.append(starts, begin[some]), np.append(stops, end[some]))
    return starts, stops


def _union(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Ranges, merged where they touch."""
    if not len(starts):
        return starts, stops
    by_start = np.argsort(starts)
    starts, stops = starts[by_start], np.maximum.accumulate(stops[by_start])
    is_new = starts[1:] > stops[:-1]
    return starts[np.append(True, is_new)], stops[np.append(is_new, True)]


def _tokens_below(places: Ints, starts: Ints, stops: Ints) -> Ints:
    """How many tokens of ranges are before each place."""
    sums = np.append(0, np.cumsum(stops - starts))
    whole = np.searchsorted(stops, places, side="right")
    begun = np.append(starts, places[-1])[whole]
    return np.asarray(sums[whole] + np.clip(places - begun, 0, None))


__all__ = ["Coverage", "coverage"]
