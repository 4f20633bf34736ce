"""Small token streams in memory, in shards and documents as Hypothesis likes, and an oracle for rows."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import strategies as st

from corpuskit.batches.segments import IGNORED
from corpuskit.batches.stream import TokenStream
from corpuskit.value_streams import LOSS, LOSS_INFO


class Memory(TokenStream):
    """A token stream of arrays: its documents, cut into shards at some places."""

    name = "valid"
    fingerprint = "f" * 64
    num_ids = 2**16

    def __init__(self, documents, cuts=(), loss=None, sizes=None):
        self.documents = [list(document) for document in documents]
        self.tokens = np.array([one for document in documents for one in document], np.uint16)
        self.num_tokens, self.dtype = len(self.tokens), self.tokens.dtype
        self.shard_starts = np.array([0, *cuts, self.num_tokens])
        self.loss = None if loss is None else np.array(loss, np.uint8)
        self.sizes = sizes

    def shard(self, number):
        first, last = self.shard_starts[number : number + 2]
        return self.tokens[first:last].copy()

    def document_ends(self):
        return np.cumsum([len(document) for document in self.documents], dtype=np.int64)

    def document_text_bytes(self):
        return super().document_text_bytes() if self.sizes is None else np.array(self.sizes)

    @property
    def streams(self):
        return {} if self.loss is None else {LOSS: LOSS_INFO}

    def stream_shard(self, name, number):
        first, last = self.shard_starts[number : number + 2]
        return self.loss[first:last].copy()


@pytest.fixture(scope="session")
def memory():
    return Memory


@st.composite
def streams(draw, *, with_loss=False):
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=8).filter(any))
    tokens = st.integers(1, 999)
    documents = [draw(st.lists(tokens, min_size=size, max_size=size)) for size in sizes]
    total = sum(sizes)
    cuts = sorted(draw(st.sets(st.integers(1, total - 1), max_size=3))) if total > 1 else []
    masked = with_loss and draw(st.booleans())
    loss = draw(st.lists(st.integers(0, 1), min_size=total, max_size=total)) if masked else None
    return Memory(documents, cuts, loss, sizes=[3 * size + 1 for size in sizes])


@pytest.fixture(scope="session")
def any_stream():
    return streams


def oracle_rows(stretches, block_size, stride, bos=None):
    """The rows of an evaluation in order, a window in each, by a loop: (x, y) as lists of T numbers.

    A stretch is a list of (token, whether it counts).
    """
    rows = []
    for stretch in stretches:
        tokens = ([] if bos is None else [(bos, True)]) + list(stretch)
        at = done = 0  # `done` targets were in earlier windows
        while stretch and done < len(tokens) - 1:
            targets = tokens[at + 1 : at + 1 + block_size]
            x = [token for token, _ in tokens[at : at + len(targets)]]
            y = [
                token if counts and at + place >= done else IGNORED
                for place, (token, counts) in enumerate(targets)
            ]
            padding = block_size - len(targets)
            rows.append((x + [0] * padding, y + [IGNORED] * padding))
            done, at = at + len(targets), at + stride
    return rows


@pytest.fixture(scope="session")
def rows_by_hand():
    return oracle_rows


def hashed_loss(context, target):
    """A model without a computer: the loss of a target in nats, from a hash of what is before it."""
    digest = hashlib.blake2b(repr((list(context), target)).encode(), digest_size=8).digest()
    return -math.log((int.from_bytes(digest, "little") + 1) / 2**64)


@pytest.fixture(scope="session")
def hashed_model():
    """The losses of rows, (b, T): the context of a target is x up to its place, from its segment's start."""

    def losses(x, y, positions=None):
        found = np.full(x.shape, np.nan)
        for row, place in zip(*np.nonzero(y != IGNORED), strict=True):
            first = 0 if positions is None else place - positions[row, place]
            found[row, place] = hashed_loss(x[row, first : place + 1].tolist(), int(y[row, place]))
        return found

    return losses


@pytest.fixture(scope="session")
def loss_by_hand():
    return hashed_loss
