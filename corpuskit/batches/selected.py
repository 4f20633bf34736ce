"""Some documents of a stream, one after another, as a stream of their own for samplers."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.ranges import ranges
from corpuskit.samplers.base import (
    AnySampler,
    Sampler,
    SamplerContext,
    ShardGroups,
    Spans,
    SpanSampler,
    window_spans,
)
from corpuskit.samplers.phases import Phases
from corpuskit.selection import Selection


class SelectedDocuments:
    """The selected documents of a stream, one after another.

    Selected documents that follow each other in the stream are one run, so a window is cut only where a
    document that was not selected lies between two that were.

    Args:
        stream: The stream.
        selection: Which of its documents.
        what: What the stream is called in an error.

    Attributes:
        num_tokens: N, the tokens of the selected documents.
        run_ends: int64[r], where each run ends in the stream, ascending.

    Raises:
        ConfigError: If the selection is of another split, or empty, or no selection.
    """

    def __init__(self, stream: TokenStream, selection: Selection, *, what: str) -> None:
        ends = stream.document_ends()
        self._numbers = numbers = selected_numbers(stream, selection, len(ends), what)
        starts, stops = np.where(numbers > 0, ends[numbers - 1], 0), ends[numbers]
        self._ends = np.cumsum(stops - starts)
        self._fingerprint = selection.fingerprint
        self.num_tokens = int(self._ends[-1])
        self._run_starts, self.run_ends = runs_of(starts, stops)
        # Where runs end among the selected tokens.
        self._own_ends: Ints = np.cumsum(self.run_ends - self._run_starts)

    def context(self, context: SamplerContext) -> SamplerContext:
        """What a sampler of these documents is told; `context` is what one of the stream would be."""
        fingerprint = f"{context.fingerprint} {self._fingerprint}" if context.fingerprint else ""
        count, shards = context.count_targets, context.shard_starts
        return dataclasses.replace(
            context,
            num_tokens=self.num_tokens,
            document_ends=self.ends,
            document_numbers=lambda: self._numbers,
            fingerprint=hashlib.sha256(fingerprint.encode()).hexdigest() if fingerprint else "",
            count_targets=functools.partial(self._count_targets, count) if count else None,
            shard_starts=functools.partial(self._shard_starts, shards) if shards else None,
        )

    def ends(self) -> Ints:
        """int64[D]: where each of them ends among the selected tokens, ascending."""
        return self._ends

    def spans(self, spans: Spans) -> Spans:
        """Spans of the selected tokens as spans of the stream, cut where runs end."""
        first_run = np.searchsorted(self._own_ends, spans.starts, side="right")
        last_token = spans.starts + np.maximum(spans.lengths - 1, 0)
        last_run = np.searchsorted(self._own_ends, last_token, side="right")
        counts = last_run - first_run + 1
        run = ranges(first_run, counts)
        own_begins = self._own_ends - (self.run_ends - self._run_starts)
        starts = np.maximum(np.repeat(spans.starts, counts), own_begins[run])
        stops = np.minimum(np.repeat(spans.starts + spans.lengths, counts), self._own_ends[run])
        pieces = np.concatenate(([0], np.cumsum(counts)))
        bos = None
        if spans.bos is not None:
            bos = np.full(len(run), -1, np.int64)
            bos[pieces[:-1]] = spans.bos  # an id in front is in front of the span's first piece
        return Spans(pieces[spans.first], starts + (self._run_starts - own_begins)[run], stops - starts, bos)

    def places(self, own: Ints) -> Ints:
        """Where some of the selected tokens, by their numbers among them, are in the stream."""
        run = np.searchsorted(self._own_ends, own, side="right")
        found: Ints = self.run_ends[run] - (self._own_ends[run] - own)
        return found

    def _shard_starts(self, shard_starts: Callable[[], Ints]) -> Ints:
        """How many of the selected tokens are before each shard of the stream."""
        bounds = shard_starts()
        run = np.searchsorted(self.run_ends, bounds, side="left")
        before = np.concatenate(([0], self._own_ends))[run]
        found: Ints = before + np.maximum(bounds - np.append(self._run_starts, bounds[-1])[run], 0)
        return found

    def _count_targets(
        self,
        count: Callable[..., Ints],
        starts: Ints,
        lengths: Ints,
        front: NDArray[np.bool_] | None = None,
    ) -> Ints:
        """As the `count` of the whole stream: a target of another document than its input's run is none."""
        bos = None if front is None else front.astype(np.int64) - 1
        pieces = self.spans(Spans(np.arange(len(starts) + 1), starts, lengths, bos))
        lengths = pieces.lengths - breaks_off(self.run_ends, pieces.starts + pieces.lengths)
        counts = count(pieces.starts, lengths, None if pieces.bos is None else pieces.bos >= 0)
        sums = np.concatenate(([0], np.cumsum(counts)))[pieces.first]
        return np.diff(sums)


