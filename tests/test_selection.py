"""Selections of documents as values."""

from __future__ import annotations

import hashlib
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.selection import Selection


def selection(numbers, *, num_documents=100, **options):
    return Selection(numbers, split="f" * 64, num_documents=num_documents, **options)


@given(st.lists(st.integers(0, 99)))
def test_a_selection_survives_json_and_pickle_and_order_makes_no_difference(numbers):
    made = selection(numbers)
    assert list(made) == made.numbers.tolist() == sorted(set(numbers))
    assert len(made) == len(set(numbers))
    assert made.numbers.dtype == np.int64
    for same in (
        Selection.from_json(json.loads(json.dumps(made.to_json()))),
        pickle.loads(pickle.dumps(made)),
        selection(list(reversed(numbers)), expression="document >= 0"),
    ):
        assert same == made
        assert (hash(same), same.fingerprint) == (hash(made), made.fingerprint)
        assert list(same) == list(made)


def test_a_selection_is_of_one_split_and_does_not_change():
    made = selection([3, 1])
    assert made != Selection([3, 1], split="e" * 64, num_documents=100)
    assert made != selection([3])
    assert 1 in made
    assert 2 not in made
    assert "1" not in made
    with pytest.raises(AttributeError, match="does not change"):
        made.split = "x"
    with pytest.raises(ValueError, match="read-only"):
        made.numbers[0] = 2
    assert (
        repr(selection([3, 1], expression="lang = 'de'"))
        == "<Selection: 2 of 100 documents where lang = 'de'>"
    )


def test_runs_of_neighbours_take_little_room():
    made = selection(np.arange(10**6), num_documents=10**6)
    assert made.to_json()["runs"] == [[0, 10**6]]
    assert selection([]).to_json()["runs"] == []


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([100], "numbers: expected documents of the split, 0 to 99, found 100; choose others"),
        ([-1], "found -1"),
        ([1.5], "expected a list of documents' numbers, found float64"),
        (["d1"], "found <U2 of 1 dimensions; for ids, name a text file with an id on each line"),
        ([[1]], "of 2 dimensions"),
        ([True], "found bool"),
    ],
)
def test_what_is_no_document_is_refused(numbers, message):
    with pytest.raises(ConfigError, match=message):
        selection(numbers)


@pytest.mark.parametrize(
    "changed",
    [
        {"runs": [[0, 10**12]]},
        {"runs": [[0, -1]]},
        {"runs": [[0, 2**62]] * 4},
        {"runs": [[0, 2**62]] * 4, "num_documents": 2**63 - 1},
        {"runs": [[2**63 - 1, 2**63 - 1]], "num_documents": 2**63 - 1},
        {"runs": [[2**62, 1]], "num_documents": 2**70},
        {"runs": [[0, 2**64]]},
        {"runs": [[-1, 1]]},
        {"runs": [[3, 1], [0, 1]]},
        {"runs": [[0, 1], [1, 1]]},
        {"runs": [[0, 5], [2, 5]]},
        {"runs": "x"},
        {"runs": [[1, 1]]},
        {"split": "e"},
        {"fingerprint": ""},
        {"num_documents": "many"},
    ],
)
def test_a_changed_selection_is_one_line(changed):
    with pytest.raises(ConfigError, match="^not a selection: .*; make it again with corpuskit.select$"):
        Selection.from_json({**selection([0]).to_json(), **changed})
    with pytest.raises(ConfigError, match="not a selection"):
        Selection.from_json({})


def test_a_selection_of_any_number_of_documents_takes_the_room_of_its_runs():
    made = selection([7], num_documents=10**13)
    value = made.to_json() | {"runs": [[7, 10**12], [10**12 + 8, 1]]}
    with pytest.raises(ConfigError, match="its fingerprint is not that of its numbers"):
        Selection.from_json(value)
    digest = hashlib.sha256(f"{'f' * 64}\n".encode() + np.array(value["runs"], "<i8").tobytes())
    found = Selection.from_json(value | {"fingerprint": digest.hexdigest()})
    assert len(found) == 10**12 + 1
    assert 10**12 + 6 in found
    assert 10**12 + 7 not in found
    assert 10**12 + 8 in found
    assert 10**70 not in found
    assert next(iter(found)) == 7
    assert pickle.loads(pickle.dumps(found)) == found


def test_lists_of_several_lengths_are_no_numbers():
    with pytest.raises(ConfigError, match="expected a list of documents' numbers, found lists in it"):
        Selection([[1], [2, 3]], split="f" * 64, num_documents=9)
