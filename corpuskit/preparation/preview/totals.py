"""From what was found in places to a whole: totals, and the range in which the truth should be."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.preparation.preview.places import Group

#: A range is so many standard errors wide to each side, and no error is taken to be smaller than this share.
_ERRORS, _LEAST_ERROR = 2.0, 0.015
#: The error of a single place, and of what lies beyond the beginnings of files: nobody has looked there.
_LONE_ERROR, _UNREAD_ERROR, _UNREAD_DOCUMENTS_ERROR = 0.15, 0.15, 0.25


@dataclasses.dataclass(frozen=True, slots=True)
class Range:
    """A number, and between which bounds it should be.

    Args:
        value: The best guess.
        low: The least that is likely; equal to `value` where the number is exact.
        high: The most that is likely.
    """

    value: int
    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether the number was counted and not judged."""
        return self.low == self.high


class Guess(NamedTuple):
    """A number and its standard error; an error of 0 means that it was counted."""

    value: float
    error: float = 0.0

    def __add__(self, other: object) -> Guess:
        assert isinstance(other, Guess)
        return Guess(self.value + other.value, math.hypot(self.error, other.error))

    def times(self, factor: float, *, error: float = 0.0) -> Guess:
        """The guess scaled by a factor that has a relative error of its own."""
        return Guess(self.value * factor, factor * math.hypot(self.error, self.value * error))

    def range(self, least: float = 0) -> Range:
        """The number with its bounds, of which none is below `least`, which was counted."""
        margin = _ERRORS * max(self.error, _LEAST_ERROR * self.value) if self.error else 0.0
        value = max(self.value, least)
        low, high = max(self.value - margin, least), max(self.value + margin, value)
        return Range(round(value), round(low), round(high))


_NOTHING = Guess(0.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Totals:
    """What a group, or a corpus, holds.

    Args:
        text_bytes: Its text.
        num_documents: Its documents.
        num_ids: The ids of their texts, without ends of text.
        field_bytes: Their kept fields.
    """

    text_bytes: Guess = _NOTHING
    num_documents: Guess = _NOTHING
    num_ids: Guess = _NOTHING
    field_bytes: Guess = _NOTHING

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.text_bytes + other.text_bytes,
            self.num_documents + other.num_documents,
            self.num_ids + other.num_ids,
            self.field_bytes + other.field_bytes,
        )

    def num_tokens(self, *, added: int) -> Guess:
        """All ids, with so many more for each document."""
        total = self.num_ids
        for _ in range(added):
            total = total + self.num_documents
        return total

    def times(self, factor: float, *, error: float = 0.0) -> Totals:
        """The same for a part of the corpus."""
        return Totals(*(getattr(self, name).times(factor, error=error) for name in _FIELDS))


_FIELDS = ("text_bytes", "num_documents", "num_ids", "field_bytes")


def totals(group: Group, num_records: int | None) -> Totals:
    """What a group holds, judged from its places.

    Args:
        group: The group.
        num_records: How many records its pieces have, where that is known.
    """
    if not group.places:
        return Totals()
    text, documents = group.column("text_bytes"), group.column("num_documents")
    if group.whole:
        text_bytes, num_documents = Guess(text.sum()), Guess(documents.sum())
        factor = np.ones(len(text))
    else:
        nominal = group.column("nominal_bytes")
        factor = np.divide(group.column("weight"), nominal, out=np.zeros(len(text)), where=nominal > 0)
        # In a table nothing says how long the texts are that were not read.
        unread = group.unread * (_UNREAD_ERROR if num_records is None else _UNREAD_DOCUMENTS_ERROR)
        text_bytes = _ratio(factor * text, factor * group.column("read_bytes"), group.size_bytes, unread)
        if num_records is None:
            unread = _UNREAD_DOCUMENTS_ERROR * group.unread
            num_documents = _ratio(factor * documents, group.column("weight"), group.size_bytes, unread)
        else:
            records = np.nan_to_num(group.column("records"))
            if not records.any():
                records = documents = np.ones(len(text))
            num_documents = _ratio(factor * documents, factor * records, num_records)
    fields = group.column("field_bytes")
    field_bytes = Guess(text_bytes.value * fields.sum() / max(text.sum(), 1), text_bytes.error)
    return Totals(text_bytes, num_documents, _ids(group, factor * text, text_bytes), field_bytes)


def _ratio(
    found: NDArray[np.float64], of: NDArray[np.float64], whole: float, unread: float | None = None
) -> Guess:
    """What the whole has, if each place has so much of what it stands for.

    Args:
        found: float64[P], what places have.
        of: float64[P], how much that is of the whole.
        whole: How much there is in all.
        unread: The relative error of what lies where no place is; None where the whole is told by records.
    """
    if not of.sum():
        return Guess(0)
    rate = found.sum() / of.sum()
    error = math.sqrt(len(found)) * _spread(found - rate * of) * whole / of.sum()
    value = rate * whole
    if len(found) == 1 and unread is not None:
        error = _LONE_ERROR * value
    return Guess(value, max(math.hypot(error, (unread or 0.0) * value), 1e-9))


def _ids(group: Group, text: NDArray[np.float64], text_bytes: Guess) -> Guess:
    """The ids of a group's text, which each place holds so much of."""
    encoded, num_ids = group.column("encoded_bytes"), group.column("num_tokens")
    if not encoded.sum():
        return Guess(0)
    rates = np.divide(
        num_ids, encoded, out=np.full(len(text), num_ids.sum() / encoded.sum()), where=encoded > 0
    )
    rate = (text * rates).sum() / text.sum()
    if encoded.sum() == group.column("text_bytes").sum():
        return text_bytes.times(rate)
    if len(rates) > 1:
        error = math.sqrt((text**2).sum()) / text.sum() * _spread(rates) / rate
    else:
        error = _LONE_ERROR
    return text_bytes.times(rate, error=max(error, 1e-9))


def _spread(values: NDArray[np.float64]) -> float:
    """The standard deviation of neighbours: what changes slowly along a corpus is no error of a sample."""
    return math.sqrt((np.diff(values) ** 2).mean() / 2) if len(values) > 1 else 0.0


__all__ = ["Guess", "Range", "Totals", "totals"]
