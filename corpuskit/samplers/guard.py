"""Samplers of plugins: what they give is checked, and what is wrong with it is said to be theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from corpuskit.registry import Component
from corpuskit.registry.blame import blame
from corpuskit.samplers.base import Ints, Sampler, SamplerContext, Spans, SpanSampler


class _Guarded:
    """A sampler whose answers are checked; everything else about it is as it is.

    Args:
        sampler: The sampler.
        component: What it was found as.
        context: What it was made for.
    """

    def __init__(self, sampler: Any, component: Component, context: SamplerContext) -> None:
        self._sampler, self._component, self._context = sampler, component, context
        self.samples_per_epoch: int | None = sampler.samples_per_epoch

    def __getattr__(self, name: str) -> Any:
        if name == "_sampler":  # while it is unpickled
            raise AttributeError(name)
        return getattr(self._sampler, name)

    def _blame(self, samples: Ints) -> Any:
        def where() -> str:
            return f"samples {samples.min():,} to {samples.max():,}" if len(samples) else "no samples"

        return blame(self._component.what, self._component.owner, where)


class GuardedSampler(_Guarded):
    """A sampler of windows."""

    def starts(self, samples: Ints) -> Ints:
        with self._blame(samples):
            found = _ints("starts()", self._sampler.starts(samples), len(samples))
            _inside("starts()", found, found + self._context.block_size + 1, self._context.num_tokens)
        return found


class GuardedSpanSampler(_Guarded):
    """A sampler of rows of several pieces."""

    def spans(self, samples: Ints) -> Spans:
        with self._blame(samples):
            first, starts, lengths = self._sampler.spans(samples)
            found = Spans(
                _ints("spans().first", first, len(samples) + 1),
                _ints("spans().starts", starts, len(starts)),
                _ints("spans().lengths", lengths, len(starts)),
            )
            _inside("spans()", found.starts, found.starts + found.lengths + 1, self._context.num_tokens)
        return found


def guarded(
    sampler: Sampler | SpanSampler, component: Component, context: SamplerContext
) -> Sampler | SpanSampler:
    """A sampler of a plugin, its answers checked."""
    kind = GuardedSpanSampler if isinstance(sampler, SpanSampler) else GuardedSampler
    return kind(sampler, component, context)


def _ints(what: str, found: Any, length: int) -> Ints:
    """What must be int64[length].

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu" or found.shape != (length,):
        shown = f"{found.dtype}{[*found.shape]}" if isinstance(found, np.ndarray) else type(found).__name__
        raise TypeError(f"{what} must give int64[{length}], found {shown}")
    return found.astype(np.int64, copy=False)


def _inside(what: str, starts: Ints, ends: Ints, num_tokens: int) -> None:
    """Check that what is read is in the stream.

    Raises:
        ValueError: Naming the first that is not.
    """
    wrong = np.flatnonzero((starts < 0) | (ends > num_tokens))
    if len(wrong):
        start, end = starts[wrong[0]], ends[wrong[0]]
        raise ValueError(
            f"{what} must stay inside the stream of {num_tokens:,} tokens, found one that reads {start:,} to "
            f"{end:,}"
        )


__all__ = ["GuardedSampler", "GuardedSpanSampler", "guarded"]