class SelectedSampler(SpanSampler):
    """A sampler over selected documents, its rows made of spans of the whole stream.

    Args:
        sampler: The sampler, over the selected documents as a stream of their own.
        documents: Those documents.
        block_size: T, tokens of x in a window.
        phases: Where it changes along the run; None where it does not.
    """

    def __init__(
        self,
        sampler: AnySampler,
        documents: SelectedDocuments,
        *,
        block_size: int,
        phases: Phases | None = None,
    ) -> None:
        self._sampler, self._documents, self._block_size = sampler, documents, block_size
        self._phases = phases
        self.samples_per_epoch = sampler.samples_per_epoch
        self.resizable, self.in_order, self.seeded = sampler.resizable, sampler.in_order, sampler.seeded
        self.counted, self.group_tokens = sampler.counted, sampler.group_tokens
        self.inside_documents = isinstance(sampler, SpanSampler) and sampler.inside_documents
        self.joined = isinstance(sampler, SpanSampler) and sampler.joined
        self.pad_to_multiple = sampler.pad_to_multiple if isinstance(sampler, SpanSampler) else 1
        self.breaks = None if self.inside_documents else documents.run_ends

    def spans(self, samples: Ints) -> Spans:
        """What each row is made of, in the whole stream."""
        if isinstance(self._sampler, SpanSampler):
            return self._documents.spans(self._sampler.spans(samples))
        assert isinstance(self._sampler, Sampler)
        sizes = self._block_size if self._phases is None else self._phases.sizes(samples)
        return self._documents.spans(window_spans(self._sampler.starts(samples), sizes))

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many samples an epoch has, or whole windows where the block size changes."""
        return self._sampler.part_epochs

    def drawn_tokens(self, sample: int) -> list[int] | None:
        """How many tokens of x the first samples have; None if all rows have as many."""
        return self._sampler.drawn_tokens(sample)

    def epoch_of(self, sample: int) -> int:
        """The number of the epoch that a sample is in."""
        return self._sampler.epoch_of(sample)

    def epoch_begin(self, epoch: int) -> int:
        """The first sample of an epoch."""
        return self._sampler.epoch_begin(epoch)

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """Those of the sampler: its stream is cut only where its documents end."""
        return self._sampler.segment_bounds(num_rows, block_size, longest, self._documents.ends)

    def upcoming(self, sample: int) -> ShardGroups | None:
        """Where the whole stream is read for some time, if the sampler can say it."""
        found = self._sampler.upcoming(sample)
        return None if found is None else ShardGroups(*map(self._documents.places, found))


def open_selected(
    stream: TokenStream, name: str, context: SamplerContext, documents: SelectedDocuments
) -> SelectedSampler:
    """The sampler of a name over selected documents of a stream.

    Args:
        stream: The stream.
        name: The sampler's name.
        context: What a sampler of the whole stream would be told.
        documents: The documents.

    Raises:
        UnknownName: If there is no such sampler.
        ConfigError: If the sampler cannot do what the context says.
    """
    sampler = stream.open_sampler(name, documents.context(context))
    return SelectedSampler(sampler, documents, block_size=context.block_size, phases=context.phases)


def runs_of(starts: Ints, stops: Ints) -> tuple[Ints, Ints]:
    """Where runs of documents that follow each other start and end; one without tokens is in none.

    Args:
        starts: int64[n], where the documents start, ascending.
        stops: int64[n], where they end.
    """
    filled = stops > starts
    starts, stops = starts[filled], stops[filled]
    is_apart, edge = starts[1:] != stops[:-1], np.ones(min(len(starts), 1), np.bool_)
    return starts[np.concatenate((edge, is_apart))], stops[np.concatenate((is_apart, edge))]


def breaks_off(breaks: Ints, ends: Ints) -> NDArray[np.bool_]:
    """Whether the target of the last token of a span that ends at each of `ends` was not selected."""
    at = np.searchsorted(breaks, ends)
    found: NDArray[np.bool_] = breaks[np.minimum(at, len(breaks) - 1)] == ends
    return found


def selected_numbers(stream: TokenStream, selection: Selection, num_documents: int, what: str) -> Ints:
    """The numbers of a selection of this stream.

    Args:
        stream: The stream.
        selection: Which of its documents.
        num_documents: How many it has.
        what: What the stream is called in an error.

    Raises:
        ConfigError: If it is not one.
    """
    if not isinstance(selection, Selection):
        raise ConfigError(
            f"selection = {selection!r:.80}: must be a selection of documents, as corpuskit.select gives",
            found=selection,
        )
    if selection.split != stream.fingerprint:
        raise ConfigError(
            f"the selection is of another split or corpus than {what}: fingerprint "
            f"{selection.split:.12}, expected {stream.fingerprint:.12}; select from this one",
            expected=stream.fingerprint,
            found=selection.split,
        )
    if not len(selection.runs):
        raise ConfigError(f"the selection has none of the {num_documents:,} documents of {what}; widen it")
    if selection.num_documents != num_documents:
        raise ConfigError(
            f"the selection is of {selection.num_documents:,} documents, and {what} has {num_documents:,}; "
            "select from this one",
            expected=num_documents,
            found=selection.num_documents,
        )
    return selection.numbers


__all__ = [
    "SelectedDocuments",
    "SelectedSampler",
    "breaks_off",
    "open_selected",
    "runs_of",
    "selected_numbers",
]
