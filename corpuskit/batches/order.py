"""The order of a run: which rows of a stream each sample is. Nothing in it changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches import state as run_state
from corpuskit.batches.bos import bos_resolver
from corpuskit.batches.engines import HostEngine
from corpuskit.batches.fill_in_the_middle import FimSource
from corpuskit.batches.fim_options import open_fim
from corpuskit.batches.joined import JoinedSource, spans_of_x, spans_of_y
from corpuskit.batches.labels import label_runs
from corpuskit.batches.opening import open_reader
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.rows import RowSource, SpanSource, Values, WindowSource
from corpuskit.batches.segments import DocumentEnds
from corpuskit.batches.selected import SelectedDocuments, open_selected
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.target_counts import target_counter
from corpuskit.batches.targets import TargetWatch
from corpuskit.batches.targets_ahead import AheadSource
from corpuskit.batches.window_plan import RankSlice, WindowPlan
from corpuskit.samplers.base import AnySampler, Sampler, SamplerContext, Spans, SpanSampler, window_spans
from corpuskit.value_streams import LOSS


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnAmount:
    """What a corpus has given to a run: samples, tokens of x, its share of all, and epochs if it has them."""

    samples: int
    tokens: int
    share: float
    epochs: float | None


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
        options.check_fits(what, stream.num_tokens)
        self.stream = stream
        self.options = options
        self.watch = TargetWatch(options.batch_size)
        masks = options.loss and LOSS in stream.streams
        names = dict.fromkeys((*options.streams, LOSS) if masks else options.streams)
        self._values = {name: stream.stream(name) for name in names}
        self.labels = label_runs(stream, options.labels) if options.labels else None
        self.fim = open_fim(stream, options.fim) if options.fim else None
        self.num_tokens = stream.num_tokens
        self.sampler: AnySampler
        context = SamplerContext(
            num_tokens=stream.num_tokens,
            block_size=options.block_size,
            seed=options.seed,
            document_ends=stream.document_ends,
            fingerprint=stream.fingerprint,
            options=options.sampler_options,
            batch_size=options.batch_size,
            count_targets=target_counter(stream),
            bos_id=bos_resolver(stream),
            shard_starts=lambda: stream.shard_starts,
        )
        if options.selection is None:
            self.sampler = stream.open_sampler(options.sampler, context)
        else:
            documents = SelectedDocuments(stream, options.selection, what=what)
            self.num_tokens = documents.num_tokens
            options.check_fits(f"the selection of {what}", self.num_tokens)
            self.sampler = open_selected(stream, options.sampler, context, documents)

    def __repr__(self) -> str:
        return f"<Order of {self.stream!r}: sampler {self.options.sampler!r}, seed {self.options.seed}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Order, (self.stream, self.options)

    @property
    def samples_per_epoch(self) -> int | None:
        """Rows in an epoch; None for a sampler without epochs."""
        return self.sampler.samples_per_epoch

    def batches_in_epoch(self) -> int:
        """Batches in the first epoch, the one that reaches its end included.

        Raises:
            TypeError: If the sampler has no epochs.
        """
        if self.samples_per_epoch is None:
            raise TypeError(f"batches of sampler {self.options.sampler!r} have no length: it never ends")
        return -(-self.samples_per_epoch // self.options.batch_size)

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
        return (sample // self.samples_per_epoch + 1) * self.samples_per_epoch

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
        return window_spans(self.sampler.starts(samples) + targets, self.options.block_size)

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
        """
        samples = _sample_numbers(samples)
        return self._read(self.source.resolve(samples), samples, watch)

    def row(self, sample: int, *, watch: TargetWatch | None = None) -> tuple[Any, ...]:
        """The same of one sample, in less time: where the samples follow each other, many are found at once.

        Raises:
            IndexError: If its number is negative.
        """
        if sample < 0:
            raise IndexError(f"sample {sample:,}: samples count from 0")
        return self._read(self._plan.rows(sample), (sample,), watch)

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
        """A digest of the rows of the last samples before one."""
        samples = run_state.checked_samples(sample)
        if isinstance(self.sampler, SpanSampler):
            return run_state.digest(*(part for part in self.sampler.spans(samples) if part is not None))
        assert isinstance(self.sampler, Sampler)
        return run_state.digest(self.sampler.starts(samples))

    def identity(self) -> dict[str, Any]:
        """What must be the same in a run that goes on, as JSON values."""
        return {
            "sampler": self.options.sampler,
            "sampler_options": self.options.sampler_options,
            "seed": self.options.seed,
            "split": self.stream.name,
            "corpus": self.stream.fingerprint,
            "block_size": self.options.block_size,
            "selection": "" if self.options.selection is None else self.options.selection.fingerprint,
            "num_targets": self.options.num_targets,
            "fim": self.fim.to_json() if self.fim else {},
        }

    def drawn(self, sample: int) -> dict[str, DrawnAmount]:
        """How much of each corpus the first samples have taken, by name."""
        counts, epochs = self.sampler.drawn(sample), self.sampler.part_epochs
        return {
            name: DrawnAmount(
                samples=count,
                tokens=count * self.options.block_size,
                share=count / sample if sample else 0.0,
                epochs=count / epoch if epoch else None,
            )
            for name, count, epoch in zip(self.stream.names, counts, epochs, strict=True)
        }

    def counted(self) -> dict[str, dict[str, int]]:
        """What the samplers counted when they were made, by corpus; see `Batches.counted`."""
        parts = zip(self.stream.names, self.sampler.part_counted, strict=True)
        return {name: dict(counted) for name, counted in parts}

    @cached_property
    def source(self) -> RowSource[Any]:
        """What reads the rows."""
        options, source, sampler = self.options, self._plain_source, self.sampler
        if self.fim:
            is_inside = isinstance(sampler, SpanSampler) and sampler.inside_documents
            ends = None if is_inside else lambda: self._document_ends
            num_ids = self.stream.num_ids
            source = FimSource(source, self.fim, seed=options.seed, ends=ends, num_ids=num_ids)
        if options.num_targets > 1:
            source = AheadSource(
                source,
                options.num_targets,
                ends=self.stream.document_ends,
                corpus_ends=self.stream.corpus_ends,
                breaks=sampler.breaks if isinstance(sampler, SpanSampler) else None,
                is_masked=options.documents == "mask",
                has_loss=options.loss and LOSS in source.beside,
            )
        return source

    @property
    def _plain_source(self) -> RowSource[Any]:
        """What reads the rows as they are in the stream, and the next token as each place's target."""
        block_size, num_behind = self.options.block_size, self.options.num_targets - 1
        random_access = not self.sampler.in_order
        reader = open_reader(self.stream, block_size + 1, random_access=random_access, num_behind=num_behind)
        ends = (lambda: self._document_ends) if self.options.documents else None
        beside = {
            name: Values(
                values, open_reader(values, length, random_access=random_access, num_behind=num_behind)
            )
            for name, values in self._values.items()
            for length in [block_size + (values.of == "target")]
        }
        if isinstance(self.sampler, SpanSampler):
            kind = JoinedSource if self.sampler.joined else SpanSource
            return kind(self.sampler, reader, block_size, ends, beside, self.stream.num_ids)
        assert isinstance(self.sampler, Sampler)
        return WindowSource(self.sampler, reader, block_size, ends, beside, self.stream.num_ids)

    @cached_property
    def _plan(self) -> WindowPlan[Any]:
        return WindowPlan(RankSlice(1), self.source.resolve)

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


def _sample_numbers(samples: Sequence[int] | Ints) -> Ints:
    numbers = np.asarray(samples, np.int64).reshape(-1)
    if len(numbers) and numbers.min() < 0:
        raise IndexError(f"sample {numbers.min():,}: samples count from 0")
    return numbers


__all__ = ["DrawnAmount", "Order"]
