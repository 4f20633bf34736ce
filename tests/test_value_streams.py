from __future__ import annotations

import pytest

from corpuskit.value_streams import LOSS_INFO, StreamInfo


@pytest.mark.parametrize(("dtype", "size"), [("|u1", 1), ("<u2", 2), ("<u4", 4), ("<f4", 4)])
def test_an_item_has_the_size_of_its_type(dtype, size):
    assert StreamInfo(dtype, 0, "input").item_bytes == size


def test_a_token_of_which_nothing_is_said_is_a_target():
    assert (LOSS_INFO.fill, LOSS_INFO.of, LOSS_INFO.item_bytes) == (1, "target", 1)
