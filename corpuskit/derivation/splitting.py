"""A corpus whose train split is divided: the hash of a document's ids decides where it goes."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.document_hashes import DocumentHasher, Hashes, mixed
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.index import ends_of
from corpuskit.corpus.manifest import SPLIT_NAME
from corpuskit.corpus.writer import CorpusWriter
from corpuskit.derivation.making import Derivation, Watch
from corpuskit.derivation.pieces import check_index, picked, pieces
from corpuskit.derivation.whole_shards import Carrier
from corpuskit.errors import ConfigError
from corpuskit.units import parse_fraction


class Divide(Derivation):
    """Moves a share of a split's documents to new splits; other splits stay as they are.

    Each new split takes its share of what those before it leave, by a hash of a document's ids and the new
    split's name. So equal documents go together, documents that are added or left out move none of the
    others, and what an earlier division left can be divided again: its hashes were others.

    Args:
        parent: The corpus.
        shares: Each new split with its share, 0 < share < 1, in order.
        of: The split that is divided.
        shard_bytes: The largest shard; None is as large as the parent's.

    Raises:
        ConfigError: If there is no such split, or a new one is there already.
    """

    name = "split"

    def __init__(
        self,
        parent: Corpus,
        shares: Mapping[str, float],
        *,
        of: str = "train",
        shard_bytes: int | None = None,
    ) -> None:
        super().__init__([parent], shard_bytes=shard_bytes)
        self._parent, self._shares, self._of = parent, dict(shares), parent[of].name
        for name in shares:
            if name in parent and (name == of or len(parent[name])):
                raise ConfigError(
                    f"{parent.path} has a split {name!r} with tokens already; choose another name, such as "
                    f"{'test' if name != 'test' else 'held_out'}",
                    found=name,
                )

    @property
    def splits(self) -> Sequence[str]:
        """All splits of the corpus; the new ones come after the one that is divided."""
        return self._parent.splits

    def rule(self) -> dict[str, JsonValue]:
        """The shares."""
        return {"of": self._of, "shares": {**self._shares}, "by": "ids"}

    def write(self, writer: CorpusWriter, watch: Watch) -> Mapping[str, int]:
        """Write all splits."""
        with Carrier(writer.description, watch) as carrier:
            for name in self.splits:
                if name == self._of:
                    self._divide(writer, watch)
                elif name not in self._shares:
                    with writer.split(name) as written:
                        carrier.carry(self._parent, name, written)
        return {}

    def _divide(self, writer: CorpusWriter, watch: Watch) -> None:
        with contextlib.ExitStack() as stack:
            parts = stack.enter_context(_Parts(self._parent, self._of, self._shares))
            # The last one is closed first, and the manifest has them in the order in which they are closed.
            names = [*reversed(self._shares), self._of]
            opened = {name: stack.enter_context(writer.split(name)) for name in names}
            for piece in pieces(self._parent, self._of):
                own, following = parts.take(len(piece.block.rows))
                for number, name in enumerate([*self._shares, self._of]):
                    opened[name].add(picked(piece, own == number, tail=following == number))
                watch.add(piece.block.ids.nbytes, self._of)


class _Parts:
    """Which part each document of a split is of: its hash says it, which a thread reckons a little ahead.

    Args:
        corpus: The corpus.
        name: The split's name.
        shares: Each new split with its share. What no document ends stays.
    """

    def __init__(self, corpus: Corpus, name: str, shares: Mapping[str, float]) -> None:
        self._shares = shares
        self._hashing = ThreadPoolExecutor(1)
        self._hashes = _hashes(corpus, name)
        self._ahead = deque(self._hashing.submit(next, self._hashes, None) for _ in range(_AHEAD))
        self._found: NDArray[np.int64] = np.empty(0, np.int64)

    def take(self, count: int) -> tuple[NDArray[np.int64], int]:
        """int64[count], the parts of the next documents, and the part of the one after them.

        Raises:
            CorpusFormatError: If an index that was read for it is damaged.
        """
        while len(self._found) <= count and self._ahead:
            found = self._ahead.popleft().result()
            if found is None:
                self._ahead.clear()
                continue
            self._ahead.append(self._hashing.submit(next, self._hashes, None))
            self._found = np.concatenate((self._found, _places(found[:, 0], self._shares)))
        taken, self._found = self._found[:count], self._found[count:]
        assert len(taken) == count
        return taken, int(self._found[0]) if len(self._found) else len(self._shares)

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *exception: object) -> None:
        self._hashing.shutdown(cancel_futures=True)


def _hashes(corpus: Corpus, name: str) -> Iterator[Hashes]:
    """The hashes of a split's documents in order, a few of them at a time."""
    split = corpus[name]
    hasher = DocumentHasher(split.dtype)
    for number, record in enumerate(corpus.manifest.splits[name].shards):
        check_index(corpus, split, number, record)
        rows, ids = split.index(number), split.shard(number)
        first = 0
        for at in range(0, len(ids), _TOKENS):
            stop = min(at + _TOKENS, len(ids))
            # In the type of the index: another would have all of it copied.
            last = (
                int(np.searchsorted(ends_of(rows), np.uint64(stop), "right"))
                if stop < len(ids)
                else len(rows)
            )
            ends = ends_of(rows[first:last]).astype(np.int64) - at
            yield hasher.add(ids[at:stop], ends)
            forget(ids, at * ids.itemsize, stop * ids.itemsize)
            first = last


