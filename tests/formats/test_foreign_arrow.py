"""Arrow's files of others: both formats, compressed or not, and what they say of themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corpuskit.errors import CorpusFormatError
from corpuskit.formats.arrow import Arrow

pa = pytest.importorskip("pyarrow")

ROWS = [{"input_ids": [1, 2], "name": "a"}, {"input_ids": [], "name": None}, {"input_ids": [3], "name": "b"}]


def write(path, *, new=pa.ipc.new_stream, table=None, **options):
    table = pa.Table.from_pylist(ROWS) if table is None else table
    with (
        pa.OSFile(str(path), "wb") as file,
        new(file, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer,
    ):
        writer.write_table(table, max_chunksize=2)
    return path


@pytest.mark.parametrize("new", [pa.ipc.new_stream, pa.ipc.new_file])
@pytest.mark.parametrize("options", [{}, {"compression": "zstd"}, {"compression": "lz4"}])
def test_both_formats_are_read_also_compressed(rows_read, tmp_path, new, options):
    path = write(tmp_path / "val.arrow", new=new, **options)
    assert rows_read(Arrow(), path) == {"valid": ROWS}


def test_a_column_of_a_dictionary_is_left_out(rows_read, tmp_path):
    table = pa.Table.from_pylist(ROWS)
    table = table.append_column("lang", pa.array(["de", "en", "de"]).dictionary_encode())
    assert rows_read(Arrow(), write(tmp_path / "a.arrow", table=table)) == {"train": ROWS}


def test_a_batch_that_would_become_too_large_is_refused_unread(rows_read, tmp_path, monkeypatch):
    table = pa.table({"input_ids": pa.array([np.zeros(100_000, np.int64)])})
    path = write(tmp_path / "train.arrow", table=table, compression="zstd")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr("corpuskit.formats.foreign_arrow._MAX_UNPACKED_BYTES", 800_000)
    with pytest.raises(CorpusFormatError, match=r"that it becomes 800,\d+ bytes, and 800,"):
        rows_read(Arrow(), path)


def test_a_stream_that_is_cut_between_two_batches_is_refused(rows_read, tmp_path):
    path = write(tmp_path / "train.arrow")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CorpusFormatError, match="cut short.*it ends without the mark that ends a stream"):
        rows_read(Arrow(), path)


def test_what_is_behind_a_stream_s_end_is_not_passed_over(rows_read, tmp_path):
    path = write(tmp_path / "train.arrow")
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(CorpusFormatError, match="bytes behind its end"):
        rows_read(Arrow(), path)


def test_a_footer_of_another_file_is_refused(rows_read, tmp_path):
    short = write(tmp_path / "a", new=pa.ipc.new_file, table=pa.Table.from_pylist(ROWS[:1])).read_bytes()
    path = write(tmp_path / "train.arrow", new=pa.ipc.new_file)
    size = int.from_bytes(short[-10:-6], "little")
    long = path.read_bytes()
    own = int.from_bytes(long[-10:-6], "little")
    path.write_bytes(long[: -10 - own] + short[-10 - size :])
    with pytest.raises(CorpusFormatError, match="2 record batches, and 1 by its footer"):
        rows_read(Arrow(), path)


def test_what_datasets_saves_is_read_and_what_it_keeps_beside_is_not(rows_read, tmp_path):
    datasets = pytest.importorskip("datasets")
    parts = {"train": datasets.Dataset.from_list(ROWS * 3), "test": datasets.Dataset.from_list(ROWS)}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved", num_shards={"train": 2, "test": 1})
    write(tmp_path / "saved" / "train" / "cache-0123.arrow")
    assert rows_read(Arrow(), tmp_path / "saved") == {"test": ROWS, "train": ROWS * 3}


@pytest.mark.parametrize("state", [[], {"_data_files": 1}, {"_data_files": [{"filename": "../up.arrow"}]}])
def test_a_list_of_files_that_is_none_is_named(rows_read, tmp_path, state):
    write(tmp_path / "data.arrow")
    (tmp_path / "state.json").write_text(json.dumps(state))
    with pytest.raises(CorpusFormatError, match=r"state\.json: names"):
        rows_read(Arrow(), tmp_path)
