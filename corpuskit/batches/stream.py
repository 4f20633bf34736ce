"""What batches need of a token stream: a split of a corpus is one, and so are those of a mixture."""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.samplers.base import AnySampler, SamplerContext
from corpuskit.samplers.opening import open_sampler
from corpuskit.value_streams import StreamInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of one document that follow each other in a stream.

    Args:
        start: Where they begin in the split, in tokens.
        stop: Where they end (exclusive).
        document: The document's number in the split, from 0.
        document_start: Where the document begins in the split.
        document_stop: Where it ends (exclusive), its end-of-text id included.
        split: The split's name.
        corpus: Which corpus of a mixture it is; empty without one.
        input: The name of the input that the document came from, as the manifest has it; empty if unknown.
        input_start: Where the document starts in its input: a byte, or the number of its row, from 0.
    """

    start: int
    stop: int
    document: int
    document_start: int
    document_stop: int
    split: str
    corpus: str = ""
    input: str = ""
    input_start: int = 0

    def __len__(self) -> int:
        return self.stop - self.start


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

    @property
    def streams(self) -> Mapping[str, StreamInfo]:
        """The streams of values beside the ids, by their names."""
        return {}

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One shard's items of a stream of values, [n] in its dtype, mapped from disk and read-only.

        Args:
            name: One of `streams`.
            number: The shard's number.

        Returns:
            None where the shard has no file of the stream: each of its items is the fill then.
        """
        raise KeyError(name)

    @abstractmethod
    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream."""

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """A range of tokens, cut where documents end.

        Args:
            start: Its first token.
            stop: Where it ends (exclusive), at most `num_tokens`.

        Returns:
            What it is made of, in order; documents without tokens are in none.
        """
        if start >= stop:
            return []
        ends = self.document_ends()
        first, last = np.searchsorted(ends, [start, stop - 1], side="right").tolist()
        bounds = np.concatenate(([0], ends, [self.num_tokens]))[first : last + 2].tolist()
        return [
            Piece(max(start, begin), min(stop, end), number, begin, end, self.name)
            for number, (begin, end) in enumerate(itertools.pairwise(bounds), first)
            if begin < end
        ]

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The text that ids of this stream stand for; each as `<id>` where no tokenizer is known."""
        return "".join(f"<{one}>" for one in np.asarray(ids).tolist())

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
