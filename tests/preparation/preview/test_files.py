"""What a plan says of files with which something is wrong: all of it, in order."""

from __future__ import annotations

import gzip
import json
import os
import random
import re

import pytest

import corpuskit
from corpuskit.errors import ConfigError


def records(field, count=3):
    return "".join(
        json.dumps({field: f"text {number}", "meta": {"url": "x"}}) + "\n" for number in range(count)
    )


@pytest.fixture
def raw(tmp_path):
    """A folder in which most files have something wrong, and one that is left out."""
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a-forum.csv").write_text("id,body\n1,hello\n")
    (folder / "b-damaged.jsonl.gz").write_bytes(
        gzip.compress(random.Random(1).randbytes(50_000).hex().encode())[:-99]
    )
    noise = "".join(json.dumps({"text": random.Random(n).randbytes(40).hex()}) + "\n" for n in range(5000))
    (folder / "c-cut-off-late.jsonl.gz").write_bytes(gzip.compress(noise.encode())[:-99])
    (folder / "d-pointer.jsonl").write_text("version https://git-lfs.github.com/spec/v1\nsize 12\n")
    (folder / "e-bytes.txt").write_bytes(b"caf\xe9")
    (folder / "f-fields.jsonl").write_text(records("body"))
    (folder / "g-many.jsonl").write_text(records("body", 500))
    (folder / "h-name.txt.gz").write_text("not compressed")
    (folder / "i-good.jsonl").write_text(records("text"))
    (folder / "j-good.txt").write_text("a text")
    (folder / "image.png").write_bytes(b"x")
    return folder


PROBLEMS = {
    "a-forum.csv": "no column 'text'; it has: id, body; choose one with --text-field",
    "b-damaged.jsonl.gz": "damaged|cut off|invalid JSON|no JSON",
    "c-cut-off-late.jsonl.gz": "the gzip data is cut off",
    "d-pointer.jsonl": "a Git LFS pointer",
    "e-bytes.txt": "invalid UTF-8",
    "f-fields.jsonl": "no record of the file has a text.*it has: body, meta",
    "g-many.jsonl": "none of the first 100 records has a field 'text'",
    "h-name.txt.gz": "not gzip at byte 0|its name says gzip",
}


def test_every_problem_of_every_file_is_listed_in_order(raw):
    plan = corpuskit.plan(str(raw), encoding="bytes")
    assert [file.name for file in plan.files if file.problems] == list(PROBLEMS)
    for file in plan.files:
        if file.problems:
            (problem,) = file.problems
            assert re.search(PROBLEMS[file.name], problem), problem
    assert [str(error) for error in plan.errors] == [p for file in plan.files for p in file.problems]
    assert plan.fingerprint == ""


def test_what_is_judged_is_the_files_with_which_nothing_is_wrong(raw, tmp_path):
    plan = corpuskit.plan(str(raw), encoding="bytes", eot=False)
    good = [raw / name for name in ("i-good.jsonl", "j-good.txt")]
    corpus = corpuskit.prepare([*map(str, good)], encoding="bytes", eot=False, output=tmp_path / "x")
    assert plan.estimate.tokens.value == len(corpus["train"])
    assert plan.estimate.tokens.exact


def test_files_come_with_their_fields_and_what_is_left_out(raw):
    plan = corpuskit.plan(str(raw), encoding="bytes")
    by_name = {file.name: file for file in plan.files}
    assert by_name["a-forum.csv"].fields == ("id", "body")
    assert by_name["i-good.jsonl"].fields == ("text", "meta", "meta.url")
    assert by_name["c-cut-off-late.jsonl.gz"].compression == "gzip"
    assert by_name["j-good.txt"].format == "text"
    assert plan.left_out.names == {"unknown-format": ["image.png"]} or plan.left_out.counts == {
        "unknown-format": 1
    }


def test_files_that_are_not_there_or_of_no_known_format_do_not_hide_the_others(raw):
    (raw / "k.pdf").write_bytes(b"%PDF")
    named = [str(raw / name) for name in ("missing.txt", "k.pdf", "a-forum.csv", "i-good.jsonl")]
    plan = corpuskit.plan(named, encoding="bytes")
    assert [bool(file.problems) for file in plan.files] == [True, True, True, False]
    assert [
        next(words for words in ("no such file", "no known format", "no column") if words in str(error))
        for error in plan.errors
    ] == ["no such file", "no known format", "no column"]


def test_a_pipe_that_is_named_is_a_problem_of_its_own(raw):
    os.mkfifo(raw / "pipe.txt")
    plan = corpuskit.plan([str(raw / "pipe.txt"), str(raw / "j-good.txt")], encoding="bytes")
    assert "not a regular file" in str(plan.errors[0])
    assert plan.estimate.documents.value == 1


def test_what_is_wrong_with_no_file_is_raised(raw):
    with pytest.raises(ConfigError, match="--eot"):
        corpuskit.plan(str(raw / "j-good.txt"), encoding="chars", eot=True)
    with pytest.raises(ConfigError, match="split characters"):
        corpuskit.plan(str(raw / "i-good.jsonl"), encoding="bytes", split="characters:0.1")


def test_a_table_and_its_columns(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table({"url": ["a"], "page": pa.array([{"body": "x", "n": 1}])})
    pq.write_table(table, tmp_path / "pages.parquet")
    plan = corpuskit.plan(str(tmp_path / "pages.parquet"), encoding="bytes")
    assert plan.files[0].fields == ("url", "page", "page.body", "page.n")
    assert "no column 'text'" in plan.files[0].problems[0]
    assert (
        corpuskit.plan(str(tmp_path / "pages.parquet"), encoding="bytes", text_field="page.body").errors == ()
    )
