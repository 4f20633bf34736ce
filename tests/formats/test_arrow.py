from __future__ import annotations

import numpy as np
import pytest

from corpuskit.formats.arrow import Arrow
from corpuskit.formats.options import ExportOptions
from corpuskit.testing import FormatSuite

pa = pytest.importorskip("pyarrow")


class TestArrow(FormatSuite):
    @pytest.fixture
    def format(self):
        return Arrow()

    def read(self, folder, split):
        tables = [read(path) for path in sorted(folder.glob(f"{split}-*.arrow"))]
        return np.concatenate([table["input_ids"].combine_chunks().flatten().to_numpy() for table in tables])


def read(path):
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


def test_a_row_has_the_ids_the_mask_and_the_fields_of_a_document(
    kept_conversations, rows_of, tmp_path, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.rows._BATCH_BYTES", 500)
    Arrow().write(kept_conversations, tmp_path / "out", options=ExportOptions(shard_tokens=900))
    for name, split in kept_conversations.items():
        tables = [read(path) for path in sorted((tmp_path / "out").glob(f"{name}-*.arrow"))]
        assert len(tables) > 1 or name == "valid"
        table = pa.concat_tables(tables)
        table.validate(full=True)
        assert table.to_pylist() == rows_of(split)


def test_the_ids_lie_in_the_file_as_they_are(make_corpus, tmp_path):
    corpus = make_corpus()
    Arrow().write(corpus, tmp_path / "out")
    data = (tmp_path / "out" / "train-00000.arrow").read_bytes()
    assert data.count(corpus["train"][:].tobytes()) == 1
    assert data.index(corpus["train"][:].tobytes()) % 8 == 0


def test_datasets_maps_it_and_loads_it(kept_conversations, rows_of, tmp_path):
    datasets = pytest.importorskip("datasets")
    Arrow().write(kept_conversations, tmp_path / "out")
    mapped = datasets.Dataset.from_file(str(tmp_path / "out" / "train-00000.arrow"))
    assert mapped.to_list() == rows_of(kept_conversations["train"])
    loaded = datasets.load_dataset("arrow", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "hf"))
    assert loaded["validation"].to_list() == rows_of(kept_conversations["valid"])
