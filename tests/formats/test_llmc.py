from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.formats.llmc import LlmC
from corpuskit.formats.options import ExportOptions


def read(path):
    """One shard as llmc/dataloader.h and train_llama3.py check and read it, without numpy."""
    data = path.read_bytes()
    header = struct.unpack("<256i", data[:1024])
    code = {(20240520, 1): "H", (20240801, 7): "I"}[header[:2]]
    assert header[2] > 0
    assert not any(header[3:])
    assert len(data) == 1024 + header[2] * struct.calcsize(f"<{code}")
    return list(struct.unpack(f"<{header[2]}{code}", data[1024:]))


def test_a_shard_is_a_header_and_the_ids(make_corpus, tmp_path):
    corpus = make_corpus()
    files = LlmC().write(corpus, tmp_path / "out")
    assert [path.name for path in files] == ["train_000000.bin", "export.json"]
    assert read(files[0]) == corpus["train"][:].tolist()


def test_ids_of_four_bytes_have_the_other_header(make_corpus, tmp_path):
    letters = "".join(map(chr, range(0x10000, 0x21000)))
    corpus = make_corpus([letters.encode()], encoding="chars", eot=False, shard_bytes=2**20)
    (file, _) = LlmC().write(corpus, tmp_path / "out")
    assert struct.unpack("<2i", file.read_bytes()[:8]) == (20240801, 7)
    assert read(file) == list(range(69_632))


