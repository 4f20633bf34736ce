"""Epochs of equal length, each in an order of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from corpuskit.arrays import Ints


def by_epoch(samples: Ints, samples_per_epoch: int, order: Callable[[int, Ints], Ints]) -> Ints:
    """Apply to each sample the order of its epoch.

    Args:
        samples: int64[n], each >= 0, in any order.
        samples_per_epoch: E; sample k is at position k % E of epoch k // E.
        order: From an epoch's number and int64[m] positions in it to int64[m].

    Example:
        >>> by_epoch(np.array([0, 1, 2, 3]), 2, lambda epoch, positions: 10 * epoch + positions).tolist()
        [0, 1, 10, 11]
    """
    epochs = samples // samples_per_epoch  # a fifth of what np.divmod takes
    positions = samples - epochs * samples_per_epoch
    if len(samples) and epochs.min() == epochs.max():
        return order(int(epochs[0]), positions)
    out = np.empty(len(samples), np.int64)
    for epoch in np.unique(epochs).tolist():
        here = epochs == epoch
        out[here] = order(epoch, positions[here])
    return out
