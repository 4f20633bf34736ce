"""What a sampler is: a pure function from sample numbers to windows of a token stream."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import ConfigError
from corpuskit.samplers.phases import Phases
from corpuskit.samplers.segment_bounds import most_in_window


@dataclasses.dataclass(frozen=True, slots=True)
class SamplerContext:
    """Everything that a sampler's answers may depend on.

    Args:
        num_tokens: N, tokens in the split.
        block_size: T, tokens of x in a window; a window covers T + 1 tokens because y is x shifted by one.
        seed: Any integer; different seeds give unrelated orders.
        document_ends: Gives int64[D], where each document ends in the token stream, ascending.
        fingerprint: The split's identity, for samplers that keep a table in the cache.
        options: What else the user passed to `batches(..., sampler_options=...)`.
        batch_size: B, the global batch size, for samplers whose epoch is a whole number of batches.
        document_numbers: Gives int64[D], which documents of the split these are, where they are a selection
            of them; None where they are all.
        count_targets: Of spans, given int64[n] starts and int64[n] lengths, gives int64[n], how many of their
            targets are to be learned; None where all are. It reads the part of the stream that they are in,
            so ask about many at once, and keep what you learn. A third argument, bool[n], says which spans
            have an id in front: their first token is a target, too.
        bos_id: The id that a value of the option `bos` means: an id, or a control token's name. It refuses
            one that each document begins with already. None where only ids are known.
        shard_starts: Gives int64[S + 1], ascending, where each of S shards starts in the token stream; the
            last is N, and a selection may have nothing of a shard. None where nobody knows. An order that
            depends on it is another one for the same text in other shards.
        phases: Where the block size changes along the run, `block_size` being the largest; None where it does
            not. No sampler is made with it: see `AnySampler.cuts`.
        rows_read: How many rows a step of the run reads at most, for what is said of shards that are fetched
            again; no order may depend on it.
    """

    num_tokens: int
    block_size: int
    seed: int
    document_ends: Callable[[], NDArray[np.int64]]
    fingerprint: str = ""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    batch_size: int = 1
    document_numbers: Callable[[], Ints] | None = None
    count_targets: Callable[..., Ints] | None = None
    bos_id: Callable[[Any], int] | None = None
    shard_starts: Callable[[], Ints] | None = None
    phases: Phases | None = None
    rows_read: int = 1


class ShardGroups(NamedTuple):
    """Where a run reads for some time: a place in each of the shards that its rows are in.

    Attributes:
        now: int64[k], those of the rows that a sample is among, in any order.
        then: int64[m], those of the rows after these.
    """

    now: Ints
    then: Ints


class AnySampler:
    """What every sampler is, whether its rows are windows (`Sampler`) or made of spans (`SpanSampler`).

    Attributes:
        samples_per_epoch: How many samples an epoch has; None for a sampler without epochs. Sample numbers
            go on past it into the next epoch.
        resizable: Whether a run may go on with another block size: the order, counted in epochs, is then the
            same one.
        cuts: Whether the block size may change along a run by a schedule: a row may then be cut into shorter
            ones that are next to each other in the stream, or, without epochs, is drawn anew at each size.
        in_order: Whether its windows follow each other in the stream, so that the system may read ahead.
        seeded: Whether another seed gives another order.
        counted: What the sampler counted when it was made and a user should see: names with numbers, such as
            "documents_dropped" and "rows_skipped".
        group_tokens: How many tokens of the stream, in whole shards, the rows of some time are in; None where
            they may be anywhere.
    """

    samples_per_epoch: int | None = None
    resizable: bool = False
    cuts: bool = False
    in_order: bool = False
    seeded: bool = True
    counted: Mapping[str, int] = MappingProxyType({})
    group_tokens: int | None = None

    @property
    def part_epochs(self) -> tuple[int | None, ...]:
        """How many samples an epoch of each corpus has; of a mixture there are several."""
        return (self.samples_per_epoch,)

    @property
    def part_counted(self) -> tuple[Mapping[str, int], ...]:
        """What the sampler of each corpus counted; of a mixture there are several."""
        return (self.counted,)

    def drawn(self, sample: int) -> list[int]:
        """How many of the first samples each corpus has given; of a mixture there are several.

        Args:
            sample: How many samples have been drawn.
        """
        return [sample]

    def drawn_tokens(self, sample: int) -> list[int] | None:
        """How many tokens of x each corpus has given in the first samples; None if all rows have as many.

        Where it is not None, `part_epochs` are in windows of the largest block size.

        Args:
            sample: How many samples have been drawn.
        """
        return None

    def epoch_of(self, sample: int) -> int:
        """The number of the epoch that a sample is in; of a sampler with epochs."""
        assert self.samples_per_epoch is not None
        return sample // self.samples_per_epoch

    def epoch_begin(self, epoch: int) -> int:
        """The first sample of an epoch; of a sampler with epochs."""
        assert self.samples_per_epoch is not None
        return epoch * self.samples_per_epoch

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """How many segments the rows of a batch are in at most, padding included.

        Args:
            num_rows: How many rows a batch has.
            block_size: T, tokens of x in a row.
            longest: Tokens that a segment may have: longer ones are cut into so many and a rest.
            ends: Gives int64[D], where each document ends in the token stream, ascending.

        Returns:
            int64[num_rows], the bounds of those rows that may be in most, in any order.
        """
        return np.full(num_rows, block_size, np.int64)

    def upcoming(self, sample: int) -> ShardGroups | None:
        """Where the stream is read for some time, so that what is there is fetched ahead and kept meanwhile.

        Args:
            sample: Where a run has come to.

        Returns:
            Places in the stream; None where rows may be anywhere in it.
        """
        return None


class Sampler(AnySampler, ABC):
    """A pure function from sample numbers to the starts of windows."""

    @abstractmethod
    def starts(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the windows start.

        Args:
            samples: int64[n], sample numbers, each >= 0, in any order.

        Returns:
            int64[n], offsets into the token stream, each in [0, N - T - 1].
        """

    def segment_bounds(self, num_rows: int, block_size: int, longest: int, ends: Callable[[], Ints]) -> Ints:
        """The most that any window is in, for each row."""
        return np.full(num_rows, most_in_window(ends(), block_size, longest), np.int64)


