import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers import packed, saved_tables
from corpuskit.samplers.packed import PackedSampler


def all_pairs(spans):
    """Where x is in the stream, for each place that is not padding."""
    return np.sort(
        np.concatenate([np.arange(s, s + n) for s, n in zip(spans.starts, spans.lengths, strict=True)])
    )


@pytest.mark.parametrize("group", [3, 1000])
@given(sizes=st.lists(st.integers(0, 50), min_size=1, max_size=40), block=st.integers(1, 30), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_pair_of_every_document_is_in_one_row_each_epoch(make_context, group, sizes, block, data):
    ends = np.cumsum(sizes)
    if max(sizes) < 2:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "_GROUP_DOCUMENTS", group)
        sampler = PackedSampler(make_context(int(ends[-1]), block, seed=data.draw(st.integers()), ends=ends))
    rows = sampler.samples_per_epoch

    spans = sampler.spans(rows + np.arange(rows))

    expected = [np.arange(e - n, e - 1) for e, n in zip(ends, sizes, strict=True) if n > 1]
    assert all_pairs(spans).tolist() == np.concatenate(expected).tolist()
    lengths = np.add.reduceat(spans.lengths, spans.first[:-1])
    assert lengths.max() <= block


def test_documents_that_fit_are_whole(make_context):
    ends = np.cumsum([5, 3, 9, 2, 4])
    spans = PackedSampler(make_context(23, 8, ends=ends)).spans(np.arange(3))

    pieces = set(zip(spans.starts.tolist(), spans.lengths.tolist(), strict=True))
    assert pieces == {(0, 4), (5, 2), (8, 8), (17, 1), (19, 3)}


def test_the_packing_is_kept_in_the_cache_and_read_from_there(make_context, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    ends = np.cumsum([5, 3, 9, 2, 4])
    context = make_context(23, 8, ends=ends, fingerprint="abc")
    first = PackedSampler(context).spans(np.arange(9))

    (table,) = (tmp_path / "tables").iterdir()
    assert sorted(file.name for file in table.iterdir()) == [
        "digests.json",
        "first.bin",
        "lengths.bin",
        "starts.bin",
    ]
    unasked = make_context(23, 8, ends=None, fingerprint="abc")  # its document ends would be an error
    for one, other in zip(first, PackedSampler(unasked).spans(np.arange(9)), strict=True):
        np.testing.assert_array_equal(one, other)
    PackedSampler(make_context(23, 7, ends=ends, fingerprint="abc"))
    assert len(list((tmp_path / "tables").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_done_without(make_context, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("not a folder")
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))

    sampler = PackedSampler(make_context(23, 8, ends=np.cumsum([5, 3, 9, 2, 4]), fingerprint="abc"))

    assert sampler.samples_per_epoch == 3


def test_a_split_without_pairs_is_refused(make_context):
    with pytest.raises(ConfigError, match="no document of the split has two tokens"):
        PackedSampler(make_context(3, 2, ends=[1, 2, 3]))


def test_every_flipped_bit_of_a_saved_table_is_found_and_the_table_made_again(
    make_context, tmp_path, monkeypatch
):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    context = make_context(23, 8, ends=np.cumsum([5, 3, 9, 2, 4]), fingerprint="abc")
    expected = PackedSampler(context).spans(np.arange(9))
    (table,) = (tmp_path / "tables").iterdir()
    good = {path.name: path.read_bytes() for path in table.iterdir()}
    for name, data in good.items():
        for position in range(len(data)):
            bad = bytearray(data)
            bad[position] ^= 1 << (position % 8)
            (table / name).write_bytes(bad)
            for one, other in zip(expected, PackedSampler(context).spans(np.arange(9)), strict=True):
                np.testing.assert_array_equal(one, other)
            assert {path.name: path.read_bytes() for path in table.iterdir()} == good
    assert [path.name for path in (tmp_path / "tables").iterdir()] == [table.name]


def test_a_saved_table_is_hashed_once(make_context, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    context = make_context(23, 8, ends=np.cumsum([5, 3, 9, 2, 4]), fingerprint="abc")
    PackedSampler(context)
    monkeypatch.setattr(saved_tables.reading, "sha256_of_file", None)
    PackedSampler(context)


@pytest.mark.parametrize("kind", ["pipe", "folder", "missing", "short"])
def test_a_saved_table_with_something_else_in_it_is_made_again(make_context, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    context = make_context(23, 8, ends=np.cumsum([5, 3, 9, 2, 4]), fingerprint="abc")
    expected = PackedSampler(context).spans(np.arange(9))
    (path,) = (tmp_path / "tables").glob("*/starts.bin")
    data = path.read_bytes()
    path.unlink()
    if kind != "missing":
        make = {
            "pipe": lambda: os.mkfifo(path),
            "folder": path.mkdir,
            "short": lambda: path.write_bytes(data[:-8]),
        }
        make[kind]()
    for one, other in zip(expected, PackedSampler(context).spans(np.arange(9)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert path.read_bytes() == data
