"""A corpus whose train split is divided: the hash of a document's ids decides where it goes."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
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
from corpuskit.derivation.pieces import DocumentMask, check_index, picked_pieces
from corpuskit.derivation.whole_shards import carry
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
    passes = 2

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
        for name in self.splits:
            if name in self._shares:
                continue
            if name == self._of:
                self._divide(writer, watch)
                continue
            with writer.split(name) as written:
                carry(self._parent, name, written, writer.description, watch)
        return {}

    def _divide(self, writer: CorpusWriter, watch: Watch) -> None:
        masks = self._masks(watch)
        names = [self._of, *self._shares]
        with contextlib.ExitStack() as stack:
            # The last one is closed first, and the manifest has them in the order in which they are closed.
            opened = {name: stack.enter_context(writer.split(name)) for name in reversed(names)}
            for blocks, size_bytes in picked_pieces(self._parent, self._of, masks):
                for name, block in zip(names, blocks, strict=True):
                    opened[name].add(block)
                watch.add(size_bytes, self._of)

    def _masks(self, watch: Watch) -> list[DocumentMask]:
        """Which documents stay, and which go to each new split."""
        split = self._parent[self._of]
        masks = [DocumentMask(split, tail=not number) for number in range(len(self._shares) + 1)]
        shard_documents = np.diff(split.shard_documents).tolist()
        parts: list[NDArray[np.int64]] = []
        for number, hashes in self._hashes(watch):
            parts.append(_places(hashes[:, 0], self._shares))
            if number is not None:
                part = np.concatenate(parts)
                assert len(part) == shard_documents[number]
                for position, mask in enumerate(masks):
                    mask.add(
                        part == (position - 1) % len(masks)
                    )  # the rest is the last part, and comes first
                parts = []
        return masks

    def _hashes(self, watch: Watch) -> Iterator[tuple[int | None, Hashes]]:
        """The hashes of documents in order, and the shard's number with its last ones, else None."""
        split = self._parent[self._of]
        hasher = DocumentHasher(split.dtype)
        for number, record in enumerate(self._parent.manifest.splits[self._of].shards):
            check_index(self._parent, split, number, record)
            rows, ids = split.index(number), split.shard(number)
            first = 0
            for at in range(0, len(ids), _TOKENS):
                stop = min(at + _TOKENS, len(ids))
                is_last = stop == len(ids)
                last = len(rows) if is_last else int(np.searchsorted(ends_of(rows), np.uint64(stop), "right"))
                ends = ends_of(rows[first:last]).astype(np.int64) - at
                yield number if is_last else None, hasher.add(ids[at:stop], ends)
                forget(ids, at * ids.itemsize, stop * ids.itemsize)
                watch.add((stop - at) * ids.itemsize, self._of)
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
            raise _not_shares(shares, f"found {name!r:.40} = {value!r:.40}")
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


#: Tokens that are hashed at once.
_TOKENS = 2**19


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
