from __future__ import annotations

import pytest

from corpuskit.errors import ConfigError
from corpuskit.evaluation.stretches import stretches_of
from corpuskit.selection import Selection


def stretches(stream, numbers=None, *, by_document):
    selection = None
    if numbers is not None:
        selection = Selection(numbers, split=stream.fingerprint, num_documents=len(stream.documents))
    found = stretches_of(stream, selection, by_document=by_document, what="it")
    return list(zip(found.starts.tolist(), found.stops.tolist(), strict=True))


def test_the_whole_stream_is_one(memory):
    assert stretches(memory([[1, 2], [], [3]]), by_document=False) == [(0, 3)]


def test_each_document_with_tokens_is_one(memory):
    assert stretches(memory([[1, 2], [], [3]]), by_document=True) == [(0, 2), (2, 3)]


def test_tokens_that_no_document_ends_are_one(memory):
    stream = memory([[1, 2], [3]])
    stream.documents.pop()
    assert stretches(stream, by_document=True) == [(0, 2), (2, 3)]


def test_selected_documents_that_follow_each_other_are_one(memory):
    stream = memory([[1, 2], [3], [], [4], [5, 6], [7]])
    assert stretches(stream, [0, 1, 3, 5], by_document=False) == [(0, 4), (6, 7)]
    assert stretches(stream, [0, 1, 3, 5], by_document=True) == [(0, 2), (2, 3), (3, 4), (6, 7)]
    assert stretches(stream, [2], by_document=False) == []


def test_a_selection_of_another_split_is_refused(memory):
    other = Selection([0], split="e" * 64, num_documents=1)
    with pytest.raises(ConfigError, match="the selection is of another split or corpus than it"):
        stretches_of(memory([[1]]), other, by_document=False, what="it")
