from __future__ import annotations

import json

import numpy as np
import pytest

from corpuskit.errors import ConfigError
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
