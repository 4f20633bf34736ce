from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.megatron import Megatron


def read(prefix):
    """An indexed data set, document by document, read with struct from the format's description."""
    index, data = prefix.with_suffix(".idx").read_bytes(), prefix.with_suffix(".bin").read_bytes()
    magic, version, code, num_sequences, num_bounds = struct.unpack_from("<9sQBQQ", index)
    assert (magic, version) == (b"MMIDIDX\0\0", 1)
    at = 34
    lengths = struct.unpack_from(f"<{num_sequences}i", index, at)
    at += 4 * num_sequences
    pointers = struct.unpack_from(f"<{num_sequences}q", index, at)
    at += 8 * num_sequences
    bounds = struct.unpack_from(f"<{num_bounds}q", index, at)
    assert at + 8 * num_bounds == len(index)
    assert bounds[0] == 0
    assert bounds[-1] == num_sequences
    letter = {8: "H", 4: "i"}[code]
    sequences = [
        list(struct.unpack_from(f"<{length}{letter}", data, pointer))
        for length, pointer in zip(lengths, pointers, strict=True)
    ]
    assert sum(lengths) * struct.calcsize(letter) == len(data)
    return [list(itertools.chain(*sequences[first:last])) for first, last in itertools.pairwise(bounds)]


def documents(split):
    ends = [0, *split.document_ends().tolist()]
    return [split[start:end].tolist() for start, end in itertools.pairwise(ends)]


def test_document_i_is_the_corpus_s_document_i(make_corpus, tmp_path):
    corpus = make_corpus()
    files = Megatron().write(corpus, tmp_path / "out")
    assert [path.name for path in files] == ["train.bin", "train.idx", "export.json"]
    found = read(tmp_path / "out" / "train")
    assert found == documents(corpus["train"])
    assert bytes(found[1][:-1]) == b"two two\n"
    assert found[1][-1] == corpus.tokenizer.eot_id


def test_documents_across_shards_and_pieces(make_corpus, tmp_path, small_pieces):
    texts = [f"document {number} ".encode() * (number % 9 + 1) for number in range(50)]
    corpus = make_corpus(texts, split="valid=0.4", shard_bytes=100)
    assert len(corpus.manifest.splits["train"].shards) > 10
    Megatron().write(corpus, tmp_path / "out")
    for name, split in corpus.items():
        assert read(tmp_path / "out" / name) == documents(split)


def test_four_byte_ids_are_int32(make_corpus, tmp_path):
    letters = "".join(map(chr, range(0x10000, 0x21000)))
    corpus = make_corpus([letters.encode(), b"ab"], encoding="chars", eot=False, shard_bytes=2**20)
    Megatron().write(corpus, tmp_path / "out")
    assert (tmp_path / "out" / "train.idx").read_bytes()[17] == 4
    assert read(tmp_path / "out" / "train") == documents(corpus["train"])


def test_a_document_too_long_for_the_index_is_named(make_corpus, tmp_path, monkeypatch, small_pieces):
    monkeypatch.setattr("corpuskit.formats.megatron._MAX_LENGTH", 40)
    corpus = make_corpus()
    with pytest.raises(
        ConfigError, match=r"document 3 of split 'train' has 46 tokens, and Megatron's index counts to 40; "
    ):
        Megatron().write(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_vocabulary_beyond_int32_is_refused(make_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("corpuskit.formats.limits._INT32_IDS", 200)
    with pytest.raises(ConfigError, match=r"vocabulary of 257 ids, and Megatron's int32 holds 200; prepare"):
        Megatron().write(make_corpus(), tmp_path / "out")


def test_megatron_core_reads_it(make_corpus, tmp_path):
    pytest.importorskip("megatron.core", reason="megatron-core is not installed")
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    corpus = make_corpus(split="valid=0.5")
    Megatron().write(corpus, tmp_path / "out")
    for name, split in corpus.items():
        found = IndexedDataset(str(tmp_path / "out" / name))
        assert [ids.tolist() for ids in found[:]] == documents(split)
        assert np.array_equal(found.document_indices, np.arange(split.num_documents + 1))


@pytest.mark.parametrize(
    "bounds", [[0, 2**63 - 1, -2, 3], [0, 2, 1, 3], [0, 4, 4, 3], [1, 2, 3, 3], [0, 1, 2, 2]]
)
def test_documents_that_cannot_be_are_refused(tmp_path, bounds):
    (tmp_path / "train.bin").write_bytes(np.arange(3, dtype="<u2").tobytes())
    head = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 8, 3, 4)
    sequences = np.ones(3, "<i4").tobytes() + np.array([0, 2, 4], "<i8").tobytes()
    (tmp_path / "train.idx").write_bytes(head + sequences + np.array(bounds, "<i8").tobytes())
    with pytest.raises(CorpusFormatError, match=r"train\.idx: the index has documents that"):
        corpuskit.import_tokens(tmp_path, "megatron", name="a", encoding="bytes", output=tmp_path / "back")
    assert not (tmp_path / "back").exists()
