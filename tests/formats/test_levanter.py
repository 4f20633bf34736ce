from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.levanter import Levanter
from corpuskit.testing import FormatSuite

FOLDERS = {"train": "train", "valid": "validation"}


def read_array(folder):
    """The items of an array, as far as its files go, read from the format's description."""
    about = json.loads((folder / "zarr.json").read_bytes())
    assert about["zarr_format"] == 3
    (sharding,) = about["codecs"]
    (file_items,) = about["chunk_grid"]["configuration"]["chunk_shape"]
    (chunk_items,) = sharding["configuration"]["chunk_shape"]
    dtype = np.dtype({"int32": "<i4", "int64": "<i8"}[about["data_type"]])
    num_chunks = file_items // chunk_items
    found = []
    files = sorted((folder / "c").iterdir(), key=lambda path: int(path.name))
    assert [path.name for path in files] == [str(number) for number in range(len(files))]
    for path in files:
        data = path.read_bytes()
        for start, size in np.frombuffer(data[-4 - 16 * num_chunks : -4], "<u8").reshape(-1, 2).tolist():
            if start == size == 2**64 - 1:
                continue
            frame = data[start : start + size]
            assert (frame[0], frame[3]) == (2, dtype.itemsize)
            assert frame[2] & 0x2, "it is not stored"
            nbytes, _, total = np.frombuffer(frame[4:16], "<u4").tolist()
            assert (nbytes, total) == (len(frame) - 16, len(frame))
            found.append(np.frombuffer(frame[16:], dtype))
            assert len(found[-1]) == chunk_items
    return np.concatenate(found)


def read_field(folder):
    """The values of a field of a cache, and where each row ends."""
    offsets, data = read_array(folder / "offsets"), read_array(folder / "data")
    ends = offsets[1 : 1 + offsets[0]]
    return data[: ends[-1]], ends


class TestLevanter(FormatSuite):
    @pytest.fixture(autouse=True)
    def short_chunks(self, monkeypatch):
        monkeypatch.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 2**13)

    @pytest.fixture
    def format(self):
        return Levanter()

    def read(self, folder, split):
        return read_field(folder / FOLDERS[split] / "input_ids")[0]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 64)
    monkeypatch.setattr("corpuskit.formats.zarr_array._FILE_CHUNKS", 3)


def assert_is(folder, corpus, read):
    for name, split in corpus.items():
        cache = folder / FOLDERS[name]
        values = {"input_ids": split[:], "assistant_masks": split.stream("loss")[:]}
        ledger = json.loads((cache / "shard_ledger.json").read_bytes())
        assert ledger["is_finished"]
        assert ledger["total_num_rows"] == split.num_documents
        assert ledger["field_counts"] == dict.fromkeys(values, len(split))
        for field, expected in values.items():
            found, ends = read(cache / field)
            assert np.array_equal(found, expected)
            assert np.array_equal(ends, split.document_ends())


def test_a_cache_has_the_ids_the_mask_and_the_documents(kept_conversations, tmp_path, small_chunks):
    Levanter().write(kept_conversations, tmp_path / "out")
    assert len([*(tmp_path / "out" / "train" / "input_ids" / "data" / "c").iterdir()]) > 5
    assert_is(tmp_path / "out", kept_conversations, read_field)


def test_a_vocabulary_beyond_int32_is_refused(make_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("corpuskit.formats.limits._INT32_IDS", 200)
    with pytest.raises(ConfigError, match=r"vocabulary of 257 ids, and Levanter's int32 holds 200; prepare"):
        Levanter().write(make_corpus(), tmp_path / "out")


def open_as_levanter(path):
    """An array as Levanter's JaggedArrayStore opens it: what it would make itself must be what is there."""
    ts = pytest.importorskip("tensorstore")
    inner = {"chunk_shape": [2**18], "codecs": [{"name": "blosc", "configuration": {"clevel": 5}}]}
    spec = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "metadata": {
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**27]}},
            "codecs": [{"name": "sharding_indexed", "configuration": inner}],
        },
    }
    return ts.open(spec, open_mode=ts.OpenMode(open=True)).result()


def test_tensorstore_opens_it_as_levanter_does(kept_conversations, tmp_path):
    Levanter().write(kept_conversations, tmp_path / "out")

    def read(folder):
        offsets, data = open_as_levanter(folder / "offsets"), open_as_levanter(folder / "data")
        assert data.dtype.name == "int32"
        ends = offsets[1 : 1 + int(offsets[0].read().result())].read().result()
        assert offsets[len(ends) + 1 : len(ends) + 9].read().result().tolist() == [0] * 8
        return data[: int(ends[-1])].read().result(), ends

    assert_is(tmp_path / "out", kept_conversations, read)


