from __future__ import annotations

import numpy as np
import pytest

from corpuskit.corpus.index import new_rows
from corpuskit.inspect.document_counts import DocumentCounts


def rows(ends, inputs):
    made = new_rows(np.array(ends), 0, 0, 0)
    made[:, 1] = inputs
    return made


def test_documents_are_counted_by_input_and_the_longest_are_remembered():
    counts = DocumentCounts(3, long_tokens=2, top=2)
    end = counts.add(rows([4, 5, 8], [0, 2, 2]), 0, 10)
    # The next shard begins at token 10, and its first document in the one before.
    assert counts.add(rows([3, 3], [0, 0]), end - 10, 5) == 3
    assert counts.num_documents == 5
    assert counts.input_documents.tolist() == [3, 0, 2]
    assert counts.input_tokens.tolist() == [9, 0, 4]
    assert counts.num_long == 3
    assert counts.longest == [3, 0]  # 5 and 4 tokens


@pytest.mark.parametrize(
    ("ends", "inputs", "message"),
    [
        ([4, 3], [0, 0], "not in order within 10 tokens"),
        ([11], [0], "not in order within 10 tokens"),
        ([2**63 + 1], [0], "not in order within 10 tokens"),
        ([1], [3], "names input 3 of 3 inputs"),
        ([1], [2**64 - 1], "names input 18446744073709551615 of 3 inputs"),
    ],
)
def test_rows_that_make_no_sense_are_refused(ends, inputs, message):
    made = rows([0] * len(ends), 0)
    made[:, 0], made[:, 1] = np.array(ends, np.uint64), np.array(inputs, np.uint64)
    with pytest.raises(ValueError, match=message):
        DocumentCounts(3, long_tokens=2, top=2).add(made, 0, 10)
