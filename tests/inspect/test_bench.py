"""What a report of measurements says; no test looks at how long anything takes."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.inspect import bench as module
from corpuskit.inspect.bench import BenchReport, Timing, bench

SAMPLERS = ["random", "shuffled", "shard_shuffled", "sequential", "packed", "aligned"]

HOSTILE = "evil \x1b[31mred \u202eabc \0 第一 "


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    (folder / "a.jsonl").write_text("".join(json.dumps({"text": HOSTILE * 9}) + "\n" for _ in range(60)))
    return corpuskit.prepare(
        str(folder / "a.jsonl"),
        encoding="bytes",
        split="none",
        shard_bytes=9000,
        part_bytes=4000,
        output=folder / "c",
        progress=False,
    )


def measured(corpus, **options):
    return bench(corpus, **{"seconds": 0.01, "batch_size": 2, "block_size": 32, **options})


def test_everything_is_measured_and_told_of_as_it_begins(corpus, monkeypatch):
    monkeypatch.setattr(module, "drop", lambda paths: True)
    told = []
    report = measured(corpus, on_progress=told.append)
    rows = [f"{timing.task}, {timing.case}" for timing in report.timings]
    batches = [f"batch, {name}" for name in SAMPLERS]
    assert rows == ["read, cold", "read, warm", "prepare, bytes", *batches]
    assert [progress.label for progress in told] == [row.removesuffix(", bytes") for row in rows]
    assert {progress.stage for progress in told} == {"measure"}
    by_name = dict(zip(rows, report.timings, strict=True))
    assert by_name["read, cold"].size_bytes == report.size_bytes == 2 * report.num_tokens
    assert by_name["read, warm"].num_tokens == report.num_tokens
    assert by_name["read, warm"].beside == "a plain pass"
    assert by_name["prepare, bytes"].size_bytes == 60 * len((HOSTILE * 9).encode())
    assert by_name["prepare, bytes"].num_tokens == report.num_tokens
    assert {timing.num_tokens for timing in report.timings if timing.task == "batch"} == {64}
    assert all(timing.seconds > 0 and timing.turns > 0 for timing in report.timings)


def test_batches_are_measured_beside_nanogpt(corpus):
    pytest.importorskip("torch")
    batches = [timing for timing in measured(corpus).timings if timing.task == "batch"]
    assert {timing.beside for timing in batches} == {"nanoGPT"}
    assert all(timing.ratio > 0 for timing in batches)


def test_without_torch_batches_are_numpy_arrays_beside_nothing(corpus, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    report = measured(corpus)
    assert [timing.ratio for timing in report.timings if timing.task == "batch"] == [None] * len(SAMPLERS)
    assert ("nanoGPT's get_batch", "it needs torch") in report.not_measured


def test_what_cannot_be_measured_is_told_with_its_reason(corpus, monkeypatch):
    monkeypatch.setattr(module, "drop", lambda paths: False)
    report = measured(corpus, block_size=10**6)
    reasons = dict(report.not_measured)
    assert reasons["read, cold"].startswith("the system keeps these files in memory")
    assert "a window of block_size 1,000,000 needs 1,000,001" in reasons["batch, random"]
    assert [timing.case for timing in report.timings if timing.task == "batch"] == ["packed"]  # it pads
    assert "\nread, cold: not measured: the system keeps" in str(report)


def test_a_tokenizer_that_cannot_be_opened_again_leaves_the_rest_measured(corpus, monkeypatch):
    monkeypatch.setattr(module, "prepare", lambda *args, **options: corpuskit.prepare("no-such-corpus"))
    report = measured(corpus)
    assert "no-such-corpus" in dict(report.not_measured)["prepare"]
    assert "batch" in {timing.task for timing in report.timings}


def test_the_scratch_is_gone_afterwards(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    measured(corpus)
    assert list((tmp_path / "cache/work").iterdir()) == []


def test_a_shard_with_other_bytes_is_an_error(corpus, tmp_path):
    import shutil

    shutil.copytree(corpus.path, tmp_path / "c")
    shard = tmp_path / "c/train-00000.bin"
    shard.write_bytes(bytes(shard.stat().st_size))
    with pytest.raises(CorpusFormatError, match=r"train-00000.bin: sha256"):
        measured(corpuskit.open(tmp_path / "c"))


def test_a_split_that_is_empty_or_not_there_is_said(corpus):
    with pytest.raises(ConfigError, match=r"has no split 'valid'"):
        measured(corpus, split="valid")


def test_the_report_is_a_table_and_a_json_value():
    report = BenchReport(
        "data/evil\x1b[2J", "train", 1000, 2000, 1, 2, 12, 1024,
        (
            Timing("read", "warm", 0.002, 9, 2000, 1000, "a plain pass", 0.25),
            Timing("prepare", "gpt2", 1.5, 1, 3_000_000, 900_000),
            Timing("batch", "random", 0.000_05, 25, 0, 12 * 1024, "nanoGPT", 21.0),
        ),
        (("read, cold", "why\x1b not"),),
    )  # fmt: skip
    assert str(report).splitlines() == [
        "data/evil\\u001b[2J, split train: 1,000 tokens, 2.0 kB in 1 shard",
        "batches of 12 x 1,024",
        "",
        "                median              rate               beside",
        "read, warm     2.00 ms          1.0 MB/s  0.25 x a plain pass",
        "prepare, gpt2   1.50 s          2.0 MB/s",
        "batch, random    50 us  245.8 M tokens/s       21.0 x nanoGPT",
        "",
        "prepare: 3.0 MB of its text, by 2 cores",
        "read, cold: not measured: why\\u001b not",
    ]
    value = json.loads(json.dumps(report.to_json()))
    assert value["timings"][2]["ratio"] == 21.0
    assert value["not_measured"] == [["read, cold", "why\x1b not"]]
