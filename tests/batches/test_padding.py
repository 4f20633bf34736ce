import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.batches.padding import filled_up
from corpuskit.samplers.base import Spans


@given(
    rows=st.lists(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=4), min_size=1, max_size=5),
    multiple=st.integers(1, 5),
    more=st.integers(0, 3),
    has_bos=st.booleans(),
)
def test_padding_comes_after_each_span_and_fills_each_row(rows, multiple, more, has_bos):
    def places(span):
        return span[0] + (has_bos and span[1])

    expected = []
    for row in rows:
        expected.append([])
        for span in row:
            expected[-1].append((*span, False))
            if over := -places(span) % multiple:
                expected[-1].append((over, False, True))
    sizes = [sum(places(span) for span in row) for row in expected]
    block = max(max(sizes) + more * multiple, multiple)
    for row, size in zip(expected, sizes, strict=True):
        row += [(block - size, False, True)] if size < block else []
    flat = [span for row in rows for span in row]
    bos = np.array([7 if has else -1 for _, has in flat], np.int64) if has_bos else None
    lengths = np.array([length for length, _ in flat], np.int64)
    first = np.cumsum([0, *map(len, rows)])

    found, padding = filled_up(Spans(first, 100 + np.arange(len(flat)), lengths, bos), block, multiple)

    assert found.first.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    spans = [span for row in expected for span in row]
    assert found.lengths.tolist() == [length for length, _, _ in spans]
    assert padding.tolist() == [is_padding for _, _, is_padding in spans]
    assert found.starts[~padding].tolist() == [*range(100, 100 + len(flat))]
    if has_bos:
        assert found.bos.tolist() == [7 if has else -1 for _, has, _ in spans]
    assert np.add.reduceat(found.places, found.first[:-1]).tolist() == [block] * len(rows)
