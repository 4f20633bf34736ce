"""Random documents with streams of values, as splits and as lists of tokens that an oracle can read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from corpuskit.value_streams import LOSS_INFO, StreamInfo

BOS = 3
#: Streams that a batch has beside the ids: of targets, and of inputs.
INFOS = {
    "loss": LOSS_INFO,
    "part": StreamInfo("<u2", 777, "input"),
    "score": StreamInfo("<f4", 0.5, "target"),
}


class Token(NamedTuple):
    """A token, or an id in front of a document, which has the streams' fills."""

    id: int
    document: int
    loss: int = 1
    part: int = 777
    score: float = 0.5


class Made(NamedTuple):
    """Documents, and a function from the fixture `split_of` to a split of them."""

    documents: list[list[Token]]
    options: dict
    tokens: np.ndarray

    def split(self, split_of, **more):
        """The documents as a split."""
        return split_of(self.tokens, **self.options, **more)


#: What makes batches where, and reads them how.
ENGINES = {"numpy": {"output": "numpy"}, "torch": {}, "resident": {"resident": True, "device": "cpu"}}


@st.composite
def corpora(draw, *, first_id=10, most_documents=40):
    """Documents of 0 to 30 tokens in several shards, some of which have no file of a stream."""
    sizes = draw(st.lists(st.integers(0, 30), min_size=1, max_size=most_documents))
    ends, total = np.cumsum(sizes), int(np.sum(sizes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=4)))
    bounds = [0, *cuts, total]
    values = {
        "loss": rng.integers(0, 2, total),
        "part": rng.integers(0, 65536, total),
        "score": rng.random(total, np.float32),
    }
    made = {}
    for name, info in INFOS.items():
        without = draw(st.sets(st.integers(0, len(cuts)), max_size=2))
        for shard in without:
            values[name][bounds[shard] : bounds[shard + 1]] = info.fill
        made[name] = (info, values[name], without)
    tokens = (first_id + np.arange(total)).astype(np.uint16)
    documents = [
        [
            Token(first_id + at, number, *(values[name][at].item() for name in INFOS))
            for at in range(end - size, end)
        ]
        for number, (end, size) in enumerate(zip(ends, sizes, strict=True))
    ]
    options = {"document_ends": ends, "shard_sizes": np.diff(bounds), "values": made, "fingerprint": ""}
    return Made(documents, options, tokens)


def fronted(documents):
    """The same with the id in front of each."""
    return [[Token(BOS, number), *document] for number, document in enumerate(documents)]


def nanochat_rows(documents, row_size, *, buffer=1000, refill=128):
    """What nanochat/dataloader.py makes of one pass over documents: full rows, and the rest."""
    coming = [documents[at : at + refill] for at in range(0, len(documents), refill)]
    waiting, rows = [], []
    while True:
        row = []
        while len(row) < row_size:
            while len(waiting) < buffer and coming:
                waiting += [one for one in coming.pop(0) if one]
            if not waiting:
                return rows, row
            left, best, best_size = row_size - len(row), -1, 0
            for number, one in enumerate(waiting):
                if best_size < len(one) <= left:
                    best, best_size = number, len(one)
            if best < 0:
                best = min(range(len(waiting)), key=lambda number: len(waiting[number]))
            row += waiting.pop(best)[:left]
        rows.append(row)
