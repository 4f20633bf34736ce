"""A sample of a corpus: documents from all over it, read and encoded, with what each of them stands for.

Inputs that are read alike (one format, one compression, one split) make a group. A small corpus is read to
its end, and every so often some text of it is encoded. Of a large one, groups that can be cut anywhere are
looked at in many small places, evenly spread over their bytes; of those that can only be read from their
beginning, a few files are read as far as the limits allow, chosen so that each byte has the same chance.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from corpuskit.errors import CorpuskitError
from corpuskit.preparation.parts.encoding import joined
from corpuskit.preparation.plan import Piece, Plan
from corpuskit.preparation.preview.places import Group, Limits, Place, field_bytes, stored_bytes
from corpuskit.preparation.preview.some_text import num_ids, some_of
from corpuskit.sources.base import Input, Sampled, Shares, Slice, Source
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.compression import by_extension
from corpuskit.sources.inputs.stream import base_name
from corpuskit.tokenizers.base import Tokenizer

#: Called with an input and what is wrong with it.
OnProblem = Callable[[Input, CorpuskitError], None]


#: By which each place's pieces are further in their shares than those of the place before: all are met.
_GOLDEN_RATIO = (5**0.5 - 1) / 2
#: So many files, or groups of rows, are looked into at least, if it is only their beginnings.
_FEWEST_FILES = 16
#: Tables are read by the column, and so much faster than other files.
_TABLES_FASTER = 4
#: A share that is none: what rounding leaves.
_NOTHING = 1e-9


def take_sample(
    source: Source,
    plan: Plan,
    tokenizer: Tokenizer,
    *,
    cut: bool,
    limits: Limits,
    on_problem: OnProblem,
) -> list[Group]:
    """Read and encode a sample of a plan's pieces.

    Args:
        source: The source.
        plan: The plan.
        tokenizer: The tokenizer.
        cut: Whether long documents are encoded in pieces where their ids allow it, as the work would.
        limits: How much to read and encode.
        on_problem: Called for what cannot be read; the rest is sampled all the same.

    Returns:
        The groups, in the order of their first pieces.
    """
    groups: dict[tuple[str, str, str | None], Group] = {}
    for part in plan.parts:
        for piece in part.pieces:
            key = group_key(plan.inputs[piece.input], piece)
            groups.setdefault(key, Group(key)).pieces.append(piece)
    total = sum(group.size_bytes for group in groups.values())
    for group in groups.values():
        share = max(group.size_bytes / total, 1 / (4 * len(groups)))
        _Sampler(source, plan, tokenizer, group, _part_of(limits, share), on_problem, cut=cut).run()
        group.merge_empty()
    return list(groups.values())


def group_key(item: Input, piece: Piece) -> tuple[str, str, str | None]:
    """What pieces that are read alike have in common: format, compression, and split."""
    compression = by_extension(base_name(item))
    outer = "zip" if item.member is not None else ""
    return item.format, f"{outer}{compression.name if compression else ''}", piece.split


def _part_of(limits: Limits, share: float) -> Limits:
    """The limits of a group that has some share of the corpus."""
    return Limits(
        read_bytes=max(int(limits.read_bytes * share), 1),
        text_bytes=max(int(limits.text_bytes * share), 1),
        encode_bytes=max(int(limits.encode_bytes * share), 1),
        places=max(int(limits.places * share), 4),
        files=max(int(limits.files * share), 4),
    )


class _Sampler:
    """Samples one group.

    Args:
        source: The source.
        plan: The plan.
        tokenizer: The tokenizer.
        group: Where the places go.
        limits: How much of the group to read and encode.
        on_problem: Called for what cannot be read.
        cut: Whether long documents are encoded in pieces.
    """

    def __init__(
        self,
        source: Source,
        plan: Plan,
        tokenizer: Tokenizer,
        group: Group,
        limits: Limits,
        on_problem: OnProblem,
        *,
        cut: bool,
    ) -> None:
        self._source, self._plan, self._tokenizer = source, plan, tokenizer
        if self._is_table(group.pieces[0]):
            limits = dataclasses.replace(limits, read_bytes=_TABLES_FASTER * limits.read_bytes)
        self._group, self._limits, self._on_problem, self._cut = group, limits, on_problem, cut
        self._size = group.size_bytes
        self._encode_bytes = max(limits.encode_bytes // limits.places, 1)
        self._encodes_all = self._size * self._expansion() <= limits.encode_bytes
        self._read = self._next_at = 0.0  # stored bytes read from beginnings; where the next place begins

    def run(self) -> None:
        """Read all of a small group; else some places, or the beginnings of some files."""
        group, limits = self._group, self._limits
        if self._size <= limits.read_bytes and len(group.pieces) <= limits.files:
            self._read_beginnings(dict.fromkeys(range(len(group.pieces)), 1))
            return
        if self._source.places(*self._of(group.pieces[0]), ()) is None:
            group.pieces = [small for piece in group.pieces for small in self._of_row_groups(piece)]
            fitting = int(limits.read_bytes * len(group.pieces) / self._size)
            count = min(max(_FEWEST_FILES, fitting), len(group.pieces), limits.files)
            self._read_beginnings(Counter(number for number, _ in self._spread(count)))
            return
        self._read_places()
        if not any(place.text_bytes for place in group.places):
            group.places.clear()
            largest = max(range(len(group.pieces)), key=lambda n: group.pieces[n].slice.size_bytes)
            self._read_beginnings({largest: 1})

    def _expansion(self) -> float:
        """How far the group's stored bytes expand, as far as it matters: not in a large one."""
        if self._size > self._limits.encode_bytes:
            return 1.0
        with contextlib.suppress(CorpuskitError):
            return self._source.expansion(self._plan.inputs[self._group.pieces[0].input])
        return 1.0

    def _of(self, piece: Piece) -> tuple[Input, Slice]:
        return self._plan.inputs[piece.input], piece.slice

    def _of_row_groups(self, piece: Piece) -> Iterator[Piece]:
        """A piece in pieces of one group of rows each, if it is a range of rows."""
        item, part = self._of(piece)
        slices = self._source.slices(item, target_bytes=1) if self._is_table(piece) else ()
        inside = [small for small in slices if part.start <= small.start < (part.stop or 0)]
        yield from (dataclasses.replace(piece, slice=small) for small in inside or [part])

    def _is_table(self, piece: Piece) -> bool:
        """Whether a piece is a range of rows."""
        item, part = self._of(piece)
        return part.stop is not None and self._source.num_records(item, part) == part.stop - part.start

    def _spread(self, count: int) -> Iterator[tuple[int, float]]:
        """Places evenly spread over the bytes of the group: each one's piece, and how far into it."""
        sizes = [stored_bytes(piece) for piece in self._group.pieces]
        ends = list(itertools.accumulate(sizes))
        for place in range(count):
            at = (place + 0.5) * self._size / count
            number = min(bisect.bisect_right(ends, at), len(ends) - 1)
            yield number, at - (ends[number] - sizes[number])

    # Places anywhere

    def _read_places(self) -> None:
        """Look at many small places; in a piece that is no larger than one, at all of it."""
        limits, pieces = self._limits, self._group.pieces
        width = limits.read_bytes / limits.places
        mean = self._size / len(pieces)
        count = min(max(int(limits.read_bytes / min(width, mean)), limits.places), limits.files)
        wanted: Counter[tuple[int, float, float]] = Counter()
        for number, at in self._spread(count):
            size = stored_bytes(pieces[number])
            first = 0.0 if size <= width else min(at, size - width) / size
            wanted[number, first, min(first + width / size, 1.0)] += 1
        self._encode_bytes = max(limits.encode_bytes // len(wanted), 1)
        for number, chosen in itertools.groupby(wanted, key=lambda place: place[0]):
            shares = [(first, last) for _, first, last in chosen]
            counts = [wanted[number, first, last] * self._size / count for first, last in shares]
            with self._guarded(pieces[number]):
                self._read_shares(pieces[number], shares, counts)

    def _read_shares(self, piece: Piece, shares: Shares, weights: Sequence[float]) -> None:
        item, part = self._of(piece)
        size, records = stored_bytes(piece), self._source.num_records(item, part)
        whole = list(shares) == [(0.0, 1.0)]
        places = [part] if whole else self._source.places(item, part, shares)
        assert places is not None
        for found, (first, last), weight in zip(places, shares, weights, strict=True):
            place = Place(weight=weight, nominal_bytes=(last - first) * size)
            place.read_bytes = place.nominal_bytes
            if records is not None:
                place.records = records * (last - first) if records > 1 else records * (first == 0)
            elif not whole:
                place.read_bytes = found.size_bytes
            self._group.places.append(place)
            if found.start != found.stop:
                self._read_slice(item, found, place)

    def _read_slice(self, item: Input, part: Slice, place: Place) -> None:
        """All documents of a small slice, some of which are encoded."""
        goes_on = part.start > part.document_start
        batches = _Timed(self._source.read(item, part, _ignore))
        for batch in batches:
            place.read_s += batches.elapsed_s
            self._count(batch, place, goes_on=goes_on)
            self._encode(batch, place)
            goes_on = batch.continues

    # From the beginning

    def _read_beginnings(self, counts: Mapping[int, int]) -> None:
        """Read pieces from their beginnings, as far as the limits allow.

        Args:
            counts: The pieces' numbers, and how often each was chosen.
        """
        group, limits, unread = self._group, self._limits, 0.0
        whole = len(counts) == len(group.pieces)
        total = sum(stored_bytes(group.pieces[number]) for number in counts)
        budget = 1.0 if total <= limits.read_bytes else limits.read_bytes / self._size
        for number in sorted(counts):
            piece = group.pieces[number]
            weight = stored_bytes(piece) if whole else self._size * counts[number] / sum(counts.values())
            most = 1.0 if budget == 1 else budget * weight / stored_bytes(piece)
            if not whole or budget < 1:
                self._next_at = self._read  # every file stands for more or less than others
            before, read = len(group.places), 0.0
            with self._guarded(piece):
                read = self._read_beginning(piece, most, int(limits.text_bytes * weight / self._size))
            if not (whole and read == 1):
                _weigh(group.places[before:], weight)
            unread += (1 - read) * weight / self._size
        group.unread, group.whole = unread, whole and unread < _NOTHING

    def _read_beginning(self, piece: Piece, most: float, text_bytes: int) -> float:
        """Read a piece up to a share of it, or so much text; returns the share that was read."""
        item, part = self._of(piece)
        size, records = stored_bytes(piece), self._source.num_records(item, part)
        measured = _Measured(self._source.sample(item, part, _ignore), size)
        batches: Iterable[DocumentBatch] = measured
        if self._encodes_all:
            batches = joined(iter(measured), self._tokenizer, cut=self._cut, name=item.name)
        timed, place, done, counted = _Timed(batches), self._place(), 0.0, 0
        goes_on = part.start > part.document_start
        for batch in timed:
            place = self._place()
            place.read_s += timed.elapsed_s
            self._count(batch, place, goes_on=goes_on)
            self._encode(batch, place)
            goes_on = batch.continues
            if records is not None:
                begun = batch.starts[-1] + 1 - part.start if records > 1 else records
                place.records = (place.records or 0) + begun - counted
                counted = begun
            self._advance(place, (measured.share - done) * size)
            done = measured.share
            if done < 1 and (done >= most or measured.text_bytes >= text_bytes):
                break
        else:
            self._advance(place, (1 - done) * size)
            done = 1.0
        return done

    def _place(self) -> Place:
        """The place that is read; a new one now and then."""
        places, step = self._group.places, min(self._size, self._limits.read_bytes) / self._limits.places
        if self._read >= self._next_at:
            self._next_at = self._read + step
            places.append(Place())
        return places[-1]

    def _advance(self, place: Place, size_bytes: float) -> None:
        place.nominal_bytes += size_bytes
        place.read_bytes += size_bytes
        place.weight += size_bytes
        self._read += size_bytes

    # What is found

    def _count(self, batch: DocumentBatch, place: Place, *, goes_on: bool) -> None:
        """Count the documents that start in a batch; `goes_on` where its first one began before."""
        place.text_bytes += sum(map(len, batch.texts))
        place.num_documents += len(batch.texts) - goes_on
        place.squared_bytes += sum(len(text) ** 2 for text in batch.texts)
        place.field_bytes += field_bytes(batch)

    def _encode(self, batch: DocumentBatch, place: Place) -> None:
        """Encode some documents of a batch, unless enough of the place is encoded."""
        limit = None if self._encodes_all else self._encode_bytes - place.encoded_bytes
        phase = len(self._group.places) * _GOLDEN_RATIO % 1
        self._group.has_loss |= batch.pieces is not None
        some = some_of(batch, limit, phase)
        if not some.texts:
            return
        started = time.perf_counter()
        place.num_tokens += num_ids(self._tokenizer, some)
        place.encode_s += time.perf_counter() - started
        place.encoded_bytes += sum(map(len, some.texts))

    @contextlib.contextmanager
    def _guarded(self, piece: Piece) -> Iterator[None]:
        """Note that a file is looked into, and what is wrong with it."""
        self._group.files.add(piece.input)
        try:
            yield
        except CorpuskitError as error:
            self._on_problem(self._plan.inputs[piece.input], error)


class _Measured:
    """The documents of a sample, with the share of their slice that is read, or is told from their text."""

    def __init__(self, sample: Iterator[Sampled], size_bytes: int) -> None:
        self._sample, self._size_bytes = sample, size_bytes
        self.share, self.text_bytes = 0.0, 0

    def __iter__(self) -> Iterator[DocumentBatch]:
        for batch, share in self._sample:
            self.text_bytes += sum(map(len, batch.texts))
            guess = min(self.text_bytes / self._size_bytes, 1 - _NOTHING)
            self.share = max(self.share, guess if share is None else share)
            yield batch


class _Timed:
    """Batches, with the seconds that the last one took."""

    def __init__(self, batches: Iterable[DocumentBatch]) -> None:
        self._batches = iter(batches)
        self.elapsed_s = 0.0

    def __iter__(self) -> Iterator[DocumentBatch]:
        while True:
            started = time.perf_counter()
            batch = next(self._batches, None)
            self.elapsed_s = time.perf_counter() - started
            if batch is None:
                return
            yield batch


def _weigh(places: Sequence[Place], weight: float) -> None:
    """Share out what a file stands for among the places in it, by their size."""
    total = sum(place.nominal_bytes for place in places)
    for place in places:
        place.weight = weight * place.nominal_bytes / total if total else 0.0


def _ignore(kind: str, start: int, reason: str) -> None:
    """What the work will leave out is left out of the sample, too."""


__all__ = ["OnProblem", "group_key", "take_sample"]
