"""Samplers of plugins: what they give is checked, and what is wrong with it is said to be theirs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.numbers import as_whole
from corpuskit.registry import Component
from corpuskit.registry.blame import blame
from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.base import AnySampler, Sampler, SamplerContext, ShardGroups, Spans, SpanSampler


class _Guard:
    """Says that what is wrong with a sampler is its plugin's.

    Args:
        component: What the sampler was found as.
        num_tokens: N, tokens of its stream.
    """

    def __init__(self, component: Component[SamplerSpec], num_tokens: int) -> None:
        self._component, self._num_tokens = component, num_tokens

    def blame(self, samples: Ints) -> AbstractContextManager[None]:
        """What happens inside is the plugin's fault."""

        def where() -> str:
            return f"samples {samples.min():,} to {samples.max():,}" if len(samples) else "no samples"

        return blame(self._component.what, self._component.owner, where)

    def upcoming(self, sampler: AnySampler, sample: int) -> ShardGroups | None:
        """What a sampler says is read for some time, checked."""
        with self.blame(np.array([sample])):
            found = sampler.upcoming(sample)
            for places in found or ():
                self.check("upcoming()", _ints("upcoming()", places, len(places)), places + 1)
        return found

    def check(self, what: str, starts: Ints, ends: Ints) -> None:
        """Check that what is read is in the stream.

        Raises:
            ValueError: Naming the first that is not.
        """
        wrong = np.flatnonzero((starts < 0) | (ends > self._num_tokens))
        if len(wrong):
            start, end = starts[wrong[0]], ends[wrong[0]]
            raise ValueError(
                f"{what} must stay inside the stream of {self._num_tokens:,} tokens, found one that reads "
                f"{start:,} to {end:,}"
            )


class GuardedSampler(Sampler):
    """A sampler of windows."""

    def __init__(self, sampler: Sampler, guard: _Guard, block_size: int) -> None:
        self._sampler, self._guard, self._block_size = sampler, guard, block_size
        _declare(self, sampler, guard)

    def starts(self, samples: Ints) -> Ints:
        """What the sampler gives, checked."""
        with self._guard.blame(samples):
            found = _ints("starts()", self._sampler.starts(samples), len(samples))
            self._guard.check("starts()", found, found + self._block_size + 1)
        return found

    def upcoming(self, sample: int) -> ShardGroups | None:
        """What the sampler gives, checked."""
        return self._guard.upcoming(self._sampler, sample)


class GuardedSpanSampler(SpanSampler):
    """A sampler of rows of several pieces."""

    def __init__(self, sampler: SpanSampler, guard: _Guard, block_size: int) -> None:
        self._sampler, self._guard, self._block_size = sampler, guard, block_size
        _declare(self, sampler, guard)

    def spans(self, samples: Ints) -> Spans:
        """What the sampler gives, checked."""
        with self._guard.blame(samples):
            first, starts, lengths, *more = self._sampler.spans(samples)
            bos = more[0] if more else None
            found = Spans(
                _ints("spans().first", first, len(samples) + 1),
                _ints("spans().starts", starts, len(starts)),
                _ints("spans().lengths", lengths, len(starts)),
                None if bos is None else _ints("spans().bos", bos, len(starts)),
            )
            _check_rows(found, self._block_size, joined=self.joined)
            self._guard.check("spans()", found.starts, found.starts + found.lengths + (not self.joined))
        return found

    def upcoming(self, sample: int) -> ShardGroups | None:
        """What the sampler gives, checked."""
        return self._guard.upcoming(self._sampler, sample)


def guarded(sampler: AnySampler, component: Component[SamplerSpec], context: SamplerContext) -> AnySampler:
    """A sampler of a plugin, its answers checked."""
    guard = _Guard(component, context.num_tokens)
    if isinstance(sampler, SpanSampler):
        return GuardedSpanSampler(sampler, guard, context.block_size)
    if not isinstance(sampler, Sampler):
        raise component.refused("a corpuskit.plugin.Sampler or SpanSampler", sampler)
    return GuardedSampler(sampler, guard, context.block_size)


def _declare(guarded: AnySampler, sampler: AnySampler, guard: _Guard) -> None:
    """Say of a guarded sampler what the sampler says of itself."""
    with guard.blame(np.empty(0, np.int64)):
        own = SpanSampler.__annotations__ if isinstance(sampler, SpanSampler) else {}
        for name in (*AnySampler.__annotations__, *own):
            setattr(guarded, name, getattr(sampler, name))
        if (epoch := sampler.samples_per_epoch) is not None:
            guarded.samples_per_epoch = found = as_whole(epoch)
            if found is None or not 1 <= found <= 2**62:
                raise ValueError(f"samples_per_epoch must be from 1 to 2**62, or None; found {epoch!r:.60}")


def _check_rows(found: Spans, block_size: int, *, joined: bool) -> None:
    """Check that each row has spans of its own, of one token or more each, and of T at most together.

    Raises:
        ValueError: Naming the first that has not.
    """
    first, starts, lengths = found[:3]
    if first[0] or first[-1] != len(starts) or (np.diff(first) < 0).any():
        raise ValueError(f"spans().first must ascend from 0 to the number of spans, {len(starts):,}")
    if len(short := np.flatnonzero((found.places < 1) | (lengths < 0))):
        raise ValueError(f"spans().lengths must be 1 or more, found {lengths[short[0]]:,}")
    tokens = np.diff(np.concatenate(([0], np.cumsum(found.places)))[first])
    if joined and len(wrong := np.flatnonzero(tokens != block_size + 1)):
        raise ValueError(
            f"a joined row's spans have block_size + 1 = {block_size + 1:,} tokens together, found "
            f"{tokens[wrong[0]]:,}"
        )
    if joined:
        return
    if len(long := np.flatnonzero(tokens > block_size)):
        raise ValueError(
            f"a row's spans have at most block_size {block_size:,} tokens together, found {tokens[long[0]]:,}"
        )


def _ints(what: str, found: Any, length: int) -> Ints:
    """What must be int64[length].

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu" or found.shape != (length,):
        shown = f"{found.dtype}{[*found.shape]}" if isinstance(found, np.ndarray) else type(found).__name__
        raise TypeError(f"{what} must give int64[{length}], found {shown}")
    return found.astype(np.int64, copy=False)


__all__ = ["GuardedSampler", "GuardedSpanSampler", "guarded"]
