"""What batches need of a token stream: a split of a corpus is one, and so are those of a mixture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.samplers.base import AnySampler, SamplerContext
from corpuskit.samplers.opening import open_sampler


class TokenStream(ABC):
    """One stream of ids in several shards; pickling carries a path, never the tokens.

    Attributes:
        name: The split's name.
        num_tokens: N, tokens in the stream.
        dtype: uint16 or uint32.
        fingerprint: Identifies the tokens and their order.
        shard_starts: int64[S + 1], where each of S shards starts in the stream; the last is N.
        is_streamed: Whether shards come from elsewhere when they are needed: what reads them should ask for
            a shard each time, keep none, and announce them.
        earlier_fingerprints: What the fingerprint of a mixture was before its last corpora were added.
    """

    name: str
    num_tokens: int
    dtype: np.dtype[Any]
    fingerprint: str
    shard_starts: NDArray[np.int64]
    is_streamed: bool = False
    earlier_fingerprints: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """What its corpora are called; of a mixture there are several."""
        return (self.name,)

    @abstractmethod
    def shard(self, number: int) -> Tokens:
        """One shard's ids, [n] in the stream's dtype, mapped from disk and read-only."""

    @abstractmethod
    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream."""

    def open_sampler(self, name: str, context: SamplerContext) -> AnySampler:
        """The sampler of a name over this stream.

        Raises:
            UnknownName: If there is none.
            ConfigError: If the sampler cannot do what the context says.
        """
        return open_sampler(name, context)

    def parts(self) -> list[tuple[TokenStream, int]]:
        """Each shard's own stream, and the shard's number there."""
        return [(self, number) for number in range(len(self.shard_starts) - 1)]

    def is_here(self, number: int) -> bool:
        """Whether a shard is on this machine."""
        return True

    def fits(self, numbers: Iterable[int]) -> bool:
        """Whether shards can all be on this machine at once, with room for more to arrive."""
        return True

    def will_need(self, numbers: Sequence[int]) -> None:  # noqa: B027 - most streams have all of them
        """Hear which shards are read next, in order."""
