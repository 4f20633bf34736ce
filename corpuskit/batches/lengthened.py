"""A stream that is shorter than a row, with room behind it that rows read as their padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.batches.stream import Stream


class LengthenedStream(Stream):
    """A stream, and behind it one shard without items of its own.

    Args:
        stream: The stream.
        num_tokens: How many items there are then.
    """

    def __init__(self, stream: Stream, num_tokens: int) -> None:
        self._stream = stream
        self.name, self.dtype, self.fill = stream.name, stream.dtype, stream.fill
        self.num_tokens = num_tokens
        self.shard_starts = np.append(stream.shard_starts, num_tokens)

    @property
    def noun(self) -> str:  # type: ignore[override]
        """What messages call it."""
        return self._stream.noun

    def shard(self, number: int) -> NDArray[Any] | None:
        """One shard's items; None where each is the fill, as in the last one."""
        return self._stream.shard(number) if number < len(self.shard_starts) - 2 else None

    def parts(self) -> Sequence[tuple[Stream, int]]:
        """Each shard's own stream, and the shard's number there."""
        return [*self._stream.parts(), (self, len(self.shard_starts) - 2)]


def lengthened(stream: Stream, least: int) -> Stream:
    """A stream as it is, or with room behind it if it is shorter.

    Args:
        stream: The stream.
        least: How many items there must be.
    """
    return stream if stream.num_tokens >= least else LengthenedStream(stream, least)


__all__ = ["LengthenedStream", "lengthened"]
