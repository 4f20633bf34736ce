from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.formats.rows import IDS, MASK, Rows, check_names

pa = pytest.importorskip("pyarrow")

TYPES = {"name": "str", "n": "int", "score.raw": "float", "ok": "bool"}
ARROW = pa.schema([("name", pa.string()), ("n", pa.int64()), ("score.raw", pa.float64()), ("ok", pa.bool_())])


@st.composite
def splits(draw):
    """Documents with a mask and fields, and two ways in which shards and pieces may cut them."""
    lengths = draw(st.lists(st.integers(0, 12), min_size=1, max_size=12))
    dtype = draw(st.sampled_from(["<u2", "<u4"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ids = rng.integers(0, 2**16 if dtype == "<u2" else 2**32, sum(lengths)).astype(dtype)
    mask = rng.integers(0, 2, len(ids)).astype("|u1") if draw(st.booleans()) else None
    values = {
        "name": st.text(max_size=9), "n": st.integers(-(2**63), 2**63 - 1),
        "score.raw": st.floats(allow_nan=False), "ok": st.booleans(),
    }  # fmt: skip
    kept = [name for name in TYPES if draw(st.booleans())]
    rows = [{name: draw(st.none() | values[name]) for name in kept} for _ in lengths]
    cuts = [
        (
            draw(st.lists(st.integers(0, len(lengths)), max_size=4)),
            draw(st.lists(st.integers(0, len(ids)), max_size=4)),
        )
        for _ in range(2)
    ]
    return SimpleNamespace(lengths=lengths, ids=ids, mask=mask, kept=kept, rows=rows, cuts=cuts)


def export_of(split, cuts):
    """What an export would give of a split, cut at some documents and at some tokens."""
    documents, tokens = cuts
    types = {name: TYPES[name] for name in split.kept}
    tokenizer = SimpleNamespace(name="made-up", vocab_size=2**32, eot_id=None, fingerprint="0")
    manifest = SimpleNamespace(field_types=types, tokenizer=tokenizer, dtype=split.ids.dtype.str)
    streams = {"loss": None} if split.mask is not None else {}

    def pieces(items, places):
        return (piece for piece in np.split(items, sorted(places)) if len(piece))

    table = pa.Table.from_pylist(split.rows, pa.schema([ARROW.field(name) for name in split.kept]))
    edges = [0, *sorted(documents), len(split.rows)]
    return SimpleNamespace(
        corpus={"train": SimpleNamespace(streams=streams, dtype=split.ids.dtype)},
        tokens=lambda name: pieces(split.ids, tokens),
        stream=lambda name, stream: pieces(split.mask, tokens[:1]),
        document_ends=lambda name: pieces(np.cumsum(split.lengths), documents),
        fields=lambda name: (table.slice(a, b - a) for a, b in itertools.pairwise(edges) if split.kept),
    ), manifest


def batches(split, cuts, made=Rows):
    export, manifest = export_of(split, cuts)

    class Corpus(dict):
        path = "there"

    export.corpus = Corpus(export.corpus)
    export.corpus.manifest = manifest
    return list(made(export, "train").batches())


class Short(Rows):
    max_rows = 3


@settings(max_examples=30, deadline=None)
@given(splits(), st.integers(8, 400))
def test_rows_are_the_documents_wherever_the_corpus_is_cut(split, batch_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpuskit.formats.rows._BATCH_BYTES", batch_bytes)
        one, other = (batches(split, cuts) for cuts in split.cuts)
    assert [batch.num_rows for _, batch in one] == [batch.num_rows for _, batch in other]
    assert all(a.equals(b) for (_, a), (_, b) in zip(one, other, strict=True))
    table = pa.Table.from_batches([batch for _, batch in one])
    table.validate(full=True)
    assert table.schema.field(IDS).type == pa.large_list(pa.from_numpy_dtype(split.ids.dtype))
    bounds = np.concatenate(([0], np.cumsum(split.lengths)))
    expected = []
    for (start, stop), row in zip(itertools.pairwise(bounds), split.rows, strict=True):
        own = {IDS: split.ids[start:stop].tolist()}
        if split.mask is not None:
            own[MASK] = split.mask[start:stop].tolist()
        expected.append(own | row)
    assert table.to_pylist() == expected
    assert np.concatenate([lengths for lengths, _ in one]).tolist() == split.lengths


@settings(max_examples=30, deadline=None)
@given(splits(), st.integers(8, 400))
def test_a_batch_ends_with_the_document_that_fills_it(split, batch_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpuskit.formats.rows._BATCH_BYTES", batch_bytes)
        found = batches(split, split.cuts[0], Short)
    costs = []
    for length, row in zip(split.lengths, split.rows, strict=True):
        text = len((row.get("name") or "").encode())
        columns = max(len(split.kept), 1)  # one of nulls where no fields are kept
        costs.append(length * (split.ids.itemsize + (split.mask is not None)) + 8 + 8 * columns + text)
    expected, rows, cost = [], 0, 0
    for one in costs:
        rows, cost = rows + 1, cost + one
        if cost >= batch_bytes or rows == 3:
            expected.append(rows)
            rows, cost = 0, 0
    assert [batch.num_rows for _, batch in found] == expected + [rows] * bool(rows)


def test_tokens_that_no_document_ends_are_a_row_without_fields():
    split = SimpleNamespace(
        lengths=[1, 2], ids=np.arange(3, dtype="<u2"), mask=None, kept=["n"], rows=[{"n": 5}]
    )
    ((_, batch),) = batches(split, ([], []))
    assert batch.to_pylist() == [{IDS: [0], "n": 5}, {IDS: [1, 2], "n": None}]


def test_a_document_too_long_for_a_row_is_named(monkeypatch):
    monkeypatch.setattr("corpuskit.formats.rows._MAX_TOKENS", 2)
    split = SimpleNamespace(lengths=[1, 3], ids=np.arange(4, dtype="<u2"), mask=None, kept=[], rows=[{}, {}])
    with pytest.raises(
        ConfigError,
        match=r"^there: document 1 of split 'train' has 3 tokens, and a row holds 2; prepare it with a "
        r"--separator, or export it as safetensors$",
    ):
        batches(split, ([], []))


def test_a_field_with_a_column_s_name_is_refused():
    corpus = SimpleNamespace(path="there", manifest=SimpleNamespace(field_types={"input_ids": "str"}))
    with pytest.raises(ConfigError, match=r"^there: the kept field 'input_ids' would have the name of "):
        check_names(corpus, [IDS, MASK], "parquet")
