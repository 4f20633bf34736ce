"""Batch sizes and block sizes that change along a run: from which step on batches have which shape."""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.numbers import as_whole, shown, whole
from corpuskit.samplers.phases import Phases
from corpuskit.units import parse_count

#: One size, or sizes from steps or tokens on, as an option says it.
Said = int | Sequence[tuple[int | str, int]]

_UNIT = "tokens"
#: How many changes a schedule may have.
_MOST = 100_000
#: How large a size may be: rows of a batch, tokens of a row.
MOST_ROWS = 2**40
#: Steps and tokens are counted up to here, as samples are.
_MOST_TOKENS = 2**62


@dataclasses.dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of steps whose batches have one shape.

    Args:
        step: Its first step.
        sample: Its first sample.
        tokens: Tokens of x in all batches before it, of all ranks.
        batch_size: B, rows in a batch over all ranks.
        block_size: T, tokens in a row.
    """

    step: int
    sample: int
    tokens: int
    batch_size: int
    block_size: int


class Schedule:
    """Which shape the batch of each step has, and which samples are in it: a pure function of what is said.

    Args:
        batch_size: B, or (place, B) from places on, the first 0. A place is a step, or text such as
            "5e9 tokens": the first step before which so many tokens of x were in batches, of all ranks.
        block_size: T, or (place, T), in the same way. Each T divides the largest one, and changes come where
            a whole number of windows of the largest one has been drawn: a place in tokens moves on to the
            first step where that is so.

    Attributes:
        said: `batch_size` and `block_size`, as they were said.
        largest: The largest block size.
        phases: The stretches of steps with one shape, in order.

    Raises:
        ConfigError: If a place or a size is impossible; it names the place.
    """

    def __init__(self, batch_size: Said, block_size: Said) -> None:
        self.said = batch_size, block_size
        batches, blocks = _Changes("batch_size", batch_size), _Changes("block_size", block_size)
        self.largest = max(blocks.sizes)
        for size in blocks.sizes:
            if self.largest % size:
                raise ConfigError(
                    f"block_size {size:,} of the schedule does not divide its largest, {self.largest:,}: "
                    "windows of the largest are cut into those of the others; choose sizes that do, such as "
                    "powers of 2",
                    expected=self.largest,
                    found=size,
                )
        self.phases = tuple(_phases(batches, blocks, self.largest))
        self._steps = [phase.step for phase in self.phases]
        self._samples = [phase.sample for phase in self.phases]

    def __repr__(self) -> str:
        return f"Schedule(batch_size={self.said[0]!r}, block_size={self.said[1]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.phases == other.phases

    def __hash__(self) -> int:
        return hash(self.phases)

    def sizes(self, name: str) -> int | list[list[int]]:
        """`batch_size` or `block_size` as a JSON value: one size, or [first step, size] of each stretch."""
        found: list[list[int]] = []
        for phase in self.phases:
            size = getattr(phase, name)
            if not found or found[-1][1] != size:
                found.append([phase.step, size])
        return found[0][1] if len(found) == 1 else found

    def block_phases(self) -> Phases | None:
        """Where the block size changes, for samplers; None if it does not."""
        sizes = [self.phases[0]]
        for phase in self.phases[1:]:
            if phase.block_size != sizes[-1].block_size:
                sizes.append(phase)
        if len(sizes) == 1:
            return None
        return Phases(
            self.largest,
            tuple(phase.sample for phase in sizes),
            tuple(phase.block_size for phase in sizes),
        )

    def at_step(self, step: int) -> Phase:
        """The phase that a step is in."""
        return self.phases[bisect.bisect_right(self._steps, step) - 1]

    def at_sample(self, sample: int) -> Phase:
        """The phase that a sample is in."""
        return self.phases[bisect.bisect_right(self._samples, sample) - 1]

    def end_of(self, phase: Phase) -> int | None:
        """The sample where a phase ends; None of the last one."""
        number = bisect.bisect_right(self._samples, phase.sample)
        return self._samples[number] if number < len(self._samples) else None

    def first_sample(self, step: int) -> int:
        """The first sample of a step's batch."""
        phase = self.at_step(step)
        return phase.sample + (step - phase.step) * phase.batch_size

    def step_of(self, sample: int) -> int:
        """The step whose batch a sample is in."""
        phase = self.at_sample(sample)
        return phase.step + (sample - phase.sample) // phase.batch_size

    def next_step(self, sample: int) -> int:
        """The first step whose batch begins at a sample or after it."""
        step = self.step_of(sample)
        return step if self.first_sample(step) == sample else step + 1

    def block_sizes(self, samples: Ints) -> Ints:
        """int64[n]: T of each sample's row."""
        sizes = np.array([phase.block_size for phase in self.phases])
        return sizes[np.searchsorted(np.array(self._samples), samples, side="right") - 1]

    def tokens(self, sample: int) -> int:
        """How many tokens of x the first samples have."""
        phase = self.at_sample(sample)
        return phase.tokens + (sample - phase.sample) * phase.block_size


