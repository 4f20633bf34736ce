"""What a run is told: one value that its order, its batches and its saved states share."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpuskit.batches.fim_options import FimOptions
from corpuskit.batches.ranks import ranks_of
from corpuskit.batches.schedule import MOST_ROWS, Phase, Said, Schedule, is_same_size
from corpuskit.config import BATCH_SIZE, BLOCK_SIZE, DEBUG_BATCH_SIZE, DEBUG_BLOCK_SIZE
from corpuskit.errors import ConfigError
from corpuskit.numbers import as_whole, whole
from corpuskit.selection import Selection

#: What x and y of a rank's batch may take in memory: more than machines have.
_MOST_BYTES = 2**40
_ID_BYTES = 8
#: Segments are counted in int32.
_MOST_PLACES = 2**31 - 1
#: The smallest and the largest number of each option that is a whole number.
_BOUNDS = {
    **dict.fromkeys(("batch_size", "block_size", "world_size", "num_targets", "max_segment"), (1, MOST_ROWS)),
    **dict.fromkeys(("rank", "prefetch"), (0, MOST_ROWS)),
    "max_segments": (1, _MOST_PLACES),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """Everything that `Batches` can be told, as it is meant: sizes are shrunk where `debug` was said.

    Args:
        batch_size: B, windows in a batch over all ranks; a multiple of `world_size`.
        block_size: T, tokens in a window.
        sampler: The sampler's name.
        seed: Any integer.
        device: Where torch tensors go, or None.
        output: "torch" or "numpy".
        rank: This process's number among `world_size`.
        world_size: Processes that share each batch.
        documents: False, True or "mask"; a flat batch has them if they are not asked for, too.
        layout: "rows" or "flat".
        max_segment: Tokens that a segment may have, or None.
        max_segments: How many segments the documents of a batch have, or None.
        streams: The names of the streams of values that a batch has too.
        labels: False, True for those of the corpora, or the name of a kept field.
        loss: Whether y is -100 where the stream "loss", if there is one, is 0.
        prefetch: How many batches a thread makes ahead while iterating.
        resident: Keep the whole split on the device.
        sampler_options: What the sampler can be told.
        selection: Which documents are drawn from; None is all of them.
        schedule: How the sizes change along the run; None where they do not. `batch_size` and `block_size`
            are then those of one phase: the first, unless somebody says another.
        num_targets: n, how many tokens ahead each place of x has targets for.
        fim: How documents are filled in the middle; None is not at all.

    Raises:
        ConfigError: If a value is impossible, or two of them together.
    """

    batch_size: int = BATCH_SIZE
    block_size: int = BLOCK_SIZE
    sampler: str = "random"
    seed: int = 0
    device: str | None = None
    output: str = "torch"
    rank: int = 0
    world_size: int = 1
    documents: bool | str = False
    layout: str = "rows"
    max_segment: int | None = None
    max_segments: int | None = None
    streams: tuple[str, ...] = ()
    labels: bool | str = False
    loss: bool = True
    prefetch: int = 0
    resident: bool = False
    sampler_options: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    selection: Selection | None = dataclasses.field(default=None, hash=False)
    schedule: Schedule | None = None
    num_targets: int = 1
    fim: FimOptions | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole("seed", self.seed))
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None or not name.startswith("max_"):
                object.__setattr__(self, name, whole(name, value, least=least, most=most))
        object.__setattr__(self, "fim", FimOptions.of(self.fim))
        _check_values(self)
        if self.layout == "flat" and self.documents is False:
            object.__setattr__(self, "documents", True)
        object.__setattr__(self, "streams", tuple(self.streams))
        object.__setattr__(self, "sampler_options", dict(self.sampler_options))
        if self.rank >= self.world_size:
            raise ConfigError(
                f"rank = {self.rank!r}: must be from 0 to {self.world_size - 1}, world_size being "
                f"{self.world_size}",
                found=self.rank,
            )
        self._check_shared()
        self._check_memory()

    def _check_shared(self) -> None:
        """Refuse a batch size that the ranks cannot share, of any phase."""
        sizes = {self.batch_size: ""}
        if self.schedule is not None:
            sizes = {
                phase.batch_size: f" from step {phase.step:,} on" for phase in reversed(self.schedule.phases)
            }
        for size, where in sizes.items():
            if size % self.world_size:
                raise ConfigError(
                    f"batch_size {size}{where} cannot be shared by {self.world_size} ranks: it is the global "
                    "batch size and must be a multiple of world_size, such as "
                    f"{-(-size // self.world_size) * self.world_size}",
                    expected=self.world_size,
                    found=size,
                )

    def _check_memory(self) -> None:
        """Refuse batches that no machine holds, or whose segments int32 cannot count, of any phase."""
        for one in self.phases():
            size, length = one.batch_size, one.block_size
            takes = one.batch_bytes
            if takes > _MOST_BYTES:
                several = f" and num_targets {self.num_targets:,}" if self.num_targets > 1 else ""
                shared = f" on each of {self.world_size:,} ranks" if self.world_size > 1 else ""
                raise ConfigError(
                    f"batch_size {size:,} with block_size {length:,}{several}: x and y of a batch would take "
                    f"{takes:,} bytes{shared}, and no more than {_MOST_BYTES:,} are made; choose smaller "
                    "ones, or more ranks (world_size)",
                    expected=_MOST_BYTES,
                    found=takes,
                )
            if self.documents and (places := one.rows_of_rank * length) > _MOST_PLACES:
                raise ConfigError(
                    f"batch_size {size:,} with block_size {length:,}: the segments of a batch count places "
                    f"in int32, and {places:,} are more than {_MOST_PLACES:,}; choose smaller ones, or more "
                    "ranks (world_size)",
                    expected=_MOST_PLACES,
                    found=places,
                )

    def out_of_memory(self) -> ConfigError:
        """What to say where the memory for a batch is not to be had."""
        segments = f" and max_segments {self.max_segments:,}" if self.max_segments else ""
        return ConfigError(
            f"batch_size {self.batch_size:,} with block_size {self.block_size:,}{segments}: x and y of a "
            f"batch take {self.batch_bytes:,} bytes on each rank, and there is not enough memory; choose "
            "smaller ones, or more ranks (world_size)",
            found=self.batch_bytes,
        )

    @property
    def batch_bytes(self) -> int:
        """What x and y of a batch take in memory, on each rank."""
        return self.rows_of_rank * self.block_size * _ID_BYTES * (1 + self.num_targets)

    @property
    def rows_of_rank(self) -> int:
        """Rows of a batch that each rank has."""
        return self.batch_size // self.world_size

    @property
    def longest_segment(self) -> int:
        """Tokens that a segment of any batch has at most."""
        return min(self.max_segment or self.block_size, self.block_size)

    @property
    def largest_block(self) -> int:
        """The largest block size of the run."""
        return self.block_size if self.schedule is None else self.schedule.largest

    def at(self, phase: Phase) -> BatchOptions:
        """The options of a phase of the schedule; all phases were checked together."""
        found = copy.copy(self)
        object.__setattr__(found, "batch_size", phase.batch_size)
        object.__setattr__(found, "block_size", phase.block_size)
        return found

    def phases(self) -> Iterator[BatchOptions]:
        """The options of each phase that has another shape than those before it."""
        if self.schedule is None:
            yield self
            return
        for phase in {(one.batch_size, one.block_size): one for one in self.schedule.phases}.values():
            yield self.at(phase)

    def replace(self, **changes: Any) -> BatchOptions:
        """The same with some values changed."""
        return dataclasses.replace(self, **changes)

    def check_fits(self, what: str, num_tokens: int, least: int) -> None:
        """Refuse what is too short for one window.

        Args:
            what: What it is: a split, by its name, or a selection of one.
            num_tokens: N, tokens in it.
            least: How many it must have.

        Raises:
            ConfigError: Naming the numbers.
        """
        block_size = self.largest_block
        if num_tokens < least:
            remedy = (
                "take more text" if num_tokens < 2 else f"choose a block_size of at most {num_tokens - 1:,}"
            )
            raise ConfigError(
                f"{what} has {num_tokens:,} tokens, a window of block_size {block_size:,} "
                f"needs {least:,}; {remedy}",
                expected=least,
                found=num_tokens,
            )


def options_of(
    *,
    context_length: Said | None = None,
    debug: bool = False,
    rank: Any = None,
    world_size: Any = None,
    sampler_options: Any = None,
    exclude: Any = None,
    **given: Any,
) -> BatchOptions:
    """The options that the keywords of `Batches` mean together.

    Args:
        context_length: Another name for `block_size`.
        debug: Shrink to a few short windows.
        rank: A number, "auto", or None.
        world_size: A number, "auto", or None.
        sampler_options: A mapping, or None.
        exclude: None: a corpus makes a selection of it.
        given: What `BatchOptions` takes.

    Raises:
        ConfigError: If a value is impossible, or a size is said twice.
    """
    if exclude is not None:
        raise ConfigError(
            "exclude is for the batches of a corpus, corpus.batches(...); here, say "
            "selection=corpuskit.select(split, exclude=...)",
            found=exclude,
        )
    if context_length is not None:
        said = given.get("block_size", BLOCK_SIZE)
        if not any(is_same_size(said, one) for one in (BLOCK_SIZE, context_length)):
            raise ConfigError(
                f"block_size = {said!r:.80} and context_length = {context_length!r:.80} are one option; "
                "leave one out",
                found=context_length,
            )
        if as_whole(context_length) is not None:
            context_length = whole("context_length", context_length, least=1)
        given["block_size"] = context_length
    if not isinstance(debug, bool):
        raise ConfigError(f"debug = {debug!r:.80}: must be true or false", found=debug)
    rank, world_size = ranks_of(rank, world_size)
    if debug:
        given["batch_size"] = -(-DEBUG_BATCH_SIZE // world_size) * world_size
        given["block_size"] = DEBUG_BLOCK_SIZE
    schedule = schedule_of(given)
    sampler_options = {} if sampler_options is None else sampler_options
    return BatchOptions(
        **given, rank=rank, world_size=world_size, sampler_options=sampler_options, schedule=schedule
    )


def schedule_of(given: dict[str, Any]) -> Schedule | None:
    """The schedule that `batch_size` and `block_size` are, which become those of its first phase.

    Raises:
        ConfigError: If they are no schedule, or an impossible one.
    """
    sizes = {
        name: given.get(name, size) for name, size in (("batch_size", BATCH_SIZE), ("block_size", BLOCK_SIZE))
    }
    if all(isinstance(size, str) or not isinstance(size, Sequence) for size in sizes.values()):
        return None
    schedule = Schedule(**sizes)
    first = schedule.phases[0]
    given |= {"batch_size": first.batch_size, "block_size": first.block_size}
    return schedule if len(schedule.phases) > 1 else None


def _check_values(options: BatchOptions) -> None:
    """Refuse values that their options do not have, or that do not go together.

    Raises:
        ConfigError: Naming the option and what is allowed.
    """
    device = options.device
    is_device = device is None or isinstance(device, str) or type(device).__qualname__ == "device"
    rules = {
        "sampler": (isinstance(options.sampler, str), "text, the name of one"),
        "sampler_options": (isinstance(options.sampler_options, Mapping), "names with values"),
        "streams": (are_names(options.streams), "a list of different names, such as ('loss',)"),
        "labels": (
            isinstance(options.labels, bool | str) and options.labels != "",
            "a field's name, or true or false",
        ),
        "loss": (isinstance(options.loss, bool), "true or false"),
        "resident": (isinstance(options.resident, bool), "true or false"),
        "documents": (_is_one_of(options.documents, False, True, "mask"), "False, True or 'mask'"),
        "layout": (_is_one_of(options.layout, "rows", "flat"), "'rows' or 'flat'"),
        "output": (_is_one_of(options.output, "torch", "numpy"), "'torch' or 'numpy'"),
        "device": (is_device, "text, or a torch.device"),
    }
    for name, (is_right, words) in rules.items():
        if not is_right:
            found = getattr(options, name)
            raise ConfigError(f"{name} = {found!r:.80}: must be {words}", found=found)
    if options.output == "numpy" and device not in (None, "cpu", "auto"):
        raise ConfigError(f"output 'numpy' cannot be on device {device!r}; leave device out", found=device)
    for name in ("max_segment", "max_segments"):
        if getattr(options, name) is not None and options.documents is False and options.layout == "rows":
            raise ConfigError(
                f"{name} is about the segments of a batch, and this one has none; add layout='flat', or "
                "documents=True"
            )
    if options.output == "numpy" and options.resident:
        raise ConfigError("output 'numpy' cannot be resident; leave resident out")
    phases = () if options.schedule is None else options.schedule.phases
    smallest = min([options.block_size, *(phase.block_size for phase in phases)])
    if options.num_targets > smallest:
        raise ConfigError(
            f"num_targets = {options.num_targets}: must be at most block_size, {smallest}",
            expected=smallest,
            found=options.num_targets,
        )
    if options.resident and (options.num_targets > 1 or options.fim):
        name = "fim" if options.fim else "num_targets"
        raise ConfigError(f"{name} cannot be resident: its rows are made in memory; leave resident out")


def are_names(found: Any) -> bool:
    """Whether a value is a sequence of texts, none of them twice."""
    is_list = isinstance(found, Sequence) and not isinstance(found, str)
    return is_list and all(isinstance(one, str) for one in found) and len(set(found)) == len(found)


def _is_one_of(found: Any, *allowed: bool | str) -> bool:
    """Whether a value is one of some, and of their type: 1 is not True here."""
    return any(type(found) is type(one) and found == one for one in allowed)
