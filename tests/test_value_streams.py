from __future__ import annotations

import math

import pytest
from pydantic import TypeAdapter

from corpuskit.value_streams import LOSS_INFO, StreamInfo


@pytest.mark.parametrize(("dtype", "size"), [("|u1", 1), ("<u2", 2), ("<u4", 4), ("<f4", 4)])
def test_an_item_has_the_size_of_its_type(dtype, size):
    assert StreamInfo(dtype, 0, "input").item_bytes == size


def test_a_token_of_which_nothing_is_said_is_a_target():
    assert (LOSS_INFO.fill, LOSS_INFO.of, LOSS_INFO.item_bytes) == (1, "target", 1)


def test_the_fill_is_written_alike_whoever_read_it():
    """A record that was read again, where JSON may have made 1 of 1.0, gives the same manifest."""
    assert repr(StreamInfo("|u1", 1.0, "target")) == repr(LOSS_INFO)
    assert repr(StreamInfo("<f4", 1, "input").fill) == "1.0"
    read = TypeAdapter(StreamInfo).validate_json(TypeAdapter(StreamInfo).dump_json(LOSS_INFO), strict=True)
    assert repr(read) == repr(LOSS_INFO)


@pytest.mark.parametrize(
    ("dtype", "fill"),
    [
        ("|u1", 256),
        ("|u1", -1),
        ("<u2", 0.5),
        ("<u4", 2**32),
        ("<f4", 1e39),
        ("<f4", math.nan),
        ("<u4", 10**400),
    ],
)
def test_a_fill_is_an_item_of_its_type(dtype, fill):
    with pytest.raises(ValueError, match=r"a fill of .* is no item of \w+$"):
        StreamInfo(dtype, fill, "input")


@pytest.mark.parametrize("num_items", [0, 1, 2**20, 2**20 + 1, 3 * 2**20 - 1])
def test_a_fill_comes_in_pieces(num_items):
    pieces = [*StreamInfo("<u2", 7, "input").filled(num_items)]
    assert sum(map(len, pieces)) == num_items
    assert all((piece == 7).all() and len(piece) and piece.dtype == "<u2" for piece in pieces)
