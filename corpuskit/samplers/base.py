"""What a sampler is: a pure function from sample numbers to windows of a token stream."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, slots=True)
class SamplerContext:
    """Everything that a sampler's answers may depend on.

    Args:
        num_tokens: N, tokens in the split.
        block_size: T, tokens of x in a window; a window covers T + 1 tokens because y is x shifted by one.
        seed: Any integer; different seeds give unrelated orders.
        document_ends: Gives int64[D], where each document ends in the token stream, ascending.
        fingerprint: The split's identity, for samplers that keep a table in the cache.
        options: What else the user passed to `batches(..., sampler_options=...)`.
    """

    num_tokens: int
    block_size: int
    seed: int
    document_ends: Callable[[], NDArray[np.int64]]
    fingerprint: str = ""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)


@runtime_checkable
class Sampler(Protocol):
    """A pure function from sample numbers to the starts of windows.

    Attributes:
        samples_per_epoch: How many samples an epoch has; None for a sampler without epochs. Sample numbers
            go on past it into the next epoch.
    """

    samples_per_epoch: int | None

    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the windows start.

        Args:
            samples: int64[n], sample numbers, each >= 0, in any order.

        Returns:
            int64[n], offsets into the token stream, each in [0, N - T - 1].
        """
        ...