class Spans(NamedTuple):
    """Rows that are made of several pieces of the token stream, as flat arrays.

    A span of length n at start s gives x the tokens s .. s + n - 1 and y the tokens s + 1 .. s + n. Row i is
    made of spans `first[i] .. first[i + 1] - 1`, one after another; what is left of its T places is padding.

    A span may have an id in front that is not in the stream. It takes a place of x before the span's tokens;
    its target is the span's first token.

    Attributes:
        first: int64[n + 1], the first span of each row; the last entry is the number of spans.
        starts: int64[m], where each span starts in the stream.
        lengths: int64[m], tokens of the stream that x has of each span: at least 1, or 0 with an id in front.
            A row's sum, these ids counted, is at most T.
        bos: int64[m], the id in front of each span, -1 where there is none; None where no span has one.
    """

    first: Ints
    starts: Ints
    lengths: Ints
    bos: Ints | None = None

    @property
    def places(self) -> Ints:
        """int64[m]: how many places of x each span takes."""
        return self.lengths if self.bos is None else self.lengths + (self.bos >= 0)


class SpanSampler(AnySampler, ABC):
    """A sampler whose rows are not single windows: packed documents, or a padded tail.

    Attributes:
        inside_documents: Whether each span and the target of its last token are in one document, so that
            nobody has to look for documents that end in it.
        breaks: int64[k], ascending places in the stream: the target of the last token of a span that ends at
            one belongs to what is not drawn from, so it is not asked for; None where there are none.
        joined: Whether a row's spans are T + 1 tokens that follow each other whatever the stream says: x is
            all but the last of them, y all but the first. There is no padding then, and only the spans
            themselves need be inside documents.
        pad_to_multiple: Each span is followed by as much padding as makes its places a multiple of this; a
            row's sum is then with that padding.
    """

    inside_documents: bool = False
    joined: bool = False
    breaks: Ints | None = None
    pad_to_multiple: int = 1

    @abstractmethod
    def spans(self, samples: NDArray[np.int64]) -> Spans:
        """What each row is made of; `samples` as in `Sampler.starts`."""


def bos_of(context: SamplerContext) -> int | None:
    """The id that is put in front of each document, as the option `bos` says; None without it.

    Raises:
        ConfigError: If it is no id of the stream, or each document begins with it already.
    """
    if (value := context.options.get("bos")) is None:
        return None
    if context.bos_id is not None:
        return context.bos_id(value)
    if type(value) is not int or value < 0:
        raise ConfigError(f"sampler option bos = {value!r:.80}: must be an id", found=value)
    return value


#: Which samplers have an option, for whoever says it of another.
_HAVE = {
    "skip_untrained": "packed, sequential and shuffled",
    "bos": "packed and aligned",
    "pad_to_multiple": "packed",
    "max_pieces": "packed",
}


def check_options(name: str, context: SamplerContext, *allowed: str) -> None:
    """Refuse options that a sampler does not have.

    Raises:
        ConfigError: Naming the option and those that there are.
    """
    for option in context.options:
        if option not in allowed:
            known = f"it has {', '.join(allowed)}" if allowed else "it has none"
            if others := _HAVE.get(option):
                known += f"; {others} {'have' if ' and ' in others else 'has'} that option"
            raise ConfigError(
                f"sampler {name!r} has no option {option!r}; {known}", expected=allowed, found=option
            )


def window_spans(starts: Ints, block_size: int | Ints) -> Spans:
    """Rows that are single windows, as spans.

    Args:
        starts: int64[n], where the windows start.
        block_size: T, tokens of x in a window, or int64[n], in each.
    """
    return Spans(np.arange(len(starts) + 1), starts, np.full(len(starts), block_size, np.int64))


def in_rows(parts: Iterable[tuple[Ints, Spans]], num_rows: int) -> Spans:
    """Rows that several answered for, as one answer.

    Args:
        parts: Of each int64[n], ascending, the numbers of its rows, and what they are made of.
        num_rows: How many rows there are; each is of one part.
    """
    none = np.empty(0, np.int64)
    rows, starts, lengths, bos = [none], [none], [none], [none]
    for here, spans in parts:
        rows.append(np.repeat(here, np.diff(spans.first)))
        starts.append(spans.starts)
        lengths.append(spans.lengths)
        bos.append(np.full(len(spans.starts), -1) if spans.bos is None else spans.bos)
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=num_rows))))
    front = np.concatenate(bos)[order]
    return Spans(
        first,
        np.concatenate(starts)[order],
        np.concatenate(lengths)[order],
        front if (front >= 0).any() else None,
    )