@pytest.mark.parametrize("shard_tokens", [7, 24, 25, 72, 73, 74, 1000])
def test_shards_are_of_one_size_give_or_take_a_token(make_corpus, tmp_path, monkeypatch, shard_tokens):
    monkeypatch.setattr("corpuskit.formats.llmc._SHARD_TOKENS", shard_tokens)
    corpus = make_corpus()
    num_tokens = len(corpus["train"])
    shards = [read(path) for path in LlmC().write(corpus, tmp_path / "out")[:-1]]
    assert np.concatenate(shards).tolist() == corpus["train"][:].tolist()
    assert len(shards) == -(-num_tokens // shard_tokens)
    sizes = sorted(map(len, shards))
    assert sizes[-1] <= shard_tokens
    assert sizes[-1] - sizes[0] <= 1


def test_cuts_between_pieces_and_within_them(make_corpus, tmp_path, monkeypatch, small_pieces):
    monkeypatch.setattr("corpuskit.formats.llmc._SHARD_TOKENS", 11)
    corpus = make_corpus(split="valid=0.5")
    files = LlmC().write(corpus, tmp_path / "out")
    for name, pattern in (("train", "train_*.bin"), ("valid", "val_*.bin")):
        shards = sorted((tmp_path / "out").glob(pattern))
        assert np.concatenate([read(path) for path in shards]).tolist() == corpus[name][:].tolist()
    assert len(files) > 4


def test_each_document_begins_with_the_id_that_ended_it(make_corpus, tmp_path, small_pieces, caplog):
    texts = [f"{number} ".encode() * (number % 9) for number in range(40)]
    corpus = make_corpus(texts, split="valid=0.4", shard_bytes=100)
    options = ExportOptions(end_of_text_first=True, shard_tokens=31)
    LlmC().write(corpus, tmp_path / "out", options=options)
    eot = corpus.tokenizer.eot_id
    for name, pattern in (("train", "train_*.bin"), ("valid", "val_*.bin")):
        found = [token for path in sorted((tmp_path / "out").glob(pattern)) for token in read(path)]
        split = corpus[name]
        documents = [split.document(number).tolist() for number in range(split.num_documents)]
        assert found == [token for document in documents for token in (eot, *document[:-1])]
    assert "modded-nanogpt" not in caplog.text


def test_one_file_is_too_few_for_modded_nanogpt(make_corpus, tmp_path, caplog):
    LlmC().write(make_corpus(), tmp_path / "out", options=ExportOptions(end_of_text_first=True))
    assert "modded-nanogpt needs two; choose a --shard-tokens below 71" in caplog.text
    caplog.clear()
    asked = ExportOptions(end_of_text_first=True, bos_index=True)  # which is for another trainer
    LlmC().write(make_corpus(), tmp_path / "indexed", options=asked)
    assert "modded-nanogpt" not in caplog.text


def test_files_beyond_its_seeks_are_refused(make_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("corpuskit.formats.llmc._MAX_BYTES", 1024 + 2 * 50)
    with pytest.raises(ConfigError, match=r"would have 1,166 bytes, and its readers count to 1,124; choose"):
        LlmC().write(make_corpus(), tmp_path / "out")
    LlmC().write(make_corpus(), tmp_path / "out", options=ExportOptions(shard_tokens=50))


def beginnings(path):
    """Places in a `.bos.idx`, as NeMo Automodel's nanogpt_dataset.py reads them."""
    return np.fromfile(path.with_suffix(".bos.idx"), np.int32).tolist()


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("shard_tokens", [7, 31, 500])
def test_an_index_says_where_documents_begin(make_corpus, tmp_path, small_pieces, first, shard_tokens):
    texts = [f"{number} ".encode() * (number % 9) for number in range(60)]
    corpus = make_corpus(texts, split="valid=0.4", shard_bytes=100)
    asked = ExportOptions(bos_index=True, end_of_text_first=first, shard_tokens=shard_tokens)
    files = LlmC().write(corpus, tmp_path / "out", options=asked)
    eot = corpus.tokenizer.eot_id
    assert sum(path.name.endswith(".bos.idx") for path in files) == (len(files) - 1) / 2
    for pattern in ("train_*.bin", "val_*.bin"):
        paths = sorted((tmp_path / "out").glob(pattern))
        before = True  # a document begins where the one before it ended
        for path in paths:
            ids = read(path)
            if first:
                expected = [place for place, token in enumerate(ids) if token == eot]
            else:
                ended = [before, *(token == eot for token in ids)]
                before = ended.pop()
                expected = [place for place, here in enumerate(ended) if here]
            assert beginnings(path) == expected


def test_an_empty_document_has_no_beginning_of_its_own(make_corpus, tmp_path):
    corpus = make_corpus([b"ab", b"", b"", b"c"], eot=False)
    (path, *_) = LlmC().write(corpus, tmp_path / "out", options=ExportOptions(bos_index=True))
    assert beginnings(path) == [0, 2]


def test_an_index_of_files_that_its_reader_does_not_read_is_refused(make_corpus, tmp_path):
    letters = "".join(map(chr, range(0x10000, 0x21000)))
    corpus = make_corpus([letters.encode(), b"ab"], encoding="chars", eot=False, shard_bytes=2**20)
    with pytest.raises(ConfigError, match=r"^--bos-index: .* reads files of 65,536 at most; leave"):
        LlmC().write(corpus, tmp_path / "out", options=ExportOptions(bos_index=True))
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")  # Automodel's own map
def test_automodel_reads_rows_that_begin_with_documents(make_corpus, tmp_path):
    """With a checkout of NeMo Automodel on the path."""
    pytest.importorskip("torch")
    module = pytest.importorskip(
        "nemo_automodel.components.datasets.llm.nanogpt_dataset", reason="NeMo Automodel is not installed"
    )
    texts = [f"document {number} ".encode() * (number % 5 + 1) for number in range(40)]
    corpus = make_corpus(texts)
    options = ExportOptions(bos_index=True, end_of_text_first=True)
    LlmC().write(corpus, tmp_path / "out", options=options)
    eot = corpus.tokenizer.eot_id
    pattern = str(tmp_path / "out/train_*.bin")
    found = []
    for index in (True, False):
        if not index:
            for path in (tmp_path / "out").glob("*.bos.idx"):
                path.unlink()
        dataset = module.NanogptDataset(pattern, seq_len=16, bos_token=eot, align_to_bos=True)
        found.append([row["input_ids"] for row in itertools.islice(dataset, 20)])
    assert found[0] == found[1]
    assert {row[0] for row in found[0]} == {eot}
