"""How long documents are: an exact count for each length, in memory of the square root of all tokens."""

from __future__ import annotations

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.inspect.stats_records import LengthBin, Lengths

#: Lengths below this have a place in an array; there can be few others that are different.
_DENSE = 2**16
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class LengthCounts:
    """Counts documents by their length."""

    def __init__(self) -> None:
        self._dense = np.zeros(_DENSE, np.int64)
        self._others: dict[int, int] = {}

    def add(self, lengths: Ints) -> None:
        """Some documents' tokens, int64[d]."""
        is_dense = lengths < _DENSE
        counts = np.bincount(lengths[is_dense])
        self._dense[: len(counts)] += counts
        if not is_dense.all():
            found, counts = np.unique(lengths[~is_dense], return_counts=True)
            for length, count in zip(found.tolist(), counts.tolist(), strict=True):
                self._others[length] = self._others.get(length, 0) + count

    def lengths(self) -> Lengths:
        """What there is to say of them."""
        short = np.flatnonzero(self._dense)
        long = np.array(sorted(self._others), np.int64)
        values = np.concatenate((short, long))
        counts = np.concatenate((self._dense[short], [self._others[length] for length in long.tolist()]))
        counts = counts.astype(np.int64)
        total = int(counts.sum())
        if not total:
            return Lengths(0.0, (), ())
        ends = np.cumsum(counts)
        ranks = [max(-(-round(share * 100) * total // 100), 1) for share in QUANTILES]
        places = np.searchsorted(ends, ranks).tolist()
        quantiles = tuple(zip(QUANTILES, values[places].tolist(), strict=True))
        tokens = int((values * counts).sum())
        return Lengths(tokens / total, quantiles, _bins(values, counts))


def _bins(values: Ints, counts: Ints) -> tuple[LengthBin, ...]:
    """Documents by the number of binary digits of their length."""
    digits = [length.bit_length() for length in values.tolist()]
    bins = []
    for number in range(digits[0], digits[-1] + 1):
        inside = [at for at, found in enumerate(digits) if found == number]
        shortest, longest = (1 << number >> 1), (1 << number) - 1
        bins.append(
            LengthBin(
                shortest,
                longest,
                int(counts[inside].sum()),
                int((values[inside] * counts[inside]).sum()),
            )
        )
    return tuple(bins)


__all__ = ["QUANTILES", "LengthCounts"]
