from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.corpus.document_hashes import LONG_TOKENS, DocumentHasher

LENGTHS = st.sampled_from([0, 1, 2, 3, LONG_TOKENS - 1, LONG_TOKENS, LONG_TOKENS + 1, 2 * LONG_TOKENS])


def hashes_of(documents, dtype, pieces):
    """The hashes of documents whose ids come in pieces of these sizes, again and again."""
    ids = np.concatenate([np.empty(0, dtype), *documents]).astype(dtype)
    ends = np.cumsum([len(document) for document in documents], dtype=np.int64)
    hasher, at, done, number, found = DocumentHasher(np.dtype(dtype)), 0, 0, 0, []
    while at < len(ids) or done < len(ends):
        size = min(pieces[number % len(pieces)], len(ids) - at)
        here = ends[done:][ends[done:] <= at + size]
        found.append(hasher.add(ids[at : at + size], here - at))
        at, done, number = at + size, done + len(here), number + 1
    return [tuple(row) for row in np.concatenate([np.empty((0, 2), np.uint64), *found]).tolist()]


@settings(deadline=None)
@given(
    lengths=st.lists(LENGTHS, min_size=1, max_size=8),
    seeds=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    pieces=st.lists(st.sampled_from([1, 7, 300, 5000]), min_size=1, max_size=3),
    dtype=st.sampled_from([np.uint16, np.uint32]),
)
def test_documents_have_one_hash_if_their_ids_are_the_same(lengths, seeds, pieces, dtype):
    documents = [
        np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, length, dtype, endpoint=True)
        for length, seed in zip(lengths, seeds, strict=False)
    ]
    found = hashes_of(documents, dtype, pieces)
    assert found == hashes_of(documents, dtype, [10**6])
    for one, hash_of_one in zip(documents, found, strict=True):
        for other, hash_of_other in zip(documents, found, strict=True):
            assert np.array_equal(one, other) == (hash_of_one == hash_of_other)


@pytest.mark.parametrize("length", [1, 2, 100, LONG_TOKENS - 1, LONG_TOKENS])
def test_a_change_of_one_id_or_of_two_places_changes_the_hash(length):
    document = np.arange(length, dtype=np.uint16)
    others = [document]
    for at in range(0, length, 7):
        changed = document.copy()
        changed[at] ^= 1
        others.append(changed)
        swapped = document.copy()
        swapped[[at, (at + 16) % length]] = swapped[[(at + 16) % length, at]]
        others.append(swapped)
    distinct = {document.tobytes() for document in others}
    assert len(set(hashes_of(others, np.uint16, [10**6]))) == len(distinct)


def test_zeros_of_different_lengths_differ():
    documents = [np.zeros(length, np.uint16) for length in range(2 * LONG_TOKENS)]
    assert len(set(hashes_of(documents, np.uint16, [1000]))) == len(documents)


def test_all_bits_of_hashes_are_used():
    documents = [np.array([n], np.uint16) for n in range(4096)]
    found = np.array(hashes_of(documents, np.uint16, [10**6]), np.uint64)
    bits = (found[:, :, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert abs(bits.mean(axis=0) - 0.5).max() < 0.05