class _Changes:
    """What an option says: one size, or the places where others begin.

    Args:
        name: The option.
        said: What was said.

    Attributes:
        sizes: All sizes, in order.
    """

    def __init__(self, name: str, said: Any) -> None:
        self.name = name
        pairs = _pairs(name, said)
        self._places = [_place(name, place) for place, _ in pairs]
        self.sizes = [
            whole(f"{name} from {place!r:.40} on", size, least=1, most=MOST_ROWS) for place, size in pairs
        ]
        if self._places[0][0] != 0:
            raise ConfigError(
                f"{name}: the schedule begins at {pairs[0][0]!r:.40}; its first place must be 0, such as "
                f"[(0, {self.sizes[0]}), ...]",
                expected=0,
                found=pairs[0][0],
            )
        self._at = 0

    @property
    def size(self) -> int:
        """The size that holds now."""
        return self.sizes[self._at]

    @property
    def place(self) -> tuple[int, bool] | None:
        """Where the next one begins, and whether that counts tokens; None if there is no other."""
        following = self._at + 1
        return self._places[following] if following < len(self._places) else None

    @property
    def words(self) -> str:
        """The next change in words."""
        assert self.place is not None
        number, is_tokens = self.place
        where = f"{number:,} {_UNIT}" if is_tokens else f"step {number:,}"
        return f"{self.name} {self.sizes[self._at + 1]:,} from {where} on"

    def is_same(self, other: _Changes) -> bool:
        """Whether another option says the same."""
        return (self.sizes, self._places) == (other.sizes, other._places)

    def change(self) -> None:
        """Have the next size hold."""
        self._at += 1

    def step_after(self, phase: Phase) -> int | None:
        """The step where the next size begins if a phase goes on until then; None if there is no other.

        Raises:
            ConfigError: If that is no step after the phase's first.
        """
        if self.place is None:
            return None
        number, is_tokens = self.place
        step = number
        if is_tokens:
            step = phase.step + -(-(number - phase.tokens) // (phase.batch_size * phase.block_size))
        return step


def is_same_size(one: Any, other: Any) -> bool:
    """Whether two values of an option say the same size, or the same schedule of sizes.

    Raises:
        ConfigError: If one of them is no size and no schedule.
    """
    return _Changes("block_size", one).is_same(_Changes("context_length", other))


def _pairs(name: str, said: Any) -> list[tuple[Any, Any]]:
    if as_whole(said) is not None:
        return [(0, said)]
    pairs = [*said] if _is_list(said) and len(said) <= _MOST else []
    if not pairs or any(not _is_list(one) or len(one) != 2 for one in pairs):
        raise ConfigError(
            f"{name} = {shown(said):.80}: must be a whole number, 1 or more, or a schedule of "
            "(place, size), such as [(0, 64), (10_000, 128)]",
            found=said,
        )
    return [(place, size) for place, size in pairs]


def _is_list(found: Any) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str)


