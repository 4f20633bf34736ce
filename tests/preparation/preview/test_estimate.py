"""What preparing will make and take."""

from __future__ import annotations

import json

import pytest

import corpuskit


def test_a_small_corpus_is_counted_rather_than_judged(prose, tmp_path):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "none"}
    found = corpuskit.plan(str(prose), **options).estimate
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", **options)
    assert found.tokens.exact
    assert found.tokens.value == len(corpus["train"])
    assert found.documents.value == corpus["train"].num_documents == 3000


def test_a_limit_on_tokens_limits_what_is_made_and_taken(prose):
    options = {"encoding": "gpt2", "lines": True, "part_bytes": 2**14, "workers": 1}
    whole = corpuskit.plan(str(prose), **options)
    some = corpuskit.plan(str(prose), **options, max_tokens=20_000)
    assert some.estimate.tokens.value == pytest.approx(20_000, rel=0.01)
    assert some.estimate.documents.value < whole.estimate.documents.value
    assert some.peak_disk_bytes < whole.peak_disk_bytes


def test_no_more_workers_are_counted_than_there_are_parts(prose):
    options = {"encoding": "bytes", "lines": True}
    assert corpuskit.plan(str(prose), **options, workers=64).estimate.workers == 1
    parted = [corpuskit.plan(str(prose), **options, workers=n, part_bytes=2**14).estimate for n in (1, 8)]
    assert [found.workers for found in parted] == [1, 8]
    assert parted[0].memory_bytes < parted[1].memory_bytes


def test_what_a_manifest_says_of_many_tiny_files_is_counted(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number:03}.txt").write_text("a few words")
    found = corpuskit.plan(str(folder), encoding="gpt2").estimate
    corpus = corpuskit.prepare(str(folder), output=tmp_path / "x", encoding="gpt2")
    on_disk = sum(path.stat().st_size for path in corpus.path.iterdir())
    assert found.output_bytes == pytest.approx(on_disk, rel=0.15)


def test_conversations_count_with_their_control_tokens_and_their_stream(tmp_path):
    pairs = [[("user", f"Say {n}."), ("assistant", "word " * (n % 90))] for n in range(300)]
    records = [{"messages": [{"role": r, "content": c} for r, c in pair]} for pair in pairs]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    said = {"format": "chat", "encoding": "gpt2", "add_tokens": True}
    found = corpuskit.plan(tmp_path / "a.jsonl", **said).estimate
    made = corpuskit.prepare(tmp_path / "a.jsonl", **said, output=tmp_path / "c", progress=False)
    assert found.tokens.exact
    assert found.num_tokens == len(made["train"])
    files = sum(path.stat().st_size for path in made.path.glob("train-*"))
    assert files <= found.output_bytes <= files + 1000
