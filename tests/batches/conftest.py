"""Token streams whose ids are their own positions, cut into shards as a test likes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from corpuskit.batches import Batches
from corpuskit.batches.stream import TokenStream
from corpuskit.value_streams import LOSS, LOSS_INFO, StreamInfo

# Of made_corpora.py, which both rooms use.
MADE = str(Path(__file__).parent)
if MADE not in sys.path:
    sys.path.insert(0, MADE)


class FakeSplit(TokenStream):
    """A token stream over arrays in memory."""

    name = "train"

    def __init__(self, tokens, *, shard_sizes=None, document_ends=(), fingerprint="f" * 64, values=None):
        self.tokens = tokens
        self.num_tokens = len(tokens)
        self.dtype = tokens.dtype
        self.fingerprint = fingerprint
        sizes = [len(tokens)] if shard_sizes is None else list(shard_sizes)
        assert sum(sizes) == len(tokens)
        self.shard_starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._ends = np.asarray(document_ends, np.int64)
        # Each shard is memory of its own, at an address that says nothing about its place in the stream.
        cuts = zip(self.shard_starts[:-1], self.shard_starts[1:], strict=True)
        self._shards = [tokens[a:b].copy() for a, b in cuts]
        for shard in self._shards:
            shard.flags.writeable = False
        self._values = values or {}

    def shard(self, number):
        return self._shards[number]

    @property
    def streams(self):
        return {name: info for name, (info, _, _) in self._values.items()}

    def stream_shard(self, name, number):
        info, values, without = self._values[name]
        first, last = self.shard_starts[number : number + 2]
        return None if number in without else values[first:last].astype(info.dtype)

    def document_ends(self):
        return self._ends


def positions(num_tokens, dtype=np.uint16, **options):
    return FakeSplit(np.arange(num_tokens).astype(dtype), **options)


@pytest.fixture(scope="session")
def make_split():
    return positions


class LossSplit(FakeSplit):
    """A token stream with a loss stream, which some of its shards have no file of."""

    def __init__(self, loss, *, without=(), info=LOSS_INFO, **options):
        super().__init__(np.arange(len(loss)).astype(np.uint16), **options)
        self.loss, self.without, self.info = loss, frozenset(without), info

    @property
    def streams(self):
        return {LOSS: self.info}

    def stream_shard(self, name, number):
        assert name == LOSS
        if number in self.without:
            return None
        return self.loss[self.shard_starts[number] : self.shard_starts[number + 1]]


@pytest.fixture(scope="session")
def with_loss():
    return LossSplit


@pytest.fixture(scope="session")
def split_of():
    return FakeSplit


#: Streams of each type, of x and of y, in the wide batches.
INFOS = {
    "loss": LOSS_INFO,
    "part": StreamInfo("<u2", 65535, "input"),
    "row": StreamInfo("<u4", 2**32 - 1, "target"),
    "weight": StreamInfo("<f4", 0.5, "input"),
}


def values_of(infos, num_tokens, without=(), seed=0):
    """Values of streams that use their type's whole width; shards of some numbers have none."""
    draws = np.random.default_rng(seed)
    found = {}
    for name, info in infos.items():
        high = 2 if name == "loss" else 2**16 if info.dtype == "<u2" else 2**32
        found[name] = info, draws.integers(0, high, num_tokens).astype(info.dtype), set(without)
    return found


@pytest.fixture(scope="session")
def make_values():
    """What `values` of a split may be: by the streams' infos, the number of tokens and the shards without."""
    return values_of


@pytest.fixture(scope="session")
def wide_batches():
    """Batches over ids and values that use their types' whole width, in several shards and many documents."""

    def make(dtype=np.uint16, *, has_values=False, **options):
        tokens = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, 1000, dtype, endpoint=True)
        split = FakeSplit(
            tokens,
            shard_sizes=[300, 5, 695],
            document_ends=range(7, 1001, 7),
            fingerprint="",
            values=values_of(INFOS, 1000, without=[1]) if has_values else None,
        )
        return Batches(split, batch_size=8, block_size=16, **options)

    return make


@pytest.fixture(scope="session")
def assert_same_batches():
    """Batches are the same, array by array."""

    def check(found, expected):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            for array, wanted in zip(one, other, strict=True):
                if isinstance(wanted, dict):
                    assert [*array] == [*wanted]
                    for name, values in wanted.items():
                        np.testing.assert_array_equal(array[name], values)
                else:
                    np.testing.assert_array_equal(array, wanted)

    return check