def _place(name: str, place: Any) -> tuple[int, bool]:
    """The number that a place is, and whether it counts tokens."""
    number = as_whole(place)
    if number is not None and number >= 0:
        if number > _MOST_TOKENS:
            raise ConfigError(f"{name}: a place is past 2**62; steps and tokens count from 0 to 2**62")
        return number, False
    words = str(place).split() if isinstance(place, str) else []
    if len(words) == 2 and words[1] == _UNIT and (count := _count(words[0])) is not None:
        return count, True
    raise ConfigError(
        f"{name}: {shown(place):.40} is no place of a schedule; expected a step, 0 or more, or text such as "
        f'"5e9 {_UNIT}"',
        found=place,
    )


def _count(text: str) -> int | None:
    """A whole number: 5_000, 5e9 or 5B."""
    try:
        return parse_count(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    is_whole = math.isfinite(number) and number >= 0 and number == int(number) and number < 2**62
    return int(number) if is_whole else None


def _phases(batches: _Changes, blocks: _Changes, largest: int) -> Iterator[Phase]:
    """The phases, one after another; a size that stays begins none."""
    phase = Phase(0, 0, 0, batches.size, blocks.size)
    yield phase
    while (steps := _next_steps(phase, batches, blocks, largest)) is not None:
        step, changes = steps
        for change in changes:
            change.change()
        rows = (step - phase.step) * phase.batch_size
        sample, tokens = phase.sample + rows, phase.tokens + rows * phase.block_size
        if max(step, tokens) > _MOST_TOKENS:
            raise ConfigError(f"step {step:.3g} of the schedule: tokens count from 0 to 2**62", found=step)
        is_other = (batches.size, blocks.size) != (phase.batch_size, phase.block_size)
        phase = Phase(step, sample, tokens, batches.size, blocks.size)
        if is_other:
            yield phase


def _next_steps(
    phase: Phase, batches: _Changes, blocks: _Changes, largest: int
) -> tuple[int, list[_Changes]] | None:
    """The next step where something changes, and what does; None if nothing does any more."""
    at_batches, at_blocks = batches.step_after(phase), blocks.step_after(phase)
    if at_blocks is not None and blocks.place is not None and blocks.place[1]:
        aligned = _aligned(phase, max(at_blocks, phase.step), largest)
        if aligned is None and at_batches is None:
            raise ConfigError(
                f"{blocks.words}: with batches of {phase.batch_size:,} x {phase.block_size:,} no step from "
                f"there on comes after a whole number of windows of {largest:,} tokens; choose batch sizes "
                f"that are multiples of {largest // phase.block_size:,}"
            )
        at_blocks = aligned
    found = [(step, one) for step, one in ((at_batches, batches), (at_blocks, blocks)) if step is not None]
    if not found:
        return None
    step = min(step for step, _ in found)
    changes = [one for at, one in found if at == step]
    if step <= phase.step:
        raise ConfigError(
            f"{changes[0].words}: that is not after step {phase.step:,}, where another size begins; places "
            "must ascend",
            expected=phase.step + 1,
            found=step,
        )
    if blocks in changes and _aligned(phase, step, largest) != step:
        near = _aligned(phase, step, largest)
        advice = f"say step {near:,}" if near is not None else "choose batch sizes that are powers of 2"
        raise ConfigError(
            f"{blocks.words}: by then the batches have drawn "
            f"{_tokens_at(phase, step):,} tokens, no whole number of windows of {largest:,}; {advice}",
            expected=near,
            found=step,
        )
    return step, changes


def _tokens_at(phase: Phase, step: int) -> int:
    return phase.tokens + (step - phase.step) * phase.batch_size * phase.block_size


def _aligned(phase: Phase, step: int, largest: int) -> int | None:
    """The first step, from one on, before which whole windows were drawn if a phase goes on; None without."""
    hop, missing = phase.batch_size * phase.block_size, -_tokens_at(phase, step) % largest
    common = math.gcd(hop, largest)
    if missing % common:
        return None
    return step + missing // common * pow(hop // common, -1, largest // common) % (largest // common)


__all__ = ["MOST_ROWS", "Phase", "Said", "Schedule", "is_same_size"]
