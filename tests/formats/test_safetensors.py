from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.formats.safetensors import SafeTensors
from corpuskit.testing import FormatSuite

DTYPES = {"U8": "u1", "U16": "<u2", "U32": "<u4", "I64": "<i8"}


def read(path):
    """The tensors of a file and what it says besides, read from the format's description."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__")
    assert all(isinstance(value, str) for value in about.values())
    found, last = {}, 0
    for name, tensor in header.items():
        first, stop = tensor["data_offsets"]
        assert first == last, "there is a hole"
        assert (start + first) % np.dtype(DTYPES[tensor["dtype"]]).itemsize == 0, "it cannot be mapped"
        found[name] = np.frombuffer(data[start + first : start + stop], DTYPES[tensor["dtype"]])
        assert list(found[name].shape) == tensor["shape"]
        last = stop
    assert start + last == len(data)
    return found, about


class TestSafeTensors(FormatSuite):
    @pytest.fixture
    def format(self):
        return SafeTensors()

    def read(self, folder, split):
        return read(folder / f"{split}.safetensors")[0]["input_ids"]


def test_the_tensors_are_the_ids_the_documents_and_the_mask(kept_conversations, tmp_path):
    SafeTensors().write(kept_conversations, tmp_path / "out")
    for name, split in kept_conversations.items():
        found, about = read(tmp_path / "out" / f"{name}.safetensors")
        assert [*found] == ["document_ends", "input_ids", "loss"]
        assert found["document_ends"].tolist() == split.document_ends().tolist()
        assert found["input_ids"].tolist() == split[:].tolist()
        assert found["loss"].tolist() == split.stream("loss")[:].tolist()
        tokenizer = kept_conversations.manifest.tokenizer
        assert about == {
            "encoding": tokenizer.name,
            "vocab_size": str(tokenizer.vocab_size),
            "eot_id": str(tokenizer.eot_id),
            "tokenizer_fingerprint": tokenizer.fingerprint,
        }


def test_a_corpus_without_an_end_of_text_and_a_mask_says_nothing_of_them(make_corpus, tmp_path):
    SafeTensors().write(make_corpus(encoding="chars", eot=False), tmp_path / "out")
    found, about = read(tmp_path / "out" / "train.safetensors")
    assert [*found] == ["document_ends", "input_ids"]
    assert [*about] == ["encoding", "vocab_size", "tokenizer_fingerprint"]


def test_a_damaged_index_gives_no_export(make_corpus, tmp_path):
    corpus = make_corpus()
    path = corpus.path / "train-00000.idx"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(corpuskit.CorpuskitError, match=r"train-00000\.idx: sha256 .*nothing was exported"):
        SafeTensors().write(corpuskit.open(corpus.path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("framework", ["numpy", "pt"])
def test_safetensors_reads_it(kept_conversations, tmp_path, framework):
    safe_open = pytest.importorskip("safetensors").safe_open
    SafeTensors().write(kept_conversations, tmp_path / "out")
    split = kept_conversations["train"]
    with safe_open(str(tmp_path / "out" / "train.safetensors"), framework) as file:
        assert set(file.keys()) == {"document_ends", "input_ids", "loss"}
        assert file.get_tensor("input_ids").tolist() == split[:].tolist()
        assert file.get_slice("document_ends")[1:4].tolist() == split.document_ends()[1:4].tolist()
        assert file.metadata()["encoding"] == kept_conversations.manifest.tokenizer.name
