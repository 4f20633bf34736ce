"""Batches: every batch of a run is a function of its number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from corpuskit.batches import state as run_state
from corpuskit.batches.cursor import Cursor
from corpuskit.batches.engines import Batch
from corpuskit.batches.options import BatchOptions, options_of
from corpuskit.batches.order import DrawnAmount, Order
from corpuskit.batches.ranks import warn_if_nothing_is_shared
from corpuskit.batches.schedule import Schedule
from corpuskit.batches.segment_limits import check_segments
from corpuskit.batches.stream import TokenStream
from corpuskit.config.keywords import BatchKeywords, checked, takes
from corpuskit.markup import display
from corpuskit.numbers import as_whole, whole

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from corpuskit.batches.datasets import IterableBatches, WindowDataset
    from corpuskit.batches.trace import Trace


class Batches(Cursor):
    """Batches of windows of one split; `batches[step]` is the batch of a step, at once and in any order.

    x and y are int64 (batch_size / world_size, block_size), contiguous, and y is x shifted by one token. Step
    s is samples s * B to (s + 1) * B - 1 of the sampler's order, B being the global batch size, and rank r of
    W reads the r-th of W equal slices of them. Neither ranks nor workers nor shards change the order.

    Iterating goes on from the current step, which only iteration and `load_state_dict` move. It ends after
    an epoch, where the sampler has one, with the batch that reaches the epoch's end; a batch is always
    full, so that batch may hold samples of the next epoch, and the next loop begins after it.

    Args:
        split: `corpus["train"]`; use `corpus.batches("train", ...)`.
        batch_size: B, windows in a batch over all ranks; a multiple of `world_size`. Or a schedule of
            (place, B), such as [(0, 64), (10_000, 128)]. A place is a step, or text such as "5e9 tokens": the
            first step before which so many tokens of x were in batches, of all ranks.
        block_size: T, tokens in a window. Or a schedule, (place, T), such as [(0, 256), (20_000, 1024)]; each
            T divides the largest, whose windows are cut. `batches.schedule` has what follows from both.
        context_length: Another name for `block_size`.
        sampler: Which windows are drawn, by name: "random", "shuffled", "sequential", "packed", ...
        seed: Any integer; different seeds give unrelated orders.
        device: Where torch tensors go: None or "cpu", "cuda", "cuda:1", ...; "auto" is a GPU if there is one.
        debug: Shrink to 2 windows (or one a rank) of 8 tokens, whatever the sizes say.
        output: "torch", or "numpy", which imports no torch.
        rank: This process's number among `world_size`, by default 0. "auto" is that of torch.distributed's
            process group, or else what torchrun says in the environment; where there is neither it is 0 of 1.
        world_size: Processes that share each batch, by default 1; or "auto".
        documents: True gives `(x, y, documents)`, with the `corpuskit.Segments` of the batch; "mask"
            also has y be -100 wherever the target belongs to another document than its input.
        layout: "flat" gives x and y as one row, (1, batch_size / world_size * block_size), always with the
            `corpuskit.Segments`; attention of variable lengths takes it as it is. A row's end ends a segment,
            so the longest document that is not cut has block_size tokens.
        max_segment: Cut segments of more tokens into pieces of so many, and a rest. No target is lost.
        max_segments: Give the segments of each batch as so many, those after the last without a place, and
            their longest as the longest that there may be, so that compiled code sees the same shapes. A
            number that is too small for any batch is an error at once, which names one that is enough.
        streams: Names of streams of values, such as "loss"; a batch then has a dict of them, too, arrays of
            x's shape: at the places of x or of y, as each stream says, and its fill in padding. Torch tensors
            of values of uint16 are int32, and those of uint32 int64.
        labels: True has a batch end with `corpuskit.Labels` that say which corpus of a mixture each target is
            of; the name of a kept field, such as "lang", which value its document has there.
        loss: Have y be -100 wherever the corpus's stream "loss", if it has one, is 0 for the target.
        prefetch: How many batches a thread makes ahead while iterating; 0 makes each when it is asked for.
        resident: Keep the whole split on the device, and cut the batches there.
        sampler_options: What the sampler can be told.
        selection: Which documents are drawn from, as `corpuskit.select` gives them; None is all of them. The
            sampler sees them one after another, as if there were no others. Where one follows another that
            it does not follow in the split, the target is -100.
        num_targets: n, how many tokens ahead each place of x has targets for. With several y is
            (rows, n, block_size), and `y[:, k]` is k + 1 tokens ahead. It is -100 past the end of the corpus,
            and wherever `y[:, 0]` of the target, or of a document's end before it, is. Windows read
            block_size + n tokens; rows made of spans go on in the document that they end in. Streams and
            labels are of `y[:, 0]`. In a flat batch y is (1, n, rows * block_size).
        fim: Fill in the middle: the share of documents, 0 to 1, or a mapping of `rate`, of `spm_rate` (the
            share of those in the order SPM, by default 0.5), and of `prefix`, `suffix` and `middle`, the
            three tokens, ids or names; by default they are found by their names. Three tokens of the
            document make room for them, so that a row's documents keep their places. Items of streams move
            with their tokens; those of the three tokens are the fill, so that they are learned.

    Raises:
        ConfigError: If an option is impossible, or the split too short for one window.

    Example:
        >>> batches = corpuskit.open("data/tinyshakespeare/gpt2").batches(
        ...     "train", batch_size=64, block_size=128, seed=2024
        ... )
        >>> x, y = batches[1234]
    """

    #: Whether to look, when the first batch is asked for, if several ranks are meant to share them.
    _may_warn = False

    @checked
    @takes(BatchKeywords)
    def __init__(self, split: TokenStream, **options: Unpack[BatchKeywords]) -> None:
        super().__init__(Order(split, options_of(**options)))
        self._may_warn = options.get("rank") is None or options.get("world_size") is None
        check_segments(self.order)

    @property
    def options(self) -> BatchOptions:
        """What the batches were told, as it is meant."""
        return self.order.options

    @property
    def schedule(self) -> Schedule | None:
        """How batch size and block size change along the run; None where they do not."""
        return self.order.schedule

    @property
    def samples_per_epoch(self) -> int | None:
        """Windows in an epoch, in the first one where the block size changes; None without epochs."""
        return self.order.samples_per_epoch

    @property
    def rows_without_targets(self) -> int:
        """Rows of this rank that no target was left in, among all that were made in this process so far.

        Iteration counts, prefetched batches included, and so does `batches[step]`, each time; those that a
        DataLoader's workers made do not. Only the stream "loss" is asked: without it, this stays 0. Rows that
        are nothing but padding, which fill a pass's last batch, are none of them.
        """
        return self.order.watch.rows

    @property
    def label_names(self) -> tuple[str | None, ...]:
        """What the labels are called, as in `corpuskit.Labels`; none where no labels were asked for."""
        return self.order.labels.names if self.order.labels else ()

    def __len__(self) -> int:
        """Batches in the first epoch, the one that reaches its end included.

        Raises:
            TypeError: If the sampler has no epochs.
        """
        return self.order.batches_in_epoch()

    def __getitem__(self, step: int) -> Batch:
        if self._may_warn:
            self._warn()
        return self.read(self._first_sample(step))

    def __iter__(self) -> Iterator[Batch]:
        if self._may_warn:
            self._warn()
        return super().__iter__()

    def _warn(self) -> None:
        self._may_warn = False
        warn_if_nothing_is_shared()

    def trace(self, step: int) -> Trace:
        """Where the rows of `batches[step]` are from: documents, their inputs and places, and the text.

        Raises:
            IndexError: If there is no such step.
            TokenizerError: If the text cannot be decoded.
        """
        from corpuskit.batches.trace import trace

        first = self._first_sample(step)
        order = self.order.at(first)
        rows = order.options.rows_of_rank
        row = order.options.rank * rows
        return trace(order, range(first + row, first + row + rows), step=as_whole(step), first_row=row)

    def _first_sample(self, step: int) -> int:
        number = as_whole(step)
        if number is None:
            raise TypeError(f"a step is an integer, not {type(step).__name__}")
        first = self.order.first_sample(max(number, 0))
        if number < 0 or first > run_state.MAX_SAMPLE:
            raise IndexError(f"step {run_state.short(number)}: steps count from 0, and samples up to 2**62")
        return first

    def __repr__(self) -> str:
        said = {name: getattr(self.options, name) for name in BatchOptions.__dataclass_fields__}
        options = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
        return f"<Batches of {self.order.stream!r}: {options}>"

    def _repr_html_(self) -> str:
        said = {name: getattr(self.options, name) for name in BatchOptions.__dataclass_fields__}
        facts = {name: value for name, value in said.items() if value is not None and value != {}}
        epoch = f"{len(self):,} steps" if self.samples_per_epoch is not None else "none: it never ends"
        rows = [(name, amount.samples, amount.tokens) for name, amount in self.drawn().items()]
        for name, counted in self.counted.items():
            of = f" of {name}" if len(rows) > 1 else ""
            facts |= {what.replace("_", " ") + of: f"{count:,}" for what, count in counted.items()}
        columns = ("corpus" if len(rows) > 1 else "split", "rows drawn so far", "tokens of x")
        title = f"Batches of {self.order.stream.name}, {self.order.stream.num_tokens:,} tokens"
        return display(title, {**facts, "an epoch": epoch}, columns, rows)

    @property
    def counted(self) -> dict[str, dict[str, int]]:
        """What the sampler counted when it was made, by corpus, one entry without a mixture.

        Of `packed`: `documents_dropped`, `documents_truncated` or `documents_split`, with `tokens_dropped`
        (those of these documents), `tokens_truncated` (those that were cut off) or `tokens_split`. With
        `skip_untrained`: `rows_skipped`. A number that is 0 is left out.
        """
        return self.order.counted()

    def drawn(self, sample: int | None = None) -> dict[str, DrawnAmount]:
        """How much of each corpus the first samples have taken: by name, and one entry without a mixture.

        Args:
            sample: How many samples of the global order; by default those that iteration has passed.
        """
        return self.order.drawn(self.sample if sample is None else whole("sample", sample, least=0))

    def dataset(self, *, num_samples: int | None = None, columns: Sequence[str] = ()) -> WindowDataset:
        """A map-style torch Dataset: item i is the i-th window from the current sample on, as (x, y).

        Args:
            num_samples: Its length; by default an epoch, or as many windows as cover the split once.
            columns: Have items be dicts for Hugging Face's trainers, of "input_ids" and "labels", which are
                not shifted because models of transformers shift them; and with documents, "position_ids",
                which begin at 0 in each, and "seq_lengths", their lengths, for TRL.

        Raises:
            ConfigError: If there is no such column.
        """
        from corpuskit.batches.datasets import WindowDataset

        if num_samples is None:
            num_samples = self.samples_per_epoch or self.order.samples_of(self.order.num_tokens - 1)
        num_samples = whole("num_samples", num_samples, least=0)
        order = self._on_host(output="numpy", rank=0, world_size=1)
        return WindowDataset(order, self.sample, num_samples, columns)

    def iterable(self) -> IterableBatches:
        """An iterable torch Dataset of whole batches, for `DataLoader(..., batch_size=None)`.

        The batches come in the same order whatever the number of workers. They are CPU tensors: a worker has
        no business on a device.
        """
        from corpuskit.batches.datasets import IterableBatches

        if self._may_warn:
            self._warn()
        return IterableBatches(Cursor(self._on_host(output="torch"), self.sample))

    def _on_host(self, **changes: Any) -> Order:
        """The same order for batches in this process's memory, made when they are asked for."""
        options = self.options.replace(device=None, prefetch=0, resident=False, **changes)
        return Order(self.order.stream, options)
