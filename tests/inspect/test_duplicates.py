from __future__ import annotations

import numpy as np
import pytest

from corpuskit.inspect.duplicates import DuplicateFinder


def contents(numbers):
    """Hashes as good as random ones, equal where numbers are."""
    table = np.random.default_rng(3).integers(0, 2**64, (max(numbers) + 1, 2), np.uint64, endpoint=False)
    return table[numbers]


def found_in(numbers, *, most=10**6, step=3, first_split=0, top=10, examples=2, lengths=None):
    finder = DuplicateFinder(most)
    hashes = contents(numbers)
    sizes = np.full(len(numbers), 5) if lengths is None else np.array(lengths)
    for at in range(0, len(numbers), step):
        rows = slice(at, at + step)
        finder.add(hashes[rows], np.arange(len(numbers))[rows], sizes[rows])
    return finder.groups(first_split=first_split, top=top, examples=examples)


def test_groups_are_found_and_the_worst_come_first():
    found = found_in([0, 1, 0, 2, 1, 0, 3], lengths=[1, 9, 1, 4, 9, 1, 4])
    assert (found.num_groups, found.num_documents, found.num_tokens) == (2, 3, 11)
    assert [(one.copies, one.num_tokens, one.first) for one in found.worst] == [
        (2, 9, (1, 4)),
        (3, 1, (0, 2)),
    ]
    assert found.sampled == 1


def test_nothing_is_found_where_there_is_nothing():
    found = DuplicateFinder(10).groups(first_split=0, top=3, examples=3)
    assert (found.num_groups, found.num_documents, found.worst, found.sampled) == (0, 0, (), 1)


def test_what_is_in_the_first_split_and_in_another_has_leaked():
    assert found_in([0, 1, 2, 0, 0, 3, 3, 1], first_split=3).leaked == 3
    assert found_in([0, 0, 1, 1], first_split=4).leaked == 0


def test_halves_of_hashes_alone_make_no_duplicate():
    finder = DuplicateFinder(100)
    hashes = np.array([[1, 1], [1, 2], [2, 1], [1, 1]], np.uint64)
    finder.add(hashes, np.arange(4), np.full(4, 5))
    assert finder.groups(first_split=4, top=9, examples=9).worst[0].first == (0, 3)


@pytest.mark.parametrize("step", [1, 64, 5000])
def test_more_documents_than_there_is_room_for_are_judged_by_content(step):
    numbers = np.concatenate((np.arange(20_000), np.arange(10_000), np.arange(5_000))).tolist()
    found = found_in(numbers, most=4096, step=step, first_split=20_000)
    assert found.sampled == 16
    assert found.num_documents == pytest.approx(15_000, rel=0.15)
    assert found.num_groups == pytest.approx(10_000, rel=0.15)
    assert found.leaked == found.num_documents
    assert found == found_in(numbers, most=4096, step=777, first_split=20_000)


def test_memory_is_bounded_even_where_all_documents_are_the_same():
    finder = DuplicateFinder(100)
    for at in range(0, 10_000, 100):
        finder.add(np.full((100, 2), 2**63, np.uint64), np.arange(at, at + 100), np.ones(100, np.int64))
        assert sum(map(len, finder._columns[0])) <= 200
