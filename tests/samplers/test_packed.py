import os
import re
from itertools import chain

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


# Whole documents


def kept_pairs(sizes, block, too_long):
    """For each document the places of x that are kept of it, document by document, in plain Python."""
    found, at = [], 0
    for size in sizes:
        pairs = list(range(at, at + max(size - 1, 0)))
        if len(pairs) > block and too_long != "split":
            pairs = [] if too_long == "drop" else pairs[:block]
        found.append(pairs)
        at += size
    return found


@pytest.mark.parametrize("group", [3, 1000])
@given(
    sizes=st.lists(st.integers(0, 20), min_size=1, max_size=40),
    block=st.integers(1, 12),
    too_long=st.sampled_from(["drop", "truncate", "split"]),
    skip=st.booleans(),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_every_kept_pair_is_in_one_row_each_epoch_and_no_whole_document_in_two(
    make_context, group, sizes, block, too_long, skip, data
):
    total = sum(sizes)
    loss = data.draw(st.lists(st.integers(0, 1), min_size=total, max_size=total))
    documents = kept_pairs(sizes, block, too_long)
    options = {"documents": "whole", "too_long": too_long}

    def count(starts, lengths):
        each = zip(starts.tolist(), lengths.tolist(), strict=True)
        return np.array([sum(loss[s + 1 : s + n + 1]) for s, n in each], np.int64)

    def make(**more):
        context = make_context(
            total,
            block,
            seed=data.draw(st.integers()),
            ends=np.cumsum(sizes),
            options={**options, **more},
            count_targets=count,
        )
        return PackedSampler(context)

    def rows_of(sampler, epoch):
        rows = sampler.samples_per_epoch
        first, starts, lengths, _ = sampler.spans(epoch * rows + np.arange(rows))
        spans = [list(range(s, s + n)) for s, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
        return [spans[a:b] for a, b in zip(first[:-1].tolist(), first[1:].tolist(), strict=True)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "_GROUP_DOCUMENTS", group)
        patch.setattr(packed, "GROUP_SPANS", group)
        if not any(documents):
            with pytest.raises(ConfigError, match="no document of the split has two tokens"):
                make()
            return
        rows = rows_of(make(), 1)
        learned = [row for row in rows if any(loss[place + 1] for span in row for place in span)]
        if skip and not learned:
            with pytest.raises(ConfigError, match="none of the"):
                make(skip_untrained=True)
            return
        sampler = make(skip_untrained=skip)
    found = rows_of(sampler, 0)

    assert sorted(found) == sorted(learned if skip else rows)
    assert sorted(rows_of(sampler, 5)) == sorted(found)
    spans = [span for row in rows for span in row]
    assert sorted(chain(*spans)) == [*chain(*documents)]
    assert all(0 < sum(map(len, row)) <= block for row in rows)
    whole = [pairs for pairs in documents if pairs and len(pairs) <= block]
    assert all(pairs in spans for pairs in whole)
    owner = {place: number for number, pairs in enumerate(documents) for place in pairs}
    assert all(len({owner[place] for place in span}) == 1 for span in spans)
    long = [size for size in sizes if size - 1 > block]
    verb = {"drop": "dropped", "truncate": "truncated", "split": "split"}[too_long]
    lost = sum(long) - (len(long) * (block + 1) if too_long == "truncate" else 0)
    expected = {f"documents_{verb}": len(long), f"tokens_{verb}": lost} if long else {}
    skipped = {"rows_skipped": len(rows) - len(found)} if len(found) < len(rows) else {}
    assert sampler.counted == expected | skipped


def test_whole_documents_that_all_fit_are_packed_as_ever(make_context):
    ends = np.cumsum([5, 3, 9, 2, 4])
    whole = PackedSampler(make_context(23, 8, ends=ends, options={"documents": "whole"}))
    plain = PackedSampler(make_context(23, 8, ends=ends))
    for one, other in zip(whole.spans(np.arange(9)), plain.spans(np.arange(9)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.counted == plain.counted == {}


@pytest.mark.parametrize("group", [2, 1000])
def test_documents_that_are_too_long_are_refused_by_default(make_context, monkeypatch, group):
    monkeypatch.setattr(packed, "_GROUP_DOCUMENTS", group)
    context = make_context(24, 7, ends=np.cumsum([5, 9, 0, 10]), options={"documents": "whole"})
    message = (
        "2 of 4 documents are too long for a row: block_size 7 holds 8 tokens of one, and document 3, the "
        "longest, has 10; choose block_size 9, or too_long = 'drop', 'truncate' or 'split' in sampler_options"
    )
    with pytest.raises(ConfigError, match=re.escape(message)):
        PackedSampler(context)
    PackedSampler(make_context(24, 9, ends=np.cumsum([5, 9, 0, 10]), options={"documents": "whole"}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"documents": "half"}, "documents = 'half': must be 'split' or 'whole'"),
        ({"documents": True}, "documents = True: must be 'split' or 'whole'"),
        ({"documents": "whole", "too_long": "cut"}, "too_long = 'cut': must be one of 'error', 'drop'"),
        ({"documents": "whole", "too_long": []}, "too_long = .*: must be one of"),
        ({"too_long": "drop"}, "too_long = 'drop' is about whole documents; add documents = 'whole'"),
        (
            {"documents": "whole", "tail": "pad"},
            "it has documents, too_long, bos, pad_to_multiple, max_",
        ),
        ({"max_pieces": 0}, "max_pieces = 0: must be a whole number, 1 or more"),
        ({"pad_to_multiple": 0}, "pad_to_multiple = 0: must be a whole number, 1 or more"),
        (
            {"pad_to_multiple": 3},
            "pad_to_multiple = 3: block_size 8 is no multiple of it; choose .* 6",
        ),
        ({"pad_to_multiple": 16}, "block_size 8 is no multiple of it; choose block_size 16"),
    ],
)
def test_an_option_that_cannot_be_is_refused(make_context, options, message):
    with pytest.raises(ConfigError, match=message):
        PackedSampler(make_context(23, 8, ends=np.cumsum([5, 3, 9, 2, 4]), options=options))


@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=40),
    multiple=st.integers(1, 6),
    factor=st.integers(1, 8),
    bos=st.none() | st.just(7),
)
@settings(max_examples=100, deadline=None)
def test_padded_pieces_fit_into_rows_and_have_every_pair(make_context, sizes, multiple, factor, bos):
    if max(sizes) < 2:
        return
    block, ends = multiple * factor, np.cumsum(sizes)
    options = {"pad_to_multiple": multiple, **({} if bos is None else {"bos": bos})}
    sampler = PackedSampler(make_context(int(ends[-1]), block, ends=ends, options=options))

    spans = sampler.spans(np.arange(sampler.samples_per_epoch))

    kept = [np.arange(end - size, end - 1) for end, size in zip(ends, sizes, strict=True) if size > 1]
    if bos is None:
        assert all_pairs(spans).tolist() == np.concatenate(kept).tolist()
    assert spans.places.sum() == sum(max(size - (bos is None), 0) for size in sizes)
    padded = np.add.reduceat(-(-spans.places // multiple) * multiple, spans.first[:-1])
    assert padded.max() <= block
    counts = np.diff(spans.first) + (padded < block)
    assert sampler.segment_bounds(1, block, block, None).tolist() == [counts.max()]


def test_tables_of_other_multiples_are_other_tables(make_context, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    ends = np.cumsum([5, 3, 9, 2, 4])
    for multiple in (1, 2, 4):
        options = {"pad_to_multiple": multiple}
        PackedSampler(make_context(23, 8, ends=ends, options=options, fingerprint="abc"))
    PackedSampler(make_context(23, 8, ends=ends, fingerprint="abc"))
    assert len(list((tmp_path / "tables").iterdir())) == 3
    for most in (1, 2):
        options = {"max_pieces": most}
        sampler = PackedSampler(make_context(23, 8, ends=ends, options=options, fingerprint="abc"))
        assert np.diff(sampler.spans(np.arange(sampler.samples_per_epoch)).first).max() == most
    assert len(list((tmp_path / "tables").iterdir())) == 5


def test_what_is_left_out_is_warned_of_once_and_kept_in_the_cache(
    make_context, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(packed, "_warned", set())
    ends = np.cumsum([5, 3, 9, 2, 4])

    def make(too_long, ends=ends):
        options = {"documents": "whole", "too_long": too_long}
        return PackedSampler(make_context(23, 4, ends=ends, options=options, fingerprint="abc"))

    for _ in range(2):
        assert make("truncate").counted == {"documents_truncated": 1, "tokens_truncated": 4}
        assert make("drop").counted == {"documents_dropped": 1, "tokens_dropped": 9}
        assert make("split").counted == {"documents_split": 1, "tokens_split": 9}
    assert [record.message for record in caplog.records] == [
        "packed: 1 of the split's documents have more than 5 tokens and are truncated: 4 of 23 tokens are "
        "left out; too_long='split' keeps them",
        "packed: 1 of the split's documents have more than 5 tokens and are dropped: 9 of 23 tokens are left "
        "out; too_long='split' keeps them",
    ]
    assert make("drop", ends=None).samples_per_epoch == make("drop").samples_per_epoch  # from the cache
