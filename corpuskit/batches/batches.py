"""Batches: every batch of a run is a function of its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from corpuskit.batches import state as run_state
from corpuskit.batches.plan import RankSlice, WindowPlan
from corpuskit.batches.rows import WindowRows, WindowSource
from corpuskit.batches.stream import TokenStream
from corpuskit.batches.windows import WindowReader
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SamplerContext

if TYPE_CHECKING:
    from corpuskit.batches.datasets import WindowDataset

#: x and y: torch tensors, or NumPy arrays where asked.
Batch = tuple[Any, Any]


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
        sampler: Which windows are drawn, by name: "random", "shuffled", "sequential", "packed", ...
        seed: Any integer; different seeds give unrelated orders.
        device: Where torch tensors go: None or "cpu", "cuda", "cuda:1", ...
        output: "torch", or "numpy", which imports no torch.
        rank: This process's number among `world_size`.
        world_size: Processes that share each batch.
        sampler_options: What the sampler can be told.

    Raises:
        ConfigError: If an option is impossible, or the split too short for one window.

    Example:
        >>> batches = corpuskit.open("data/shakespeare/gpt2").batches(  # doctest: +SKIP
        ...     "train", batch_size=64, block_size=128, seed=2024
        ... )
        >>> x, y = batches[1234]  # doctest: +SKIP
    """

    def __init__(
        self,
        split: TokenStream,
        *,
        batch_size: int,
        block_size: int,
        sampler: str = "random",
        seed: int = 0,
        device: str | None = None,
        output: str = "torch",
        rank: int = 0,
        world_size: int = 1,
        sampler_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._split = split
        self._options: dict[str, Any] = {
            "batch_size": batch_size,
            "block_size": block_size,
            "sampler": sampler,
            "seed": seed,
            "device": device,
            "output": output,
            "rank": rank,
            "world_size": world_size,
            "sampler_options": dict(sampler_options or {}),
        }
        _check_sizes(split, batch_size=batch_size, block_size=block_size, rank=rank, world_size=world_size)
        _check_output(output, device)
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
        self._sampler = _open_sampler(sampler, self._context)
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
        if not isinstance(step, (int, np.integer)) or isinstance(step, bool):
            raise TypeError(f"a step is an integer, not {type(step).__name__}")
        if step < 0:
            raise IndexError(f"step {step} is negative; steps count from 0 and have no end")
        return self._read(int(step) * self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        end = self._epoch_end()
        while end is None or self._sample < end:
            first_sample = self._sample
            self._sample += self.batch_size
            # Yielded without a name: a batch that is kept here would have the next one written elsewhere,
            # which is memory the cache does not hold (a third slower at 64 x 1024).
            yield self._read(first_sample)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"<Batches of {self._split!r}: {options}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._split, self._options, self._sample)

    def seek(self, *, step: int | None = None, sample: int | None = None) -> None:
        """Let iteration go on from a step, or from any sample of the global order.

        Raises:
            ConfigError: If not exactly one of them is given, or it is negative.
        """
        if (step is None) == (sample is None):
            raise ConfigError("seek takes a step or a sample, and not both")
        wanted = sample if step is None else step * self.batch_size
        if wanted is None or wanted < 0:
            raise ConfigError(f"cannot seek to sample {wanted}: samples count from 0", found=wanted)
        self._sample = wanted

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here: a small JSON value.

        It does not depend on ranks or workers: any of them may save it, and any number of them load it.
        """
        return self._state(self._sample)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another run stopped: the next batch of iteration is the one after its last.

        The batch size may differ, because the state counts samples. So may the block size, for samplers
        whose order survives it; see the sampler. Everything else must be the same.

        Raises:
            ResumeError: If the state is of another corpus, split, sampler, seed or order; it says which.
        """
        free = ("block_size",) if getattr(self._sampler, "resizable", False) else ()
        sample = run_state.check(state, self._identity(), free=free)
        saved = self._at_block_size(state["block_size"])
        run_state.check_order(state, saved._state(sample)["last_rows"])
        self._sample = sample

    def dataset(self, *, num_samples: int | None = None) -> WindowDataset:
        """A map-style torch Dataset: item i is the i-th window from the current sample on, as (x, y).

        Args:
            num_samples: Its length; by default an epoch, or as many windows as cover the split once.
        """
        from corpuskit.batches.datasets import WindowDataset

        if num_samples is None:
            num_samples = self.samples_per_epoch or (self._split.num_tokens - 1) // self.block_size
        return WindowDataset(self._one_rank(), self._sample, num_samples)

    @cached_property
    def _source(self) -> WindowSource:
        return WindowSource(self._sampler, WindowReader(self._split, self.block_size))

    @cached_property
    def _plan(self) -> WindowPlan[WindowRows]:
        return WindowPlan(self._part, self._source.resolve)

    def _read(self, first_sample: int) -> Batch:
        """This rank's part of the batch that begins at a sample of the global order."""
        return self._output(self._source.read(self._plan.rows(first_sample)))

    def _output(self, arrays: tuple[Any, ...]) -> Batch:
        if self._options["output"] == "numpy":
            return arrays[0], arrays[1]
        from corpuskit.batches import tensors

        x, y = tensors.from_arrays(arrays, self._options["device"])
        return x, y

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
        last_rows = self._sampler.starts(run_state.checked_samples(sample))
        return {
            "version": run_state.VERSION,
            "sample": sample,
            **self._identity(),
            "batch_size": self.batch_size,
            "last_rows": run_state.digest(last_rows),
        }

    def _at_block_size(self, block_size: int) -> Batches:
        return self if block_size == self.block_size else self._with(block_size=block_size)

    def _one_rank(self) -> Batches:
        """The same order, undivided and in NumPy: what a dataset's items are cut from."""
        return self._with(rank=0, world_size=1, output="numpy", device=None)

    def _with(self, **changes: Any) -> Batches:
        return Batches(self._split, **{**self._options, **changes})


def _rebuild(split: TokenStream, options: dict[str, Any], sample: int) -> Batches:
    batches = Batches(split, **options)
    batches._sample = sample
    return batches


def _open_sampler(name: str, context: SamplerContext) -> Sampler:
    from corpuskit import registry

    sampler: Sampler = registry.default().find("sampler", name).load()(context)
    return sampler


def _check_sizes(split: TokenStream, *, batch_size: int, block_size: int, rank: int, world_size: int) -> None:
    for name, value in (("batch_size", batch_size), ("block_size", block_size), ("world_size", world_size)):
        if type(value) is not int or value < 1:
            raise ConfigError(f"{name} = {value!r}: must be a whole number, 1 or more", found=value)
    if type(rank) is not int or not 0 <= rank < world_size:
        raise ConfigError(
            f"rank = {rank!r}: must be from 0 to {world_size - 1}, world_size being {world_size}", found=rank
        )
    if batch_size % world_size:
        raise ConfigError(
            f"batch_size {batch_size} cannot be shared by {world_size} ranks: it is the global batch size "
            f"and must be a multiple of world_size, such as {-(-batch_size // world_size) * world_size}",
            expected=world_size,
            found=batch_size,
        )
    if split.num_tokens < block_size + 1:
        raise ConfigError(
            f"split {split.name!r} has {split.num_tokens:,} tokens, a window of block_size {block_size:,} "
            f"needs {block_size + 1:,}; choose a block_size of at most {max(split.num_tokens - 1, 0):,}",
            expected=block_size + 1,
            found=split.num_tokens,
        )


def _check_output(output: str, device: str | None) -> None:
    if output not in ("torch", "numpy"):
        raise ConfigError(f"output = {output!r}: must be 'torch' or 'numpy'", found=output)
    if output == "numpy" and device not in (None, "cpu"):
        raise ConfigError(f"output 'numpy' cannot be on device {device!r}; leave device out", found=device)
