"""Defaults that say themselves, and what `info` says of a corpus."""

from __future__ import annotations

import json
import re

import pytest

from corpuskit.cli.program import _run


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of files; gives (stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "")
    (tmp_path / "a.txt").write_text("some text " * 100)
    (tmp_path / "b.txt").write_text("other text " * 100)
    (tmp_path / "c.jsonl").write_text("".join(json.dumps({"text": f"record {n}"}) + "\n" for n in range(9)))
    (tmp_path / "d.csv").write_text("text\nrow one\nrow two\n")

    def run(*args, code=0):
        assert _run(args) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return run


P = ("prepare", "--encoding", "bytes", "-o", "x")
SPLIT_TEXT = "split by characters, the last tenth is valid (--split)"
NO_VALID = "no valid split (--split valid=0.01 makes one)"
EOT = "an end-of-text id after each document (--no-eot leaves it out)"
NO_EOT = "no end-of-text ids (--eot adds them)"
FIELD = "the text is in the field 'text' (--text-field)"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["./a.txt"], [SPLIT_TEXT, NO_EOT]),
        (["./a.txt", "./b.txt"], [NO_VALID, EOT]),
        (["./a.txt", "--lines"], [NO_VALID, EOT]),
        (["./c.jsonl"], [NO_VALID, EOT, "read as jsonl (--format)", FIELD]),
        (
            ["./c.jsonl", "./d.csv", "./a.txt"],
            [NO_VALID, EOT, "read as 1 csv, 1 jsonl, 1 text (--format)", FIELD],
        ),
        (["./c.jsonl", "--text-field", "text", "--eot", "--format", "jsonl"], [NO_VALID]),
        (["./a.txt", "--split", "none"], [NO_EOT]),
        (["./a.txt", "--no-eot"], [SPLIT_TEXT]),
        (["./a.txt", "--split", "none", "--eot"], []),
        (["python-docs"], ["split as the corpus says: valid=0.1 (--split)", EOT]),
    ],
)
def test_what_nobody_asked_for_is_said_in_one_line_with_its_flag(run, args, said):
    _, err = run(*P, *args)
    line = [line for line in err.splitlines() if line.startswith("By default: ")]
    assert line == ([f"By default: {'; '.join(said)}."] if said else [])
    assert "By default" not in run(*P, *args)[1]  # it is there already
    assert run(*P, *args, "--overwrite", "--quiet")[1] == ""


def test_a_name_that_becomes_another_folder_is_said(run):
    out, err = run("prepare", "./a.txt", "--encoding", "bytes", "--name", "a/b")
    assert f"'a/b' is in the folder {out.split('/')[1]} (--output)" in err


def test_a_split_that_came_out_empty_is_a_warning(run):
    _, err = run(*P, "./a.txt", "--split", "valid=0.000001")
    assert "corpuskit: split 'valid' is empty: the only document fell elsewhere under the rule" in err
    assert "cut the text itself by characters:0.1 with --split" in err
    _, err = run(*P, "./c.jsonl", "--split", "valid=0.000001", "--overwrite")
    assert "split 'valid' is empty: none of the " in err
    assert "ask for a larger share with --split" in err
    _, err = run(*P, "./c.jsonl", "--split", "valid=0.5", "--overwrite")
    assert "is empty" not in err


def test_info_says_what_a_corpus_is(run):
    run(*P, "./a.txt", "./c.jsonl", "./d.csv")
    out, _ = run("info", "x")
    facts = {line[:11].strip(): line[12:] for line in out.splitlines()[5:] if line[:1] != " "}
    assert facts["inputs"].endswith("1 csv, 1 jsonl, 1 text")
    tokens, documents, size = 1000 + 9 * 8 + 2 * 7 + 12, 12, 1000 + 9 * 8 + 2 * 7
    assert facts["rates"] == f"{size / tokens:.2f} bytes a token, {tokens / documents:.1f} tokens a document"
    assert re.fullmatch(r"corpuskit-core \S+", facts["made by"])
    assert facts["options"].startswith("split none, eot yes, format by extension, invalid_utf8 error")
    assert "part_bytes 16M" in facts["options"]
    assert "'" not in facts["options"]


def test_info_says_the_license_of_a_named_corpus(run):
    run(*P, "python-docs")
    out, _ = run("info", "x")
    assert re.search(r"^license +PSF-2.0$", out, re.MULTILINE)


def test_info_works_without_the_record_of_the_run(run, tmp_path):
    run(*P, "./a.txt")
    for content in (None, "{", "[]", '{"num_tokens": "x", "plugins": 3}'):
        (tmp_path / "x" / "run.json").unlink(missing_ok=True)
        if content is not None:
            (tmp_path / "x" / "run.json").write_text(content)
        out, _ = run("info", "x")
        assert "tokens a document" in out
