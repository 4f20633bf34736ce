from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.opening import open_reader
from corpuskit.evaluation.source import EvaluationSource
from corpuskit.evaluation.stretches import stretches_of
from corpuskit.evaluation.window_table import WindowTable


def source_of(stream, **options):
    stretches = stretches_of(stream, None, by_document=True, what="it")
    table = WindowTable(stretches, block_size=4, stride=3, has_bos=True, **options)
    return EvaluationSource(table, open_reader(stream, 1, random_access=False), block_size=4, bos=0), table


@pytest.mark.parametrize("packed", [False, True])
def test_some_of_many_rows_are_those_rows(memory, packed):
    source, table = source_of(memory([range(1, 12), range(20, 22), [30]], cuts=[3]), packed=packed)
    numbers = np.arange(table.num_rows + 1)
    rows = source.resolve(numbers)
    x, y = source.read(rows)
    for number in numbers.tolist():
        one_x, one_y = source.read(rows.cut(number, number + 1))
        assert (one_x.tolist(), one_y.tolist()) == ([x[number].tolist()], [y[number].tolist()])


def test_each_window_and_padding_is_a_segment(memory):
    source, table = source_of(memory([[1], [2], [3, 4, 5]]), packed=True)
    assert table.num_rows == 2
    segments, foreign = source.documents(source.resolve(np.arange(3)))
    assert sorted(np.diff(segments.cu_seqlens).tolist()) == [1, 1, 3, 3, 4]
    assert not len(foreign)


def test_there_are_no_values_beside(memory):
    source, _ = source_of(memory([[1, 2]]))
    rows = source.resolve(np.arange(1))
    with pytest.raises(KeyError):
        source.values(rows, "loss")
    with pytest.raises(KeyError):
        source.learned(rows)
