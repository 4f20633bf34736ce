from __future__ import annotations

import numpy as np

from corpuskit.evaluation.stretches import Stretches
from corpuskit.evaluation.window_table import WindowTable


def table(*bounds, **options):
    starts, stops = np.array(bounds, np.int64).reshape(-1, 2).T
    return WindowTable(
        Stretches(starts, stops), **{"block_size": 4, "stride": 4, "has_bos": False, **options}
    )


def windows(found, numbers):
    first, *rest = found.rows(np.asarray(numbers))
    return first.tolist(), [tuple(each) for each in zip(*(part.tolist() for part in rest), strict=True)]


def test_a_window_begins_every_stride_tokens_and_hides_what_was_a_target():
    found = table((0, 9), stride=2)
    assert windows(found, range(found.num_rows)) == (
        [0, 1, 2, 3],
        [(1, 4, 0, False), (3, 4, 2, False), (5, 4, 2, False)],
    )
    assert found.num_targets == 8


def test_a_bos_id_stands_before_the_first_window_of_each_stretch():
    found = table((0, 5), (5, 6), has_bos=True)
    assert windows(found, range(3))[1] == [(0, 4, 0, True), (4, 1, 0, False), (5, 1, 0, True)]
    assert found.num_targets == 6


def test_a_single_token_without_bos_has_no_window():
    found = table((0, 1), (1, 3), (3, 4))
    assert windows(found, range(found.num_rows))[1] == [(2, 1, 0, False)]
    assert table((0, 1)).num_rows == table().num_rows == 0


def test_rows_past_the_last_one_have_no_windows():
    assert windows(table((0, 5)), [0, 1, 2]) == ([0, 1, 1, 1], [(1, 4, 0, False)])


def test_packed_rows_hold_several_windows():
    found = table((0, 2), (2, 5), (5, 9), packed=True)
    assert found.num_rows == 2
    first, inside = windows(found, [0, 1, 2])
    assert first == [0, 2, 3, 3] or first == [0, 1, 3, 3]
    assert sorted(inside) == [(1, 1, 0, False), (3, 2, 0, False), (6, 3, 0, False)]


def test_the_targets_of_each_stretch_are_known():
    starts, counts = table((0, 3), (3, 4), (4, 6)).target_spans
    assert (starts.tolist(), counts.tolist()) == ([1, 5], [2, 1])
