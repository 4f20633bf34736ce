"""Packing documents into rows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.samplers.packing import pack, split_documents


def slow_pack(lengths, row_size):
    """Best fit decreasing, piece by piece; returns the rooms that are left, sorted."""
    rooms = []
    for length in sorted(lengths, reverse=True):
        fitting = [i for i, room in enumerate(rooms) if room >= length]
        if fitting:
            rooms[min(fitting, key=lambda i: rooms[i])] -= length
        else:
            rooms.append(row_size - length)
    return sorted(rooms)


@given(row_size=st.integers(1, 60), data=st.data())
@settings(max_examples=300, deadline=None)
def test_packing_is_best_fit_decreasing(row_size, data):
    lengths = np.array(data.draw(st.lists(st.integers(1, row_size), max_size=80)), np.int64)

    rows, num_rows = pack(lengths, row_size)

    filled = np.bincount(rows, lengths, minlength=num_rows)
    assert sorted((row_size - filled).astype(int).tolist()) == slow_pack(lengths.tolist(), row_size)


@given(row_size=st.integers(1, 60), most=st.integers(1, 70), data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_row_has_more_pieces_than_it_may(row_size, most, data):
    lengths = np.array(data.draw(st.lists(st.integers(1, row_size), max_size=80)), np.int64)

    rows, num_rows = pack(lengths, row_size, most)

    filled, counts = np.bincount(rows, lengths, num_rows), np.bincount(rows, minlength=num_rows)
    assert len(rows) == len(lengths)
    assert filled.max(initial=0) <= row_size
    assert counts.min(initial=1) >= 1
    assert counts.max(initial=0) <= most
    # A row is begun only where no other could have taken the piece.
    smallest = np.array([lengths[rows == row].max() for row in range(num_rows)])
    open_rows = counts < most
    rooms = row_size - filled
    for row in range(1, num_rows):
        assert not (open_rows[:row] & (rooms[:row] >= smallest[row])).any()
    if most >= row_size:
        free, free_rows = pack(lengths, row_size)
        assert (rows.tolist(), num_rows) == (free.tolist(), free_rows)


def test_packing_fills_nearly_every_place():
    lengths = np.exp(np.random.default_rng(0).normal(6, 1.2, 50_000)).astype(np.int64) + 1
    pieces = split_documents(np.cumsum(lengths + 1), 2048)

    rows, num_rows = pack(pieces.lengths, 2048)

    assert np.bincount(rows, pieces.lengths).max() <= 2048
    assert pieces.lengths.sum() > 0.999 * 2048 * num_rows
