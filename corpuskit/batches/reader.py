"""What reads a token stream: windows and spans, found first and then copied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.span_copy import SpanCopy
from corpuskit.batches.stream import Stream
from corpuskit.samplers.base import ShardGroups


class StreamReader(ABC):
    """Reads windows of one length, and spans of any, out of a stream of ids or of values.

    Args:
        stream: The stream.
        length: Items of a window: T + 1 of ids, of which x and y are made, and T of values.

    Attributes:
        looks_ahead: Whether it wants to hear what is read for some time.
    """

    looks_ahead: bool = False

    def __init__(self, stream: Stream, length: int) -> None:
        self._length = length
        self._dtype = stream.dtype
        self._fill = stream.fill
        self._shard_starts = stream.shard_starts

    def expect(self, upcoming: ShardGroups | None) -> None:  # noqa: B027 - most readers have all shards
        """Hear where the stream is read for some time; see `AnySampler.upcoming`."""

    @abstractmethod
    def locate(self, starts: Ints, lengths: Ints | int | None = None) -> Ints:
        """Where windows or spans are, worked out once for many batches.

        Args:
            starts: int64[n], where they start in the stream.
            lengths: Items of each, y's last one included; by default those of a window.

        Returns:
            int64[n], for `gather`, `gather_spans` and `gather_items`.

        Raises:
            IndexError: If one does not lie in the stream.
        """

    @abstractmethod
    def gather(self, located: Ints) -> NDArray[Any]:
        """The windows' items, copied: dtype of the stream, shape (n, length)."""

    @abstractmethod
    def gather_spans(
        self, located: Ints, lengths: Ints, copy: SpanCopy | None = None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The items of spans, [sum(lengths)], one span after another, and those after them, [n]; copied.

        Args:
            located: What `locate` gave.
            lengths: int64[n], the items of each span, those after them not included.
            copy: How spans of these lengths are copied, if that was worked out already; it may leave places
                free between them.
        """

    @abstractmethod
    def gather_items(self, located: Ints, lengths: Ints, copy: SpanCopy | None = None) -> NDArray[Any]:
        """The items of spans, [sum(lengths)], one span after another, copied; none after them is read."""

    def gather_behind(self, located: Ints, starts: Ints, lengths: Ints, counts: Ints) -> NDArray[Any]:
        """The items behind spans, [sum(counts)], those of one after those of another; copied.

        Args:
            located: What `locate` gave of the spans.
            starts: int64[n], where they start in the stream.
            lengths: int64[n], their items.
            counts: int64[n], how many items behind each, 0 or more.
        """
        some = counts > 0
        here = self.locate((starts + lengths)[some], counts[some])
        return self.gather_items(here, counts[some])

    def _ends(self, starts: Ints, lengths: Ints | int | None) -> Ints:
        """Where windows or spans end.

        Raises:
            IndexError: If one does not lie in the stream.
        """
        ends = starts + (self._length if lengths is None else lengths)
        if len(starts) and not 0 <= starts.min() <= ends.max() <= self._shard_starts[-1]:
            raise IndexError(
                f"windows from {starts.min():,} to {ends.max():,} are outside a stream of "
                f"{self._shard_starts[-1]:,} tokens"
            )
        return ends
