"""A place in an order: batches one after the other, and the state that goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from corpuskit.batches import state as run_state
from corpuskit.batches.engines import Batch, Engine
from corpuskit.batches.opening import open_engine
from corpuskit.batches.order import Order
from corpuskit.batches.prefetch import Prefetcher
from corpuskit.batches.window_plan import RankSlice, WindowPlan
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.numbers import whole


class Cursor:
    """A place in an order, which iteration, `seek` and `load_state_dict` move.

    Args:
        order: The order.
        sample: Where it begins.

    Attributes:
        order: The order.
        batch_size: B, rows of a batch over all ranks.
        block_size: T, tokens in a row.
    """

    def __init__(self, order: Order, sample: int = 0) -> None:
        options = order.options
        self.order = order
        self.batch_size = options.batch_size
        self.block_size = options.block_size
        self._part = RankSlice(options.batch_size, options.rank, options.world_size)
        self._sample = sample

    @property
    def step(self) -> int:
        """The step that iteration comes to next; after a change of batch size, the number of whole ones."""
        return self._sample // self.batch_size

    @property
    def sample(self) -> int:
        """Samples of the global order that iteration has passed; what `state_dict` saves."""
        return self._sample

    def __reduce__(self) -> tuple[Any, ...]:
        return _at, (type(self), self.order, self._sample)

    def __iter__(self) -> Iterator[Batch]:
        end = self.order.epoch_end(self._sample)
        return self.iterate(end, ahead=self.order.options.prefetch)

    def seek(self, *, step: int | None = None, sample: int | None = None, epoch: int | None = None) -> None:
        """Let iteration go on from a step, an epoch's beginning, or any sample of the global order.

        Raises:
            ConfigError: If not exactly one of them is given, it is negative, or there are no epochs.
        """
        places = {
            "step": (step, self.batch_size),
            "sample": (sample, 1),
            "epoch": (epoch, self.order.samples_per_epoch),
        }
        given = [(name, number, size) for name, (number, size) in places.items() if number is not None]
        if len(given) != 1:
            raise ConfigError("seek takes one of step, sample and epoch")
        name, number, size = given[0]
        if size is None:
            raise ConfigError(
                f"sampler {self.order.options.sampler!r} has no epochs; seek a step or a sample"
            )
        sample_number = whole(f"seek to {name}", number) * size
        if not 0 <= sample_number <= run_state.MAX_SAMPLE:
            found = run_state.short(number)
            raise ConfigError(f"cannot seek to {name} {found}: samples count from 0 to 2**62", found=number)
        self._sample = sample_number

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here: a small JSON value.

        It does not depend on ranks or workers: any of them may save it, and any number of them load it.
        """
        return {
            "version": run_state.VERSION,
            "sample": self._sample,
            **self.order.identity(),
            "batch_size": self.batch_size,
            "last_rows": self.order.digest(self._sample),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another run stopped: the next batch of iteration is the one after its last.

        The batch size may differ, because the state counts samples. So may the block size, for samplers
        whose order survives it; see the sampler. Everything else must be the same. That includes the shards,
        by whose sha256 the corpus is known, though the order does not depend on them: to go on after the same
        text was prepared with other shards, `seek(sample=state["sample"])`.

        Raises:
            ResumeError: If the state is of another corpus, split, sampler, seed or order; it says which.
        """
        order = self.order
        free = ("block_size",) if order.sampler.resizable else ()
        expected = order.identity()
        corpus = state.get("corpus") if isinstance(state, Mapping) else None
        if isinstance(corpus, str) and corpus in order.stream.earlier_fingerprints:
            expected["corpus"] = corpus  # a mixture to which corpora were added since
        sample = run_state.check(state, expected, free=free)
        saved = _as_saved(order, state)
        run_state.check_order(state, saved.digest(sample))
        here = run_state.converted(sample, saved.samples_per_epoch, order.samples_per_epoch)
        self._sample = run_state.check_sample(here)

    def read(self, first_sample: int) -> Batch:
        """This rank's part of the batch that begins at a sample of the global order."""
        return self._engine.finish(self._start(self._plan, first_sample))

    def iterate(self, end: int | None, *, ahead: int = 0, workers: int = 1) -> Iterator[Batch]:
        """Batches from the current sample to `end`, skipping those of the other workers' turns."""
        hop = self.batch_size * workers
        plan = self._new_plan(stride=workers)
        prefetcher: Prefetcher | None = None

        def start(first_sample: int) -> Any:
            return self._start(plan, first_sample)

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

    def _start(self, plan: WindowPlan[Any], first_sample: int) -> Any:
        """Begin this rank's part of the batch that begins at a sample of the global order."""
        return self._engine.start(plan.rows(first_sample), self._part.run(first_sample))

    @cached_property
    def _plan(self) -> WindowPlan[Any]:
        return self._new_plan()

    def _new_plan(self, *, stride: int = 1) -> WindowPlan[Any]:
        most = self.order.samples_in_view
        return WindowPlan(self._part, self.order.source.resolve, stride=stride, most_samples=most)

    @cached_property
    def _engine(self) -> Engine:
        order = self.order
        return open_engine(order.source, order.stream, order.options, order.watch, order.labels)


def _at(kind: type[Cursor], order: Order, sample: int) -> Cursor:
    """A cursor, or batches, at a place; nothing is read for it before a batch is."""
    cursor = kind.__new__(kind)
    Cursor.__init__(cursor, order, sample)
    return cursor


def _as_saved(order: Order, state: Mapping[str, Any]) -> Order:
    """The order with the sizes that a state was saved with.

    Raises:
        ResumeError: If those sizes cannot be.
    """
    sizes = {name: state.get(name) for name in ("batch_size", "block_size")}
    if sizes == {"batch_size": order.options.batch_size, "block_size": order.options.block_size}:
        return order
    try:
        return Order(order.stream, order.options.replace(**sizes, rank=0, world_size=1, labels=False))
    except ConfigError as error:
        raise ResumeError(f"damaged state: {error}", found=sizes) from error
