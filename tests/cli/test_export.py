from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("|".join(f"document {number}" for number in range(20)))
    corpuskit.prepare("mine.txt", encoding="bytes", output="mine", separator="|", split="valid=0.4")
    return lambda *arguments: CliRunner().invoke(root, ["export", "mine", *arguments])


def test_export_prints_the_files_it_wrote(run, tmp_path):
    done = run("--format", "nanogpt", "-o", "out")
    assert done.exit_code == 0
    assert done.stdout.split() == ["out/train.bin", "out/val.bin", "out/export.json"]
    assert "\nExported " in done.stderr
    assert done.stderr.endswith(" valid tokens (nanogpt).\n")
    assert (tmp_path / "out" / "val.bin").stat().st_size == 2 * len(corpuskit.open("mine")["valid"])


def test_json_says_what_was_written(run):
    value = json.loads(run("--format", "megatron", "-o", "out", "--split", "valid", "--json").stdout)
    assert value == {
        "path": "out",
        "format": "megatron",
        "made": True,
        "splits": {"valid": len(corpuskit.open("mine")["valid"])},
        "files": ["out/valid.bin", "out/valid.idx", "out/export.json"],
    }


def test_quiet_says_nothing_on_stderr(run):
    done = run("--format", "llmc", "-o", "out", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.split() == ["out/train_000000.bin", "out/val_000000.bin", "out/export.json"]


def test_a_second_export_needs_overwrite(run):
    assert run("--format", "nanogpt", "-o", "out").exit_code == 0
    refused = run("--format", "llmc", "-o", "out")
    assert "replace it with --overwrite" in str(refused.exception)
    assert run("--format", "llmc", "-o", "out", "--overwrite", "-q").exit_code == 0


@pytest.mark.parametrize("missing", [("--format", "nanogpt"), ("-o", "out")])
def test_format_and_output_are_asked_for(run, missing):
    assert run(*missing).exit_code == 2


def test_an_export_that_is_there_is_left_alone(run, tmp_path):
    first = run("--format", "nanogpt", "-o", "out")
    made = (tmp_path / "out" / "train.bin").stat().st_mtime_ns
    again = run("--format", "nanogpt", "-o", "out")
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert again.stderr == "corpuskit: out holds this export already; nothing was changed\n"
    assert json.loads(run("--format", "nanogpt", "-o", "out", "--json").stdout)["made"] is False
    assert (tmp_path / "out" / "train.bin").stat().st_mtime_ns == made


def test_meta_is_written_on_request_and_offered_where_it_is_missing(run, tmp_path):
    done = run("--format", "nanogpt", "-o", "out")
    assert "train.py takes a vocabulary of 50,304 ids instead of 257" in done.stderr
    assert "--meta writes one" in done.stderr
    done = run("--format", "nanogpt", "-o", "with", "--meta")
    assert done.stdout.split()[-2:] == ["with/meta.pkl", "with/export.json"]
    assert "--meta" not in done.stderr
    refused = run("--format", "llmc", "-o", "other", "--meta")
    assert "--meta: the format llmc does not take it; export with --format nanogpt" in str(refused.exception)
    assert not (tmp_path / "other").exists()
