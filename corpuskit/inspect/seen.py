"""At which steps of a run tokens are seen: its order is asked for all of its samples, many at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches.order import Order
from corpuskit.batches.state import MAX_SAMPLE
from corpuskit.errors import ConfigError
from corpuskit.on_progress import OnProgress, Progress

#: So many tokens of rows are looked at in one go, and at most so many rows.
_TOKENS, _ROWS = 2**22, 2**16


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """At which steps a run sees some tokens.

    Args:
        samples: int64[n], the first samples whose rows hold one of them, ascending.
        num_samples: How many samples there are in all.
        rows: The step and the row of each of the samples.
    """

    samples: Ints
    num_samples: int
    rows: list[tuple[int, int]]

    def to_json(self) -> dict[str, Any]:
        """The value as JSON."""
        rows = zip(self.samples.tolist(), self.rows, strict=True)
        found = [{"step": step, "row": row, "sample": sample} for sample, (step, row) in rows]
        return {"num_rows": self.num_samples, "rows": found}

    def __str__(self) -> str:
        if not self.num_samples:
            return "at none of these steps"
        words = [f"step {step:,} row {row:,}" for step, row in self.rows]
        more = self.num_samples - len(words)
        return ", ".join(words) + (f" and {more:,} more" if more else "")


def when_seen(
    order: Order,
    tokens: Sequence[tuple[int, int]],
    *,
    steps: tuple[int, int] | None = None,
    most: int = 100,
    on_progress: OnProgress | None = None,
) -> list[Seen]:
    """At which steps a run sees ranges of tokens: has one of them in x.

    Args:
        order: The order of the run.
        tokens: (start, stop) of each range in the order's stream; stop is exclusive.
        steps: The first and the last step that are looked at; None is an epoch.
        most: How many samples are kept of each range.
        on_progress: Called as steps are looked at.

    Raises:
        ConfigError: If the sampler has no epochs and no steps are said, or they are none.
    """
    first, stop = _samples(order, steps)
    bounds = np.asarray(tokens, np.int64).reshape(-1, 2)
    merged = _merged(bounds)
    found: list[list[Ints]] = [[] for _ in tokens]
    counts = [0] * len(bounds)
    rows = max(min(_ROWS, _TOKENS // order.options.largest_block), 1)
    for begin in range(first, stop, rows):
        samples = np.arange(begin, min(begin + rows, stop))
        spans = order.spans(samples)
        ends = spans.starts + spans.lengths
        hits = np.flatnonzero(
            (spans.lengths > 0)
            & (merged[:, 0].searchsorted(ends, "left") > merged[:, 1].searchsorted(spans.starts, "right"))
        )
        if len(hits):
            row = spans.first.searchsorted(hits, "right") - 1
            starts, hit_ends = spans.starts[hits], ends[hits]
            for number, (low, high) in enumerate(bounds.tolist()):
                of = np.unique(row[(starts < high) & (hit_ends > low) & (low < high)])
                if len(of):
                    found[number].append(samples[of][: max(most - counts[number], 0)])
                    counts[number] += len(of)
        if on_progress is not None:
            at, last = order.step_of(int(samples[-1])), order.step_of(stop - 1)
            on_progress(Progress("steps", f"{at:,} of {last:,}"))
    return [_seen(order, some, count) for some, count in zip(found, counts, strict=True)]


def _seen(order: Order, found: Sequence[Ints], count: int) -> Seen:
    samples = np.concatenate([np.empty(0, np.int64), *found])
    steps = [(sample, order.step_of(sample)) for sample in samples.tolist()]
    return Seen(samples, count, [(step, sample - order.first_sample(step)) for sample, step in steps])


def _samples(order: Order, steps: tuple[int, int] | None) -> tuple[int, int]:
    """The first sample that is looked at, and the one after the last."""
    if steps is None:
        if order.samples_per_epoch is None:
            raise ConfigError(
                f"sampler {order.options.sampler!r} has no epochs; say which steps are looked at with "
                "--steps FIRST:LAST",
                found=order.options.sampler,
            )
        return 0, order.samples_per_epoch
    first, last = steps
    if not 0 <= first <= last or order.first_sample(last + 1) > MAX_SAMPLE:
        raise ConfigError(f"--steps {first}:{last}: must be FIRST:LAST, steps from 0, FIRST before LAST")
    return order.first_sample(first), order.first_sample(last + 1)


def _merged(bounds: Ints) -> Ints:
    """Ranges [n, 2] as ranges [m, 2] that are in order and do not touch."""
    merged: list[list[int]] = []
    for low, high in sorted((low, high) for low, high in bounds.tolist() if low < high):
        if merged and low <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    return np.array(merged, np.int64).reshape(-1, 2)


__all__ = ["Seen", "when_seen"]
