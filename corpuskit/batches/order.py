"""The order of a run: which rows of a stream each sample is. Nothing in it changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches import state as run_state
from corpuskit.batches.bos import bos_resolver
from corpuskit.batches.engines import HostEngine
from corpuskit.batches.fim_options import decode_named, open_fim
from corpuskit.batches.joined import spans_of_x, spans_of_y
from corpuskit.batches.labels import label_runs
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.row_source import row_source
from corpuskit.batches.rows import RowSource
from corpuskit.batches.schedule import Phase, Schedule
from corpuskit.batches.segments import DocumentEnds
from corpuskit.batches.selected import SelectedDocuments, open_selected
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.target_counts import target_counter
from corpuskit.batches.targets import TargetWatch
from corpuskit.batches.window_plan import RankSlice, WindowPlan
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import AnySampler, Sampler, SamplerContext, Spans, SpanSampler, window_spans
from corpuskit.samplers.phases import Phases
from corpuskit.value_streams import LOSS


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnAmount:
    """What a corpus has given to a run: samples, tokens of x, its share of all, and epochs if it has them."""

    samples: int
    tokens: int
    share: float
    epochs: float | None


#: What an order keeps that depends on its block size.
_OF_A_SIZE = ("source", "_plans", "_watched", "_numpy_options")


class Order:
    """From sample numbers to rows of a stream, the same ones for ever.

    Args:
        stream: The tokens.
        options: What the run was told.

    Attributes:
        stream: The tokens.
        options: What the run was told.
        num_tokens: Tokens that are drawn from: those of the stream, or of the selected documents.
        watch: Counts the rows without a target that were made in this process.
        labels: The labels of the stream's tokens; None if batches have none.
        fim: How documents are filled in the middle; None if they are not.

    Raises:
        ConfigError: If the stream is too short for one window or has no values, field or tokens of a name
            that is asked for, or the sampler cannot do what is asked.
    """

    def __init__(self, stream: TokenStream, options: BatchOptions) -> None:
        what = f"split {stream.name!r}"
        least = stream.least_tokens(options.sampler, options.largest_block)
        options.check_fits(what, stream.num_tokens, least)
        self.stream = stream
        self.options = options
        self._phases = None if self.schedule is None else self.schedule.block_phases()
        self.watch = TargetWatch(options.batch_size, options.schedule)
        masks = options.loss and LOSS in stream.streams
        names = dict.fromkeys((*options.streams, LOSS) if masks else options.streams)
        self._values = {name: stream.stream(name) for name in names}
        self.labels = label_runs(stream, options.labels) if options.labels else None
        self.fim = open_fim(stream, options.fim) if options.fim else None
        self.num_tokens = stream.num_tokens
        self.sampler: AnySampler
        context = SamplerContext(
            num_tokens=stream.num_tokens,
            block_size=options.largest_block,
            seed=options.seed,
            document_ends=stream.document_ends,
            fingerprint=stream.table_identity,
            options=options.sampler_options,
            batch_size=options.batch_size if self.schedule is None else 1,
            count_targets=target_counter(stream),
            bos_id=bos_resolver(stream),
            shard_starts=lambda: stream.shard_starts,
            phases=self._phases,
            rows_read=max(one.batch_size for one in options.phases()),
        )
        if options.selection is None:
            self.sampler = stream.open_sampler(options.sampler, context)
        else:
            documents = SelectedDocuments(stream, options.selection, what=what)
            self.num_tokens = documents.num_tokens
            options.check_fits(f"the selection of {what}", self.num_tokens, least)
            self.sampler = open_selected(stream, options.sampler, context, documents)

    def __repr__(self) -> str:
        return f"<Order of {self.stream!r}: sampler {self.options.sampler!r}, seed {self.options.seed}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Order, (self.stream, self.options)

    @property
    def schedule(self) -> Schedule | None:
        """How the sizes change along the run; None where they do not."""
        return self.options.schedule

    def at(self, sample: int) -> Order:
        """The same order with the sizes of the phase that a sample is in."""
        if self.schedule is None:
            return self
        phase = self.schedule.at_sample(sample)
        shape = phase.batch_size, phase.block_size
        found = self._shapes.get(shape)
        if found is None:
            found = self._shapes[shape] = _of_phase(self, phase, [self, *self._shapes.values()])
        return found

    def first_sample(self, step: int) -> int:
        """The first sample of a step's batch."""
        return step * self.options.batch_size if self.schedule is None else self.schedule.first_sample(step)

    def step_of(self, sample: int) -> int:
        """The step whose batch a sample is in."""
        return sample // self.options.batch_size if self.schedule is None else self.schedule.step_of(sample)

    def samples_of(self, num_tokens: int) -> int:
        """How many rows, from the first on, have at most so many tokens of x; whole windows of them."""
        whole = num_tokens // self.options.largest_block
        return whole if self._phases is None else self._phases.sample_of(whole)

    @property
    def samples_per_epoch(self) -> int | None:
        """Rows in an epoch, in the first one where the block size changes; None without epochs."""
        return self.sampler.samples_per_epoch

    def batches_in_epoch(self) -> int:
        """Batches in the first epoch, the one that reaches its end included.

        Raises:
            TypeError: If the sampler has no epochs.
        """
        if self.samples_per_epoch is None:
            raise TypeError(f"batches of sampler {self.options.sampler!r} have no length: it never ends")
        return self.step_of(self.samples_per_epoch - 1) + 1

    @property
    def samples_in_view(self) -> int | None:
        """How many samples to look ahead at most, where rows are in some shards for some time; else None.

        It is a quarter of that time, so that the shards after these are announced soon after it has begun.
        """
        tokens = self.sampler.group_tokens
        return None if tokens is None else max(1, tokens // (4 * self.options.block_size))

    def epoch_end(self, sample: int) -> int | None:
        """The sample where the epoch of a sample ends; None without epochs."""
        if self.samples_per_epoch is None:
            return None
        return self.sampler.epoch_begin(self.sampler.epoch_of(sample) + 1)

    def spans(self, samples: Sequence[int] | Ints, *, targets: bool = False) -> Spans:
        """Which pieces of the stream the rows of samples are made of.

        Args:
            samples: int64[n], sample numbers in any order.
            targets: Whether the spans are those of y, the last of which may be not asked for.

        Returns:
            Where the spans of each row's x are in the stream. That of a mixture is its corpora one after
            another, in the order of `stream.names`.

        Raises:
            IndexError: If a number is negative.
        """
        samples = _sample_numbers(samples)
        if isinstance(self.sampler, SpanSampler):
            spans, joined = self.sampler.spans(samples), self.sampler.joined
            if targets:
                return spans_of_y(spans, joined=joined)
            return spans_of_x(spans) if joined else spans
        assert isinstance(self.sampler, Sampler)
        sizes = self.options.block_size if self._phases is None else self._phases.sizes(samples)
        return window_spans(self.sampler.starts(samples) + targets, sizes)

    def rows(self, samples: Sequence[int] | Ints, *, watch: TargetWatch | None = None) -> tuple[Any, ...]:
        """The rows of samples in NumPy.

        Args:
            samples: int64[n], sample numbers in any order.
            watch: Hears of rows without a target; by default nobody does.

        Returns:
            x and y, int64 (n, T); y is (n, num_targets, T) where several were asked for. Where documents
            were asked for, the number of each place's segment in its row, and its place in the segment,
            int32 (n, T) each; where streams were asked for, a mapping of each to its values, (n, T); and
            where labels were asked for, their ids, int32 (n, T).

        Raises:
            IndexError: If a number is negative.
            ConfigError: If they are of different block sizes.
        """
        samples = _sample_numbers(samples)
        if self._phases is not None and len(samples):
            size = _one_size(self._phases, samples)
            if size != self.options.block_size:
                return self.at(int(samples[0])).rows(samples, watch=watch)
        return self._read(self.source.resolve(samples), samples, watch)

    def row(self, sample: int, *, watch: TargetWatch | None = None) -> tuple[Any, ...]:
        """The same of one sample, in less time: where the samples follow each other, many are found at once.

        Raises:
            IndexError: If its number is negative.
        """
        if sample < 0:
            raise IndexError(f"sample {sample:,}: samples count from 0")
        if self._phases is not None and self._phases.sizes(np.array([sample]))[0] != self.options.block_size:
            return self.at(sample).row(sample, watch=watch)
        return self._read(_plan_at(self, sample).rows(sample), (sample,), watch)

    def _read(self, rows: Any, samples: Sequence[int] | Ints, watch: TargetWatch | None) -> tuple[Any, ...]:
        engine = self._watched if watch is self.watch else self._host_engine(watch)
        x, y, *more = engine.start(rows, samples)
        if self.options.documents:
            ids = more[0].document_ids
            more[:1] = ids - ids[:, :1], more[0].position_ids
        if self.labels:
            more[-1] = more[-1].ids
        return x, y, *more

    def digest(self, sample: int) -> str:
        """A digest of the rows of the last samples before one, and of the last one of each corpus."""
        return _digest(self.sampler, run_state.checked_samples(sample, self.sampler.drawn))

    def identity(self) -> dict[str, Any]:
        """What must be the same in a run that goes on, as JSON values."""
        return _identity(self)

    def size(self, name: str) -> Any:
        """`batch_size` or `block_size` as a JSON value: a number, or [first step, number] of each stretch."""
        return getattr(self.options, name) if self.schedule is None else self.schedule.sizes(name)

    def drawn(self, sample: int) -> dict[str, DrawnAmount]:
        """How much of each corpus the first samples have taken, by name."""
        return _drawn(self, sample)

    def counted(self) -> dict[str, dict[str, int]]:
        """What the samplers counted when they were made, by corpus; see `Batches.counted`."""
        parts = zip(self.stream.names, self.sampler.part_counted, strict=True)
        return {name: dict(counted) for name, counted in parts}

    @cached_property
    def source(self) -> RowSource[Any]:
        """What reads the rows."""
        return row_source(
            self.stream,
            self.sampler,
            self.options,
            values=self._values,
            document_ends=lambda: self._document_ends,
            fim=self.fim,
        )

    @cached_property
    def _shapes(self) -> dict[tuple[int, int], Order]:
        """The orders of the schedule's phases that were asked for, by batch size and block size."""
        return {}

    @cached_property
    def _plans(self) -> dict[int | None, WindowPlan[Any]]:
        return {}

    @cached_property
    def _watched(self) -> HostEngine:
        return self._host_engine(self.watch)

    def _host_engine(self, watch: TargetWatch | None) -> HostEngine:
        return HostEngine(self.source, self._numpy_options, watch, self.labels)

    @cached_property
    def _numpy_options(self) -> BatchOptions:
        return self.options.replace(
            output="numpy", device=None, resident=False, layout="rows", max_segments=None
        )

    @cached_property
    def _document_ends(self) -> DocumentEnds:
        return DocumentEnds(self.stream.document_ends())


def names_in(order: Order) -> Mapping[int, str]:
    """What people see of ids in rows that are no token of the tokenizer there: those of `fim`."""
    return order.fim.names if order.fim else {}


def decode_rows(order: Order, ids: Sequence[int] | Ints) -> str:
    """The text that ids of rows stand for, those of `names_in` by their names."""
    return decode_named(ids, order.stream.decode, names_in(order))


def _of_phase(order: Order, phase: Phase, others: Sequence[Order]) -> Order:
    """An order with the sizes of a phase; one of the others with its block size reads for both."""
    if order.options.documents:
        _ = order._document_ends  # so that all share them
    like = next((one for one in others if one.options.block_size == phase.block_size), None)
    found = Order.__new__(Order)  # and nothing is opened again
    found.__dict__ = {name: value for name, value in vars(order).items() if name not in _OF_A_SIZE}
    if like is not None:
        found.source = like.source
    found.options = order.options.at(phase)
    return found


def _plan_at(order: Order, sample: int) -> WindowPlan[Any]:
    """The plan of rows that follow each other, which looks no further than the phase of a sample."""
    end = None if order.schedule is None else order.schedule.end_of(order.schedule.at_sample(sample))
    plans = order._plans
    if end not in plans:
        order._plans = plans = {end: WindowPlan(RankSlice(1), order.source.resolve, end=end)}
    return plans[end]


def _identity(order: Order) -> dict[str, Any]:
    return {
        "sampler": order.options.sampler,
        "sampler_options": order.options.sampler_options,
        "seed": order.options.seed,
        "split": order.stream.name,
        "corpus": order.stream.fingerprint,
        "block_size": order.size("block_size"),
        "selection": "" if order.options.selection is None else order.options.selection.fingerprint,
        "num_targets": order.options.num_targets,
        "fim": order.fim.to_json() if order.fim else {},
    }


def _digest(sampler: AnySampler, samples: Ints) -> str:
    if isinstance(sampler, SpanSampler):
        return run_state.digest(*(part for part in sampler.spans(samples) if part is not None))
    assert isinstance(sampler, Sampler)
    return run_state.digest(sampler.starts(samples))


def _one_size(phases: Phases, samples: Ints) -> int:
    """The block size of the rows of samples.

    Raises:
        ConfigError: If there are several.
    """
    sizes = np.unique(phases.sizes(samples))
    if len(sizes) > 1:
        raise ConfigError(
            f"samples {samples.min():,} to {samples.max():,} have rows of {sizes[0]:,} and "
            f"{sizes[1]:,} tokens by the schedule; ask for those of one block_size at a time"
        )
    return int(sizes[0])


def _drawn(order: Order, sample: int) -> dict[str, DrawnAmount]:
    sampler, options = order.sampler, order.options
    counts, tokens, size = sampler.drawn(sample), sampler.drawn_tokens(sample), options.largest_block
    if tokens is None:
        tokens, size = [count * options.block_size for count in counts], options.block_size
    total, found = sum(tokens), {}
    rows = zip(order.stream.names, counts, tokens, sampler.part_epochs, strict=True)
    for name, count, of_x, epoch in rows:
        epochs = of_x / size / epoch if epoch else None
        found[name] = DrawnAmount(count, of_x, of_x / total if total else 0.0, epochs)
    return found


def _sample_numbers(samples: Sequence[int] | Ints) -> Ints:
    numbers = np.asarray(samples, np.int64).reshape(-1)
    if len(numbers) and numbers.min() < 0:
        raise IndexError(f"sample {numbers.min():,}: samples count from 0")
    return numbers


__all__ = ["DrawnAmount", "Order", "decode_rows", "names_in"]
