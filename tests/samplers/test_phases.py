"""Phases of block sizes, counted in whole windows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers.phases import Phases


@st.composite
def phases(draw):
    sizes = draw(st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=4))
    firsts = [0]
    for size in sizes[:-1]:
        firsts.append(firsts[-1] + draw(st.integers(0, 5)) * (8 // size))
    return Phases(8, tuple(firsts), tuple(sizes))


def rows_of(found, num_windows):
    """The window and T of each sample, written down one after another."""
    ends = [*found.first_windows[1:], num_windows]
    rows = []
    for begin, end, size in zip(found.first_windows, ends, found.block_sizes, strict=True):
        rows += [(window, size) for window in range(begin, end) for _ in range(8 // size)]
    return rows


@given(phases())
def test_samples_windows_and_tokens_agree_with_a_list_of_all_rows(found):
    rows = rows_of(found, found.first_windows[-1] + 3)
    samples = np.arange(len(rows))
    assert found.windows(samples).tolist() == [window for window, _ in rows]
    assert [found.window_of(sample) for sample in samples.tolist()] == [window for window, _ in rows]
    assert found.sizes(samples).tolist() == [size for _, size in rows]
    assert [found.tokens(n) for n in range(len(rows))] == [
        sum(size for _, size in rows[:n]) for n in range(len(rows))
    ]
    for window in {window for window, _ in rows}:
        assert found.sample_of(window) == [each for each, _ in rows].index(window)


@given(phases(), st.integers(0, 6), st.integers(1, 6))
def test_a_stretch_of_the_windows_has_the_rows_that_they_have(found, first, count):
    own = found.within(first, first + count, int)
    whole = rows_of(found, max(found.first_windows[-1], first + count))
    expected = [size for window, size in whole if first <= window < first + count]
    assert own.sizes(np.arange(len(expected))).tolist() == expected
