"""Where parts begin and end, and how large they are: a rule of names and sizes only."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.preparation.plan import part_bytes_for


@pytest.mark.parametrize(
    ("total", "fast", "slow"),
    [
        (0, 2**24, 2**22),
        (2**30, 2**24, 2**22),
        (2**35, 2**24, 2**23),
        (2**40, 2**28, 2**28),
        (2**50, 2**32, 2**32),
    ],
)
def test_parts_of_slow_tokenizers_are_smaller_where_the_corpus_is_small(total, fast, slow):
    assert part_bytes_for(total, fast=True) == fast
    assert part_bytes_for(total, fast=False) == slow


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