def test_zarr_opens_it(kept_conversations, tmp_path, small_chunks):
    zarr = pytest.importorskip("zarr")
    Levanter().write(kept_conversations, tmp_path / "out")

    def read(folder):
        offsets = zarr.open_array(str(folder / "offsets"), mode="r")
        ends = offsets[1 : 1 + int(offsets[0])]
        return zarr.open_array(str(folder / "data"), mode="r")[: ends[-1]], ends

    assert_is(tmp_path / "out", kept_conversations, read)


def test_an_export_has_the_same_documents_and_mask(
    kept_conversations, rows_of, rows_read, tmp_path, small_chunks, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", 50)
    Levanter().write(kept_conversations, tmp_path / "out")
    own = ("input_ids", "assistant_masks")
    assert rows_read(Levanter(), tmp_path / "out") == {
        name: [{key: row[key] for key in own} for row in rows_of(split)]
        for name, split in kept_conversations.items()
    }


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), block=st.integers(1, 9))
def test_every_document_comes_back(draw_corpus, rows_read, data, block):
    corpus, output, documents = draw_corpus(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 5)
        patched.setattr("corpuskit.formats.zarr_array._FILE_CHUNKS", 3)
        patched.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", block)
        Levanter().write(corpus, output)
        assert rows_read(Levanter(), output) == {"train": [{"input_ids": ids} for ids in documents]}


def edit_json(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("shard_ledger.json", lambda path: edit_json(path, is_finished=False), "the cache is finished"),
        ("shard_ledger.json", lambda path: edit_json(path, total_num_rows=9), "9 rows, and 3 in input_ids"),
        ("shard_ledger.json", lambda path: path.write_text("[1]"), "the cache is finished"),
        ("input_ids/data/zarr.json", lambda path: edit_json(path, zarr_format=2), "another kind of array"),
        ("input_ids/data/zarr.json", lambda path: edit_json(path, codecs=[]), "expected a sharded array"),
        ("input_ids/data/zarr.json", lambda path: edit_json(path, data_type="float32"), "says KeyError"),
        ("input_ids/data/c/0", cut, "its index has another checksum"),
        ("input_ids/data/c/0", lambda path: path.write_bytes(b"short"), "cut short"),
        ("input_ids/data/c/1", lambda path: path.unlink(), "cannot be read: No such file"),
        ("input_ids/offsets/c/0", lambda path: path.unlink(), "cannot be read: No such file"),
    ],
)
def test_a_cache_that_is_damaged_is_one_line_and_nothing_is_left(
    make_corpus, tmp_path, small_chunks, file, damage, message
):
    corpus = make_corpus([b"text " * 60, b"", b"a", b"b"])
    Levanter().write(corpus, tmp_path / "out")
    damage(tmp_path / "out" / "train" / file)
    with pytest.raises(CorpusFormatError, match=message) as raised:
        corpuskit.import_tokens(
            tmp_path / "out", "levanter", name="a", encoding="bytes", output=tmp_path / "back"
        )
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    "codec",
    [
        {"name": "blosc", "configuration": {"clevel": 5}},  # what Levanter says
        {"name": "blosc", "configuration": {"clevel": 5, "cname": "zstd"}},
        {"name": "zstd", "configuration": {"level": 5}},
    ],
    ids=lambda codec: f"{codec['name']} {codec['configuration'].get('cname', '')}",
)
def test_a_cache_that_tensorstore_wrote_is_read(tmp_path, rows_read, codec):
    ts = pytest.importorskip("tensorstore")
    rng = np.random.default_rng(0)
    ends = np.array([1000, 1000, 300_000, 300_007])
    fields = {"input_ids": rng.integers(0, 500, 300_007), "assistant_masks": np.zeros(300_007)}
    for field, values in fields.items():
        items = {"data": ("int32", values), "offsets": ("int64", np.array([4, *ends]))}
        for name, (dtype, array) in items.items():
            inner = {"chunk_shape": [2**18], "codecs": [codec]}
            spec = {
                "driver": "zarr3",
                "kvstore": {"driver": "file", "path": f"{tmp_path}/validation/{field}/{name}/"},
                "metadata": {
                    "shape": [2**54],
                    "data_type": dtype,
                    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**27]}},
                    "codecs": [{"name": "sharding_indexed", "configuration": inner}],
                },
            }
            opened = ts.open(spec, create=True).result()
            opened[: len(array)].write(array.astype(dtype)).result()
    ledger = {"total_num_rows": 4, "is_finished": True}
    (tmp_path / "validation" / "shard_ledger.json").write_text(json.dumps(ledger))
    bounds = zip([0, *ends[:-1]], ends, strict=True)
    ids = [fields["input_ids"][start:end].tolist() for start, end in bounds]
    assert rows_read(Levanter(), tmp_path) == {
        "valid": [{"input_ids": one, "assistant_masks": [0] * len(one)} for one in ids]
    }
