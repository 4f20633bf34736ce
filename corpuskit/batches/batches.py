"""Batches: every batch of a run is a function of its number."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from corpuskit.batches import state as run_state
from corpuskit.batches.engines import Batch, Engine, HostEngine
from corpuskit.batches.opening import open_engine
from corpuskit.batches.options import check_output, check_sizes, open_sampler_for, sizes
from corpuskit.batches.prefetch import Prefetcher
from corpuskit.batches.rows import RowSource, SpanSource, WindowSource
from corpuskit.batches.segments import DocumentEnds
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.streamed import open_reader
from corpuskit.batches.window_plan import RankSlice, WindowPlan
from corpuskit.config import BATCH_SIZE, BLOCK_SIZE
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.keywords import checked
from corpuskit.numbers import as_whole, whole
from corpuskit.samplers.base import Ints, SamplerContext, SpanSampler
from corpuskit.samplers.mixture import MixtureSampler, MixtureSpanSampler

if TYPE_CHECKING:
    from corpuskit.batches.datasets import IterableBatches, WindowDataset

_Rows = Any


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """What a corpus has given to a run: samples, tokens of x, its share of all, and epochs if it has them."""

    samples: int
    tokens: int
    share: float
    epochs: float | None


class Batches:
    """Batches of windows of one split; `batches[step]` is the batch of a step, at once and in any order.

    x and y are int64 (batch_size / world_size, block_size), contiguous, and y is x shifted by one token. Step
    s is samples s * B to (s + 1) * B - 1 of the sampler's order, B being the global batch size, and rank r of
    W reads the r-th of W equal slices of them. Neither ranks nor workers nor shards change the order.

    Iterating goes on from the current step, which only iteration and `load_state_dict` move. It ends after
    an epoch, where the sampler has one, with the batch that reaches the epoch's end; a batch is always
    full, so that batch may hold samples of the next epoch, and the next loop begins after it.

    Args:
        split: `corpus["train"]`; use `corpus.batches("train", ...)`.
        batch_size: B, windows in a batch over all ranks; a multiple of `world_size`.
        block_size: T, tokens in a window.
        context_length: Another name for `block_size`.
        sampler: Which windows are drawn, by name: "random", "shuffled", "sequential", "packed", ...
        seed: Any integer; different seeds give unrelated orders.
        device: Where torch tensors go: None or "cpu", "cuda", "cuda:1", ...; "auto" is a GPU if there is one.
        debug: Shrink to 2 windows (or one a rank) of 8 tokens, whatever the sizes say.
        output: "torch", or "numpy", which imports no torch.
        rank: This process's number among `world_size`.
        world_size: Processes that share each batch.
        documents: True gives `(x, y, documents)`, with the `corpuskit.batches.Documents` of the batch; "mask"
            also has y be -100 wherever the target belongs to another document than its input.
        prefetch: How many batches a thread makes ahead while iterating; 0 makes each when it is asked for.
        resident: Keep the whole split on the device, and cut the batches there.
        sampler_options: What the sampler can be told.

    Raises:
        ConfigError: If an option is impossible, or the split too short for one window.

    Example:
        >>> batches = corpuskit.open("data/shakespeare/gpt2").batches(  # doctest: +SKIP
        ...     "train", batch_size=64, block_size=128, seed=2024
        ... )
        >>> x, y = batches[1234]  # doctest: +SKIP
    """

    @checked
    def __init__(
        self,
        split: TokenStream,
        *,
        batch_size: int = BATCH_SIZE,
        block_size: int = BLOCK_SIZE,
        context_length: int | None = None,
        sampler: str = "random",
        seed: int = 0,
        device: str | None = None,
        debug: bool = False,
        output: str = "torch",
        rank: int = 0,
        world_size: int = 1,
        documents: bool | str = False,
        prefetch: int = 0,
        resident: bool = False,
        sampler_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._split = split
        rank, world_size = whole("rank", rank, least=0), whole("world_size", world_size, least=1)
        batch_size, block_size = sizes(
            batch_size, block_size, context_length=context_length, debug=debug, world_size=world_size
        )
        seed, prefetch = whole("seed", seed), whole("prefetch", prefetch, least=0)
        self._options: dict[str, Any] = {
            "batch_size": batch_size,
            "block_size": block_size,
            "sampler": sampler,
            "seed": seed,
            "device": device,
            "output": output,
            "rank": rank,
            "world_size": world_size,
            "documents": documents,
            "prefetch": prefetch,
            "resident": resident,
            "sampler_options": dict(sampler_options or {}),
        }
        check_sizes(split, batch_size=batch_size, block_size=block_size, rank=rank, world_size=world_size)
        check_output(output, device, documents=documents, resident=resident)
        self.batch_size = batch_size
        self.block_size = block_size
        self._context = SamplerContext(
            num_tokens=split.num_tokens,
            block_size=block_size,
            seed=seed,
            document_ends=split.document_ends,
            fingerprint=split.fingerprint,
            options=self._options["sampler_options"],
            batch_size=batch_size,
        )
        self._part = RankSlice(batch_size, rank, world_size)
        self._sampler = open_sampler_for(split, sampler, self._context)
        self._sample = 0

    @property
    def step(self) -> int:
        """The step that iteration comes to next; after a change of batch size, the number of whole ones."""
        return self._sample // self.batch_size

    @property
    def sample(self) -> int:
        """Samples of the global order that iteration has passed; what `state_dict` saves."""
        return self._sample

    @property
    def samples_per_epoch(self) -> int | None:
        """Windows in an epoch; None for a sampler without epochs."""
        return self._sampler.samples_per_epoch

    def __len__(self) -> int:
        """Batches in the first epoch, the one that reaches its end included.

        Raises:
            TypeError: If the sampler has no epochs.
        """
        if self.samples_per_epoch is None:
            raise TypeError(f"batches of sampler {self._options['sampler']!r} have no length: it never ends")
        return -(-self.samples_per_epoch // self.batch_size)

    def __getitem__(self, step: int) -> Batch:
        number = as_whole(step)
        if number is None:
            raise TypeError(f"a step is an integer, not {type(step).__name__}")
        if not 0 <= number <= run_state.MAX_SAMPLE // self.batch_size:
            raise IndexError(f"step {run_state.short(number)}: steps count from 0, and samples up to 2**62")
        return self._read(number * self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self._iterate(self._epoch_end(), ahead=self._options["prefetch"])

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"<Batches of {self._split!r}: {options}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._split, self._options, self._sample)

    def drawn(self, sample: int | None = None) -> dict[str, Drawn]:
        """How much of each corpus the first samples have taken: by name, and one entry without a mixture.

        Args:
            sample: How many samples of the global order; by default those that iteration has passed.
        """
        passed = self._sample if sample is None else whole("sample", sample, least=0)
        if isinstance(self._sampler, (MixtureSampler, MixtureSpanSampler)):
            counts = self._sampler.drawn(passed)
        else:
            counts = [passed]
        names = getattr(self._split, "names", (self._split.name,))
        epochs = getattr(self._split, "samples_per_epoch", (self.samples_per_epoch,))
        return {
            name: Drawn(
                samples=count,
                tokens=count * self.block_size,
                share=count / passed if passed else 0.0,
                epochs=count / epoch if epoch else None,
            )
            for name, count, epoch in zip(names, counts, epochs, strict=True)
        }

    def seek(self, *, step: int | None = None, sample: int | None = None, epoch: int | None = None) -> None:
        """Let iteration go on from a step, an epoch's beginning, or any sample of the global order.

        Raises:
            ConfigError: If not exactly one of them is given, it is negative, or there are no epochs.
        """
        places = {
            "step": (step, self.batch_size),
            "sample": (sample, 1),
            "epoch": (epoch, self.samples_per_epoch),
        }
        given = [(name, number, size) for name, (number, size) in places.items() if number is not None]
        if len(given) != 1:
            raise ConfigError("seek takes one of step, sample and epoch")
        name, number, size = given[0]
        if size is None:
            raise ConfigError(f"sampler {self._options['sampler']!r} has no epochs; seek a step or a sample")
        sample_number = whole(f"seek to {name}", number) * size
        if not 0 <= sample_number <= run_state.MAX_SAMPLE:
            found = run_state.short(number)
            raise ConfigError(f"cannot seek to {name} {found}: samples count from 0 to 2**62", found=number)
        self._sample = sample_number

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here: a small JSON value.

        It does not depend on ranks or workers: any of them may save it, and any number of them load it.
        """
        return self._state(self._sample)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another run stopped: the next batch of iteration is the one after its last.

        The batch size may differ, because the state counts samples. So may the block size, for samplers
        whose order survives it; see the sampler. Everything else must be the same. That includes the shards,
        by whose sha256 the corpus is known, though the order does not depend on them: to go on after the same
        text was prepared with other shards, `seek(sample=state["sample"])`.

        Raises:
            ResumeError: If the state is of another corpus, split, sampler, seed or order; it says which.
        """
        free = ("block_size",) if getattr(self._sampler, "resizable", False) else ()
        expected = self._identity()
        corpus = state.get("corpus") if isinstance(state, Mapping) else None
        if isinstance(corpus, str) and corpus in getattr(self._split, "earlier_fingerprints", ()):
            expected["corpus"] = corpus  # a mixture to which corpora were added since
        sample = run_state.check(state, expected, free=free)
        saved = self._as_saved(state)
        run_state.check_order(state, saved._order_digest(sample))
        here = run_state.converted(sample, saved.samples_per_epoch, self.samples_per_epoch)
        self._sample = run_state.check_sample(here)

    def dataset(self, *, num_samples: int | None = None) -> WindowDataset:
        """A map-style torch Dataset: item i is the i-th window from the current sample on, as (x, y).

        Args:
            num_samples: Its length; by default an epoch, or as many windows as cover the split once.
        """
        from corpuskit.batches.datasets import WindowDataset

        if num_samples is None:
            num_samples = self.samples_per_epoch or (self._split.num_tokens - 1) // self.block_size
        return WindowDataset(self._undivided(), self._sample, num_samples)

    def iterable(self) -> IterableBatches:
        """An iterable torch Dataset of whole batches, for `DataLoader(..., batch_size=None)`.

        The batches come in the same order whatever the number of workers. They are CPU tensors: a worker has
        no business on a device.
        """
        from corpuskit.batches.datasets import IterableBatches

        return IterableBatches(self._with(output="torch", device=None, prefetch=0, resident=False))

    @cached_property
    def _source(self) -> RowSource[_Rows]:
        in_order = getattr(self._sampler, "in_order", False)
        reader = open_reader(self._split, self.block_size, random_access=not in_order)
        if isinstance(self._sampler, SpanSampler):
            return SpanSource(self._sampler, reader, self.block_size)
        ends = (lambda: self._document_ends) if self._options["documents"] else None
        return WindowSource(self._sampler, reader, self.block_size, ends)

    @cached_property
    def _document_ends(self) -> DocumentEnds:
        return DocumentEnds(self._split.document_ends())

    @cached_property
    def _plan(self) -> WindowPlan[_Rows]:
        return WindowPlan(self._part, self._source.resolve)

    @cached_property
    def _engine(self) -> Engine:
        names = ("output", "device", "documents", "resident")
        return open_engine(self._source, self._split, **{name: self._options[name] for name in names})

    def _read(self, first_sample: int) -> Batch:
        """This rank's part of the batch that begins at a sample of the global order."""
        return self._engine.finish(self._engine.start(self._plan.rows(first_sample)))

    def _rows(self, samples: Ints) -> tuple[Ints, ...]:
        """The rows of any samples in NumPy, and where their documents are, if that was asked for."""
        rows = self._source.resolve(samples)
        x, y, *documents = HostEngine(
            self._source, output="numpy", documents=self._options["documents"]
        ).start(rows)
        if not documents:
            return x, y
        ids = documents[0].document_ids
        return x, y, ids - ids[:, :1], documents[0].position_ids

    def _iterate(self, end: int | None, *, ahead: int = 0, workers: int = 1) -> Iterator[Batch]:
        """Batches from the current sample to `end`, skipping those of the other workers' turns."""
        hop = self.batch_size * workers
        plan = WindowPlan(self._part, self._source.resolve, stride=workers)
        prefetcher: Prefetcher | None = None

        def start(first_sample: int) -> Any:
            return self._engine.start(plan.rows(first_sample))

        try:
            while end is None or self._sample < end:
                first_sample = self._sample
                if prefetcher and prefetcher.next_sample != first_sample:  # somebody moved
                    prefetcher.close()
                    prefetcher = None
                if ahead and prefetcher is None:
                    prefetcher = Prefetcher(start, first_sample, hop=hop, depth=ahead, end=end)
                started = prefetcher.get() if prefetcher else start(first_sample)
                self._sample += hop
                # Yielded without a name: a batch that is kept here would have the next one written elsewhere,
                # in memory that the cache does not hold (98 us instead of 50 to 65 at 64 x 1024).
                yield self._engine.finish(started)
                del started
        finally:
            if prefetcher:
                prefetcher.close()

    def _epoch_end(self) -> int | None:
        """The sample where the current epoch ends."""
        if self.samples_per_epoch is None:
            return None
        return (self._sample // self.samples_per_epoch + 1) * self.samples_per_epoch

    def _identity(self) -> dict[str, Any]:
        """What must be the same in a run that goes on."""
        return {
            "sampler": self._options["sampler"],
            "sampler_options": self._options["sampler_options"],
            "seed": self._options["seed"],
            "split": self._split.name,
            "corpus": self._split.fingerprint,
            "block_size": self.block_size,
        }

    def _state(self, sample: int) -> dict[str, Any]:
        return {
            "version": run_state.VERSION,
            "sample": sample,
            **self._identity(),
            "batch_size": self.batch_size,
            "last_rows": self._order_digest(sample),
        }

    def _order_digest(self, sample: int) -> str:
        """A digest of the rows of the last samples before one."""
        samples = run_state.checked_samples(sample)
        if isinstance(self._sampler, SpanSampler):
            return run_state.digest(*self._sampler.spans(samples))
        return run_state.digest(self._sampler.starts(samples))

    def _as_saved(self, state: Mapping[str, Any]) -> Batches:
        """These batches with the sizes that the state was saved with.

        Raises:
            ResumeError: If those sizes cannot be.
        """
        sizes = {name: state.get(name) for name in ("batch_size", "block_size")}
        if sizes == {name: self._options[name] for name in sizes}:
            return self
        try:
            return self._with(**sizes, rank=0, world_size=1)
        except ConfigError as error:
            raise ResumeError(f"damaged state: {error}", found=sizes) from error

    def _undivided(self) -> Batches:
        """The same order in this process's memory and not shared with ranks: for a dataset's items."""
        return self._with(rank=0, world_size=1, output="numpy", device=None, prefetch=0, resident=False)

    def _with(self, **changes: Any) -> Batches:
        batches = Batches(self._split, **{**self._options, **changes})
        batches._sample = self._sample
        return batches


def _rebuild(split: TokenStream, options: dict[str, Any], sample: int) -> Batches:
    batches = Batches(split, **options)
    batches._sample = sample
    return batches
