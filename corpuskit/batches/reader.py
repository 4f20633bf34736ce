"""What reads a token stream: windows and spans, found first and then copied."""

from __future__ import annotations

from abc import ABC, abstractmethod

from corpuskit.arrays import Ints, Tokens
from corpuskit.batches.stream import TokenStream


class StreamReader(ABC):
    """Reads windows of `block_size + 1` tokens, and spans of any length, out of a stream.

    Args:
        stream: The tokens.
        block_size: T, tokens of x in a window.
    """

    def __init__(self, stream: TokenStream, block_size: int) -> None:
        self._length = block_size + 1
        self._dtype = stream.dtype
        self._shard_starts = stream.shard_starts

    @abstractmethod
    def locate(self, starts: Ints, lengths: Ints | int | None = None) -> Ints:
        """Where windows or spans are, worked out once for many batches.

        Args:
            starts: int64[n], where they start in the stream.
            lengths: Tokens of each, y's last one included; by default T + 1.

        Returns:
            int64[n], for `gather` and `gather_spans`.

        Raises:
            IndexError: If one does not lie in the stream.
        """

    @abstractmethod
    def gather(self, located: Ints) -> Tokens:
        """The windows' ids, copied: dtype of the stream, shape (n, T + 1)."""

    @abstractmethod
    def gather_spans(self, located: Ints, lengths: Ints) -> tuple[Ints, Ints]:
        """The ids of spans, one span after another, and the ids after them: two int64[sum(lengths)]."""

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
