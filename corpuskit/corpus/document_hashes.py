"""128-bit hashes of documents' ids, computed as the ids come by.

A long document has the first half of the sha256 of its ids. For short ones a call of sha256 each takes
longer than the hash itself, so theirs are computed together: two sums of (id + 1) * weight modulo 2**64,
whose weights are random numbers by position. This is multilinear hashing (D. Lemire and O. Kaser, "Strongly
universal string hashing is fast", 2014): for ids below 2**k, two different documents of one length have both
sums equal with a probability of at most 2**(2 * k - 130), such as 2**-98, whatever they are. The length goes
in as well. The hashes are kept nowhere, but `corpuskit.split` divides a corpus by them: they never change.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.ranges import ranges

#: uint64[d, 2].
Hashes = NDArray[np.uint64]

#: Documents of so many tokens and more are hashed one by one.
LONG_TOKENS = 256

#: What a bit generator draws is the same in every version of NumPy.
_WEIGHTS: NDArray[np.uint64] = np.random.PCG64(0xC0_59_05).random_raw((2, LONG_TOKENS))


class DocumentHasher:
    """Hashes the documents of a stream.

    Args:
        dtype: That of the ids, uint16 or uint32.
    """

    def __init__(self, dtype: np.dtype[np.generic]) -> None:
        self._dtype = dtype
        self._begin()

    def _begin(self) -> None:
        self._sha256 = hashlib.sha256()
        self._first: list[Tokens] = []
        self._num_tokens = 0

    def add(self, ids: Tokens, ends: Ints) -> Hashes:
        """The next piece of the stream.

        Args:
            ids: The piece's ids, [n].
            ends: int64[d], ascending: where documents end in the piece, from 0 to n.

        Returns:
            uint64[d, 2], the hashes of these documents.
        """
        hashes = np.zeros((len(ends), 2), np.uint64)
        if not len(ends):
            self._keep(ids)
            return hashes
        starts = np.concatenate(([0], ends[:-1]))
        lengths = ends - starts
        at = 0
        if self._num_tokens:
            hashes[0] = self._end(ids[: int(ends[0])])
            at = 1
        self._keep(ids[int(ends[-1]) :])
        is_long = lengths >= LONG_TOKENS
        is_long[:at] = False
        is_short = ~is_long
        is_short[:at] = False
        if is_long.any():
            hashes[is_long] = _by_sha256(ids, starts[is_long], ends[is_long])
        if is_short.any():
            hashes[is_short] = _by_sums(ids, starts[is_short], lengths[is_short])
        return hashes

    def _keep(self, ids: Tokens) -> None:
        """Tokens of a document that ends later."""
        if self._num_tokens < LONG_TOKENS:
            self._first.append(ids[:LONG_TOKENS].copy())
        self._num_tokens += len(ids)
        self._sha256.update(ids.data)

    def _end(self, ids: Tokens) -> Hashes:
        self._keep(ids)
        if self._num_tokens >= LONG_TOKENS:
            found = _halves([self._sha256.digest()])
        else:
            found = _by_sums(np.concatenate(self._first), np.zeros(1, np.int64), np.array([self._num_tokens]))
        self._begin()
        return found


def _by_sha256(ids: Tokens, starts: Ints, ends: Ints) -> Hashes:
    data = ids.data
    sha256 = hashlib.sha256
    return _halves([sha256(data[a:b]).digest() for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])


def _halves(digests: list[bytes]) -> Hashes:
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 4)[:, :2]


def _by_sums(ids: Tokens, starts: Ints, lengths: Ints) -> Hashes:
    """Documents of fewer than LONG_TOKENS tokens."""
    hashes = np.empty((len(starts), 2), np.uint64)
    firsts = np.cumsum(lengths) - lengths
    places = ranges(np.zeros_like(lengths), lengths)
    total = len(places)
    if total and int(starts[-1] + lengths[-1] - starts[0]) == total:
        values = ids[int(starts[0]) : int(starts[0]) + total].astype(np.uint64)
    else:
        values = ids.take(places + np.repeat(starts, lengths)).astype(np.uint64)
    values += np.uint64(1)
    filled = np.flatnonzero(lengths)
    product = np.empty(total, np.uint64)
    for half, weights in enumerate(_WEIGHTS):
        sums = lengths.astype(np.uint64) * (weights[0] | np.uint64(1))
        if len(filled):
            np.take(weights, places, out=product, mode="clip")
            product *= values
            sums[filled] += np.add.reduceat(product, firsts[filled])
        hashes[:, half] = mixed(sums)
    return hashes


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number as another one, whose first bits depend on all of its (the last steps of SplitMix64).

    Args:
        values: uint64[n], which are changed.
    """
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


__all__ = ["LONG_TOKENS", "DocumentHasher", "Hashes", "mixed"]
