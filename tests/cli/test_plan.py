from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root
from corpuskit.errors import SourceError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.csv").write_text("id,text\n1,hello\n")
    (tmp_path / "raw" / "b.txt").write_text("a text")
    return lambda *arguments: CliRunner().invoke(root, ["plan", *arguments])


def test_a_plan_prints_the_object_that_python_gets(run):
    done = run("raw", "--encoding", "bytes", "--split", "none")
    assert done.exit_code == 0
    plan = corpuskit.plan("raw", encoding="bytes", split="none")
    drop = ("time", "memory")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(drop)]
    assert lines == [line for line in str(plan).splitlines() if not line.startswith(drop)]
    assert lines[0].split() == ["a.csv", "csv", "16", "B", "id,", "text"]
    assert "tokens     13 (bytes)" in lines
    assert repr(plan) == "<Plan of 'raw': 2 files, about 13 tokens of bytes; print() shows all of it>"


def test_json_has_the_same_and_every_file(run):
    value = json.loads(run("raw", "--encoding", "bytes", "--json").stdout)
    expected = corpuskit.plan("raw", encoding="bytes").to_json()
    assert value.keys() == expected.keys()
    for key in (
        "files",
        "tokens",
        "documents",
        "text_bytes",
        "splits",
        "fingerprint",
        "problems",
        "left_out",
    ):
        assert value[key] == json.loads(json.dumps(expected[key])), key
    assert value["tokens"] == {"value": 13, "low": 13, "high": 13}


def test_the_listing_comes_before_the_first_problem_and_its_exit_code(run, tmp_path):
    (tmp_path / "raw" / "c.csv").write_text("id,body\n1,hello\n")
    (tmp_path / "raw" / "d.txt").write_bytes(b"\xff")
    done = run("raw", "--encoding", "bytes")
    assert isinstance(done.exception, SourceError)
    assert "c.csv: no column 'text'" in str(done.exception)
    assert "problem: c.csv: no column 'text'" in done.stdout
    assert "problem: d.txt:1: invalid UTF-8" in done.stdout
    assert "problems   2, in 2 of 4 files" in done.stdout
    as_json = run("raw", "--encoding", "bytes", "--json")
    assert [problem["exit_code"] for problem in json.loads(as_json.stdout)["problems"]] == [3, 3]


@pytest.mark.parametrize("flag", ["--output", "--work-dir", "--overwrite", "--executor", "--quiet"])
def test_a_plan_has_no_option_that_means_nothing_to_it(run, flag):
    done = run("raw", flag, "x")
    assert done.exit_code == 2
    assert "No such option" in done.stderr
    assert flag in done.stderr


def test_the_folder_that_one_is_in_can_be_planned(run):
    assert run(".", "--encoding", "bytes").exit_code == 0
