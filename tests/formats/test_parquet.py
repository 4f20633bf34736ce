from __future__ import annotations

import hashlib
import json
import shutil
import sys

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.parquet import Parquet
from corpuskit.testing import FormatSuite

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


class TestParquet(FormatSuite):
    @pytest.fixture
    def format(self):
        return Parquet()

    def read(self, folder, split):
        tables = [pq.read_table(path) for path in sorted(folder.glob(f"{split}-*.parquet"))]
        return np.concatenate([table["input_ids"].combine_chunks().flatten().to_numpy() for table in tables])


def test_a_row_has_the_ids_the_mask_and_the_fields_of_a_document(kept_conversations, rows_of, tmp_path):
    Parquet().write(kept_conversations, tmp_path / "out")
    for name, split in kept_conversations.items():
        table = pq.read_table(tmp_path / "out" / f"{name}-00000.parquet")
        assert table.to_pylist() == rows_of(split)
        assert table.schema.field("input_ids").type == pa.large_list(pa.field("element", pa.uint16()))
        assert table.schema.field("assistant_masks").type == pa.large_list(pa.field("element", pa.uint8()))


def test_a_file_says_which_tokenizer_its_ids_are_of(make_corpus, tmp_path):
    corpus = make_corpus()
    Parquet().write(corpus, tmp_path / "out")
    about = pq.read_schema(tmp_path / "out" / "train-00000.parquet").metadata[b"corpuskit"]
    tokenizer = corpus.manifest.tokenizer
    assert json.loads(about) == {
        "encoding": "bytes",
        "vocab_size": 257,
        "eot_id": 256,
        "tokenizer_fingerprint": tokenizer.fingerprint,
    }


@pytest.mark.parametrize("shard_tokens", [1, 60, 200])
def test_files_hold_whole_documents_and_no_more_tokens_than_asked(
    kept_conversations, rows_of, tmp_path, shard_tokens, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.rows._BATCH_BYTES", 500)
    Parquet().write(kept_conversations, tmp_path / "out", options=ExportOptions(shard_tokens=shard_tokens))
    files = sorted((tmp_path / "out").glob("train-*.parquet"))
    tables = [pq.read_table(path) for path in files]
    assert [path.name for path in files] == [f"train-{n:05d}.parquet" for n in range(len(files))]
    assert pa.concat_tables(tables).to_pylist() == rows_of(kept_conversations["train"])
    sizes = [[len(ids) for ids in table["input_ids"].to_pylist()] for table in tables]
    for lengths, following in zip(sizes, [*sizes[1:], [10**9]], strict=True):
        assert sum(lengths) <= shard_tokens or len(lengths) == 1
        assert sum(lengths) + following[0] > shard_tokens


def test_a_row_group_is_one_batch_with_checksums_and_statistics_of_fields(
    kept_conversations, rows_of, tmp_path, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.rows._BATCH_BYTES", 500)
    Parquet().write(kept_conversations, tmp_path / "out")
    described = pq.ParquetFile(tmp_path / "out" / "train-00000.parquet", page_checksum_verification=True)
    assert described.num_row_groups > 3
    assert described.read().to_pylist() == rows_of(kept_conversations["train"])
    group = described.metadata.row_group(0)
    has = {group.column(n).path_in_schema: group.column(n).is_stats_set for n in range(group.num_columns)}
    assert has == {
        "input_ids.list.element": False, "assistant_masks.list.element": False,
        "name": True, "n": True, "score": True, "ok": True,
    }  # fmt: skip


def test_a_damaged_file_of_fields_gives_no_export(kept_conversations, tmp_path):
    folder = shutil.copytree(kept_conversations.path, tmp_path / "damaged")
    path = folder / "train-00001.fields.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorpusFormatError, match=r"train-00001\.fields\.arrow: sha256 .*nothing was exported"):
        Parquet().write(corpuskit.open(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_pyarrow_the_extra_is_named(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"^--format parquet needs .* not installed; run: pip .*formats"):
        Parquet().write(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_once_and_leaves_nothing(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus()

    def full(fd, data):
        raise OSError(28, "No space left on device")

    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr("corpuskit.storage.os.write", full)
    with pytest.raises(StorageError, match="No space left"):
        Parquet().write(corpus, tmp_path / "out")
    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == before


def nanochat_texts(folder, split, rank=0, world_size=1):
    """The texts that nanochat's loader of a rank hands to the tokenizer, in one epoch."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(".parquet"))
    for path in paths[:-1] if split == "train" else paths[-1:]:
        file = pq.ParquetFile(path)
        for number in range(rank, file.num_row_groups, world_size):
            yield from file.read_row_group(number).column("text").to_pylist()


def test_text_is_what_nanochat_reads(make_corpus, tmp_path):
    texts = [f"document {number} naïve 🙂\n" * (number % 4 + 1) for number in range(3000)]
    corpus = make_corpus([text.encode() for text in texts], split="valid=0.4", shard_bytes=20_000)
    Parquet().write(corpus, tmp_path / "out", options=ExportOptions(text=True, shard_tokens=20_000))
    names = sorted(path.name for path in (tmp_path / "out").glob("*.parquet"))
    assert names == [f"shard_{number:05d}.parquet" for number in range(len(names))]
    assert len(names) > 4
    for name, split in (("train", "train"), ("val", "valid")):
        found = list(nanochat_texts(tmp_path / "out", name))
        ids = [corpus[split].document(number) for number in range(corpus[split].num_documents)]
        assert found == [bytes(one[:-1].astype("u1")).decode() for one in ids]
        assert set(found) <= set(texts)
    both = [set(nanochat_texts(tmp_path / "out", "val", rank, 2)) for rank in (0, 1)]
    assert both[0]
    file = pq.ParquetFile(tmp_path / "out" / names[-1])
    assert file.metadata.row_group(0).num_rows == 1024
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_text_without_a_validation_split_says_what_nanochat_does(make_corpus, tmp_path, caplog):
    Parquet().write(make_corpus(), tmp_path / "out", options=ExportOptions(text=True))
    assert "nanochat takes the last file of train as one; make one with 'corpuskit split', or" in caplog.text


def test_text_of_conversations_says_that_the_mask_is_lost(kept_conversations, tmp_path, caplog):
    Parquet().write(kept_conversations, tmp_path / "out", options=ExportOptions(text=True))
    assert "--text has no place for the stream 'loss'" in caplog.text
    table = pq.read_table(tmp_path / "out" / "shard_00000.parquet")
    assert table.column_names == ["text", "name", "n", "score", "ok"]


def test_text_refuses_what_nanochat_would_take_for_something_else(make_corpus, tmp_path):
    corpus = make_corpus(split="valid=0.5")
    with pytest.raises(ConfigError, match=r"^--text: nanochat takes the last file .*'valid' cannot be where"):
        Parquet().write(corpus, tmp_path / "out", splits=["valid", "train"], options=ExportOptions(text=True))


def test_datasets_reads_it(kept_conversations, rows_of, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    Parquet().write(kept_conversations, tmp_path / "out")
    found = datasets.load_dataset("parquet", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "hf"))
    assert set(found) == {"train", "validation"}
    for name, split in (("train", "train"), ("validation", "valid")):
        assert found[name].to_list() == rows_of(kept_conversations[split])


def test_the_same_corpus_gives_the_same_bytes(kept_conversations, tmp_path):
    digests = []
    for name in ("one", "two"):
        files = Parquet().write(kept_conversations, tmp_path / name)
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]
