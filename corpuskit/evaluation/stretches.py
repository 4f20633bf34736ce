"""What is evaluated by itself: the whole stream, runs of selected documents, or each document."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches.selected import runs_of, selected_numbers
from corpuskit.batches.stream import TokenStream
from corpuskit.selection import Selection


class Stretches(NamedTuple):
    """Neighbouring tokens of a stream that no window reaches out of; each has one or more.

    Attributes:
        starts: int64[U], where they start in the stream, ascending.
        stops: int64[U], where they end.
    """

    starts: Ints
    stops: Ints


def stretches_of(
    stream: TokenStream, selection: Selection | None, *, by_document: bool, what: str
) -> Stretches:
    """The stretches of a stream.

    Args:
        stream: The stream.
        selection: Which of its documents; None is all of them, and tokens that no document ends.
        by_document: Whether each document is one; otherwise documents that follow each other are.
        what: What the stream is called in an error.

    Raises:
        ConfigError: If the selection is of another split, or empty, or no selection.
    """
    if selection is None and not by_document:
        starts, stops = np.zeros(1, np.int64), np.array([stream.num_tokens])
    else:
        ends = stream.document_ends()
        if selection is None:
            stops = np.concatenate((ends, [stream.num_tokens]))
            starts = np.concatenate(([0], ends))
        else:
            numbers = selected_numbers(stream, selection, len(ends), what)
            starts, stops = np.where(numbers > 0, ends[numbers - 1], 0), ends[numbers]
    if by_document:
        filled = stops > starts
        starts, stops = starts[filled], stops[filled]
    else:
        starts, stops = runs_of(starts, stops)
    return Stretches(starts.astype(np.int64), stops.astype(np.int64))


__all__ = ["Stretches", "stretches_of"]