def shares_of(shares: str | Mapping[str, float]) -> dict[str, float]:
    """New splits with their shares, as a user says them.

    Args:
        shares: "valid=0.01,test=1%", or a mapping.

    Raises:
        ConfigError: If they are no shares, or leave nothing.
    """
    pairs: list[tuple[str, Any]] = []
    if isinstance(shares, str):
        parts = [one.partition("=") for one in shares.split(",")]
        pairs = [(name.strip(), value) for name, _, value in parts]
    elif isinstance(shares, Mapping):
        pairs = [*shares.items()]
    found: dict[str, float] = {}
    for name, value in pairs:
        try:
            share = parse_fraction(value) if isinstance(value, str) else float(value)
        except (TypeError, ValueError):
            share = 0.0
        if not (isinstance(name, str) and re.fullmatch(SPLIT_NAME, name) and 0 < share < 1) or name in found:
            raise _not_shares(
                shares, f"found {name!r:.40} = {value!r:.40}" if value else f"found {name!r:.40}"
            )
        found[name] = share
    if not found or sum(found.values()) >= 1:
        raise _not_shares(shares, f"these are {sum(found.values()):.3g} together")
    return found


def _not_shares(shares: Any, why: str) -> ConfigError:
    return ConfigError(
        f"shares {shares!r:.80}: expected names of new splits with shares between 0 and 1 that leave "
        f"something, such as valid=0.01,test=0.01; {why}",
        found=shares,
    )


#: Tokens that are hashed at once, and how often this is done ahead of what is written.
_TOKENS, _AHEAD = 2**19, 8


def _places(hashes: NDArray[np.uint64], shares: Mapping[str, float]) -> NDArray[np.int64]:
    """int64[d]: which new split each document goes to, and the number of them for those that stay.

    Args:
        hashes: uint64[d], 64 bits of the hash of each document's ids.
        shares: Each new split with its share.
    """
    found = np.full(len(hashes), len(shares), np.int64)
    left = Fraction(1)
    for number, (name, share) in enumerate(shares.items()):
        limit = min(math.floor(Fraction(share) / left * 2**64), 2**64 - 1)
        salt = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u8", 1)[0]
        found[(found == len(shares)) & (mixed(hashes ^ salt) < np.uint64(limit))] = number
        left -= Fraction(share)
    return found


__all__ = ["Divide", "shares_of"]
