"""corpuskit prepare: what it decided by itself is said."""

from __future__ import annotations

from pathlib import Path

import pytest

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
def test_what_nobody_asked_for_is_said_in_one_line_with_its_flag(typed, args, said):
    _, err = typed(*P, *args)
    line = [line for line in err.splitlines() if line.startswith("By default: ")]
    assert line == ([f"By default: {'; '.join(said)}."] if said else [])
    assert "By default" not in typed(*P, *args)[1]  # it is there already
    assert typed(*P, *args, "--overwrite", "--quiet")[1] == ""


def test_a_name_that_becomes_another_folder_is_said(typed):
    out, err = typed("prepare", "./a.txt", "--encoding", "bytes", "--name", "a/b")
    assert f"'a/b' is in the folder {out.split('/')[1]} (--output)" in err


def test_a_split_that_came_out_empty_is_a_warning(typed):
    _, err = typed(*P, "./a.txt", "--split", "valid=0.000001")
    assert "corpuskit: split 'valid' is empty: the only document fell elsewhere under the rule" in err
    assert "cut the text itself by characters:0.1 with --split" in err
    Path("one.jsonl").write_text('{"text": "the only one"}\n')
    _, err = typed(*P, "./one.jsonl", "--split", "valid=0.000001", "--overwrite")
    assert "the only document fell elsewhere" in err
    assert "keep it in train by none with --split" in err
    _, err = typed(*P, "./c.jsonl", "--split", "valid=0.000001", "--overwrite")
    assert "split 'valid' is empty: none of the " in err
    assert "ask for a larger share with --split" in err
    _, err = typed(*P, "./c.jsonl", "--split", "valid=0.5", "--overwrite")
    assert "is empty" not in err
