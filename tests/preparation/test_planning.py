"""Where parts begin and end."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit


@pytest.mark.parametrize("encoding", ["gpt2", "o200k_base", "bytes", "chars"])
def test_one_long_document_is_cut_into_parts_without_changing_an_id(prose, tmp_path, encoding):
    options = {"encoding": encoding, "split": "characters:0.3", "eot": False}
    whole = corpuskit.prepare(str(prose), output=tmp_path / "whole", **options)
    parts = corpuskit.prepare(str(prose), output=tmp_path / "parts", part_bytes=9_000, workers=2, **options)
    assert json.loads((parts.path / "run.json").read_bytes())["num_parts"] > 10
    for split in ("train", "valid"):
        assert np.array_equal(whole[split][:], parts[split][:])
        assert parts[split].num_documents == 1
    assert parts.decode(parts["train"][:]) + parts.decode(parts["valid"][:]) == prose.read_text()


@pytest.mark.parametrize(("encoding", "size"), [("bytes", 2**24), ("gpt2", 2**24), ("p50k_base", 2**22)])
def test_the_name_alone_decides_whatever_engine_is_installed(tmp_path, monkeypatch, encoding, size):
    (tmp_path / "a.txt").write_text("some text " * 50)
    made = []
    for number in range(2):
        if number:
            monkeypatch.setattr("corpuskit.tokenizers.engine.find_spec", lambda name: None)
        made.append(
            corpuskit.prepare(str(tmp_path / "a.txt"), encoding=encoding, output=tmp_path / str(number))
        )
    assert [corpus.manifest.options["part_bytes"] for corpus in made] == [size, size]
    assert made[0].fingerprint == made[1].fingerprint
