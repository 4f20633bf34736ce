"""A place in an order: batches one after the other, and the state that goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from corpuskit.batches import state as run_state
from corpuskit.batches.engines import Batch, Engine
from corpuskit.batches.opening import open_engine
from corpuskit.batches.options import BatchOptions
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
    """

    def __init__(self, order: Order, sample: int = 0) -> None:
        self.order = order
        self._sample = sample

    @property
    def batch_size(self) -> int:
        """B, rows of a batch over all ranks; with a schedule, of the one that iteration comes to next."""
        return self._options.batch_size

    @property
    def block_size(self) -> int:
        """T, tokens in a row; with a schedule, in those of the batch that iteration comes to next."""
        return self._options.block_size

    @property
    def step(self) -> int:
        """The step that iteration comes to next; after a change of batch size, the number of whole ones."""
        return self.order.step_of(self._sample)

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

        With a schedule, batches begin where steps do: an epoch's first batch is then the first one that
        begins in it, as in loops, and a sample must be the first of a step.

        Raises:
            ConfigError: If not exactly one of them is given, it is negative, or there are no epochs.
        """
        given = {"step": step, "sample": sample, "epoch": epoch}
        said = [(name, number) for name, number in given.items() if number is not None]
        if len(said) != 1:
            raise ConfigError("seek takes one of step, sample and epoch")
        name, number = said[0][0], whole(f"seek to {said[0][0]}", said[0][1])
        order = self.order
        if name == "epoch" and order.samples_per_epoch is None:
            raise ConfigError(f"sampler {order.options.sampler!r} has no epochs; seek a step or a sample")
        is_in_reach = 0 <= number <= run_state.MAX_SAMPLE
        place = number if name == "sample" else 0
        if name == "step" and is_in_reach:
            place = order.first_sample(number)
        elif name == "epoch" and is_in_reach:
            place = order.sampler.epoch_begin(number)
        if not is_in_reach or place > run_state.MAX_SAMPLE:
            found = run_state.short(said[0][1])
            raise ConfigError(f"cannot seek to {name} {found}: samples count from 0 to 2**62", found=number)
        if order.schedule is not None:
            first = order.schedule.first_sample(order.schedule.next_step(place))
            if name == "sample" and first != place:
                raise ConfigError(
                    f"cannot seek to sample {place:,}: with a schedule a batch begins where a step does; the "
                    f"next one is at sample {first:,}, step {order.step_of(first):,}",
                    expected=first,
                    found=place,
                )
            place = first
        self._sample = place

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here: a small JSON value.

        It does not depend on ranks or workers: any of them may save it, and any number of them load it.
        """
        return {
            "version": run_state.VERSION,
            "sample": self._sample,
            **self.order.identity(),
            "batch_size": self.order.size("batch_size"),
            "last_rows": self.order.digest(self._sample),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another run stopped: the next batch of iteration is the one after its last.

        The batch size may differ, because the state counts samples. So may the block size, for samplers
        whose order survives it; see the sampler. Everything else must be the same. That includes the shards,
        by whose sha256 the corpus is known, though the order does not depend on them: to go on after the same
        text was prepared with other shards, `seek(sample=state["sample"])`. With a schedule, it must be the
        saved one.

        Raises:
            ResumeError: If the state is of another corpus, split, sampler, seed or order; it says which.
        """
        order = self.order
        free = ("block_size",) if order.sampler.resizable else ()
        expected = order.identity()
        corpus = state.get("corpus") if isinstance(state, Mapping) else None
        if isinstance(corpus, str) and corpus in order.stream.earlier_fingerprints:
            expected["corpus"] = corpus  # a mixture to which corpora were added since
        sizes = {name: order.size(name) for name in ("batch_size", "block_size")}
        if run_state.check_schedule(state, sizes):
            expected, free = {**expected, **sizes}, ()
        sample = run_state.check(state, expected, free=free)
        saved = _as_saved(order, state)
        run_state.check_order(state, saved.digest(sample))
        here = run_state.converted(sample, saved.samples_per_epoch, order.samples_per_epoch)
        here = run_state.check_sample(here)
        if order.schedule is not None and order.first_sample(order.step_of(here)) != here:
            raise ResumeError(f"damaged state: no step of the schedule begins at sample {here:,}", found=here)
        self._sample = here

    def read(self, first_sample: int) -> Batch:
        """This rank's part of the batch that begins at a sample of the global order."""
        engine, started = self._start(self._plans, first_sample)
        return engine.finish(started)

    def iterate(self, end: int | None, *, ahead: int = 0, workers: int = 1) -> Iterator[Batch]:
        """Batches from the current sample to `end`, skipping those of the other workers' turns."""
        plans = self._new_plans(stride=workers)
        hop = workers * self.order.options.batch_size
        has_schedule = self.order.schedule is not None
        prefetcher: Prefetcher | None = None

        def start(first_sample: int) -> Any:
            return self._start(plans, first_sample)

        def after(first_sample: int) -> int:
            return self.after(first_sample, workers) if has_schedule else first_sample + hop

        try:
            while end is None or self._sample < end:
                first_sample = self._sample
                if prefetcher and prefetcher.next_sample != first_sample:  # somebody moved
                    prefetcher.close()
                    prefetcher = None
                if ahead and prefetcher is None:
                    prefetcher = Prefetcher(start, first_sample, after=after, depth=ahead, end=end)
                engine, started = prefetcher.get() if prefetcher else start(first_sample)
                self._sample = after(first_sample)
                # Yielded without a name: a batch that is kept here would have the next one written elsewhere,
                # in memory that the cache does not hold (98 us instead of 50 to 65 at 64 x 1024).
                yield engine.finish(started)
                del started
        finally:
            if prefetcher:
                prefetcher.close()

    def after(self, sample: int, steps: int) -> int:
        """The first sample of the batch that comes some steps after the one that begins at a sample."""
        order = self.order
        if order.schedule is None:
            return sample + steps * order.options.batch_size
        return order.first_sample(order.step_of(sample) + steps)

    @property
    def _options(self) -> BatchOptions:
        """What the batch that iteration comes to next is told."""
        return self.order.at(self._sample).options

    def _start(self, plans: _Plans, first_sample: int) -> tuple[Engine, Any]:
        """Begin this rank's part of the batch that begins at a sample of the global order."""
        plan, engine = plans.at(first_sample)
        try:
            return engine, engine.start(plan.rows(first_sample), plan.part.run(first_sample))
        except MemoryError as error:
            raise self.order.at(first_sample).options.out_of_memory() from error

    @cached_property
    def _plans(self) -> _Plans:
        return self._new_plans()

    def _new_plans(self, *, stride: int = 1) -> _Plans:
        return _Plans(self.order, self._engines, stride)

    @cached_property
    def _engines(self) -> dict[int, Engine]:
        """The engines that were opened, by the block size of their rows."""
        return {}


class _Plans:
    """The plans of a run's phases, and the engines that make their batches; one of each without a schedule.

    Args:
        order: The order.
        engines: The engines that were opened, by the block size of their rows; others are added.
        stride: Every how many steps this process reads one.
    """

    def __init__(self, order: Order, engines: dict[int, Engine], stride: int) -> None:
        self._order, self._engines, self._stride = order, engines, stride
        # The phase's first sample, the one after its last, and what is for it. Threads replace it.
        self._last: tuple[int, int | None, tuple[WindowPlan[Any], Engine]] | None = None

    def at(self, sample: int) -> tuple[WindowPlan[Any], Engine]:
        """The plan and the engine of the phase that a sample is in."""
        last = self._last
        if last is None or sample < last[0] or (last[1] is not None and sample >= last[1]):
            first, end = 0, None
            if (schedule := self._order.schedule) is not None:
                phase = schedule.at_sample(sample)
                first, end = phase.sample, schedule.end_of(phase)
            self._last = last = (first, end, self._open(self._order.at(sample), end))
        return last[2]

    def _open(self, order: Order, end: int | None) -> tuple[WindowPlan[Any], Engine]:
        options = order.options
        plan = WindowPlan(
            RankSlice(options.batch_size, options.rank, options.world_size),
            order.source.resolve,
            stride=self._stride,
            most_samples=order.samples_in_view,
            end=end,
        )
        engine = self._engines.get(options.block_size)
        if engine is None:
            like = [*self._engines.values()]
            engine = open_engine(order.source, order.stream, options, order.watch, order.labels, like=like)
            self._engines[options.block_size] = engine
        return plan, engine


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
    if sizes == {name: order.size(name) for name in sizes}:
        return order
    try:
        return Order(order.stream, order.options.replace(**sizes, rank=0, world_size=1, labels=False))
    except ConfigError as error:
        raise ResumeError(f"damaged state: {error}", found=sizes) from error
