"""How a split becomes several files."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.formats.dividing import divided, document_bounds, even_bounds, row_bounds

LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=40).filter(any)


@given(lengths=LENGTHS, shard_tokens=st.none() | st.integers(1, 30), piece=st.integers(1, 7))
def test_files_of_documents_are_as_full_as_they_can_be(lengths, shard_tokens, piece):
    ends = np.cumsum(np.array(lengths, np.int64))
    pieces = [ends[start : start + piece] for start in range(0, len(ends), piece)]
    export = SimpleNamespace(document_ends=lambda split: iter(pieces))
    tokens, documents = document_bounds(export, "train", shard_tokens)
    files = [[]]  # one document after another, by hand
    for length in lengths:
        if shard_tokens and length and any(files[-1]) and sum(files[-1]) + length > shard_tokens:
            files.append([])
        files[-1].append(length)
    assert np.diff(tokens).tolist() == [sum(file) for file in files]
    assert np.diff(documents).tolist() == [len(file) for file in files]


@given(num_tokens=st.integers(1, 200), block_size=st.integers(1, 50), shard_tokens=st.integers(1, 100))
def test_files_of_rows_are_whole_and_no_row_is_lost(num_tokens, block_size, shard_tokens):
    if num_tokens < block_size:
        return
    bounds = row_bounds(num_tokens, block_size, shard_tokens)
    sizes = np.diff(bounds)
    assert bounds[0] == 0
    assert bounds[-1] == num_tokens // block_size * block_size
    assert not (sizes % block_size).any()
    assert (sizes > 0).all()
    assert all(size <= max(shard_tokens, block_size) for size in sizes)


@given(num_tokens=st.integers(1, 200), shard_tokens=st.integers(1, 100))
def test_files_of_one_size_differ_by_a_token(num_tokens, shard_tokens):
    sizes = np.diff(even_bounds(num_tokens, shard_tokens))
    assert sizes.sum() == num_tokens
    assert sizes.max() <= shard_tokens
    assert sizes.max() - sizes.min() <= 1


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9), cuts=st.lists(st.integers(0, 60), max_size=9)
)
def test_parts_are_what_slices_would_be_and_all_is_read(sizes, cuts):
    ids = np.arange(sum(sizes))
    read = []

    def pieces():
        for start, stop in itertools.pairwise([0, *np.cumsum(sizes).tolist()]):
            read.append(stop)
            yield ids[start:stop]

    bounds = sorted({0, *(cut for cut in cuts if cut <= len(ids))})
    parts = [np.concatenate([np.empty(0, ids.dtype), *part]).tolist() for part in divided(pieces(), bounds)]
    assert parts == [ids[start:stop].tolist() for start, stop in itertools.pairwise(bounds)]
    assert read[-1] == len(ids)
