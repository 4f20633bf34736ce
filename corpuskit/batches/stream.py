"""What batches need of a token stream: `corpuskit.corpus.Split` is one, and so is a mixture's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.unsignedinteger[Any]]


class TokenStream(Protocol):
    """One stream of ids in several shards; pickling carries a path, never the tokens.

    Attributes:
        name: The split's name.
        num_tokens: N.
        dtype: uint16 or uint32.
        fingerprint: Identifies the tokens and their order.
        shard_starts: int64[S + 1], where each of S shards starts in the stream; the last is N.
    """

    name: str
    num_tokens: int
    dtype: np.dtype[Any]
    fingerprint: str
    shard_starts: NDArray[np.int64]

    def shard(self, number: int) -> Tokens:
        """One shard's ids, mapped from disk and read-only."""
        ...

    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream."""
        ...
