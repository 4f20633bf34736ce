import json
from pathlib import Path

import pytest

import corpuskit


@pytest.fixture
def rows(tmp_path):
    rows = [{"id": f"d{number}", "text": f"text {number}", "n": number} for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpuskit.prepare(
        str(tmp_path / "rows.jsonl"), encoding="bytes", output=tmp_path / "rows", keep="id,n", split="none"
    )


def chosen(typed, *options):
    typed("select", "rows", *options, "-o", "made", "--overwrite")
    return corpuskit.open("made")["train"].fields().column("n").to_pylist()


def test_documents_are_named_by_numbers_ids_or_a_condition(typed, rows, tmp_path):
    pytest.importorskip("duckdb")
    (tmp_path / "numbers").write_text("7\n3\n10-11\n")
    (tmp_path / "ids").write_text("d4\nd2\n")
    assert chosen(typed, "--numbers", "17,0, 4-6") == [0, 4, 5, 6, 17]
    assert chosen(typed, "--numbers-from", "numbers") == [3, 7, 10, 11]
    assert chosen(typed, "--ids", "ids") == [2, 4]
    assert chosen(typed, "--where", "n % 9 = 1") == [1, 10, 19]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give one of --numbers"),
        (("--numbers", "1", "--where", "n = 1"), "give one of --numbers"),
        (("--numbers", "1;2"), "expected numbers of documents such as 0,17,40-99, found '1;2'"),
        (("--numbers", "5-20"), "--numbers: expected documents of the split, 0 to 19, found 20"),
        (("--numbers", "5-999999999999"), "0 to 19, found 999,999,999,999; choose others"),
        (("--numbers", ""), "no tokens are left"),
        (("--numbers", "1", "--split", "gone"), "has no split 'gone'"),
    ],
)
def test_what_names_no_documents_is_an_error(typed, rows, options, words):
    _, err = typed("select", "rows", *options, "-o", "made", code=2)
    assert words in err


def test_a_file_of_numbers_that_is_not_there_is_an_error(typed, rows):
    _, err = typed("select", "rows", "--numbers-from", "gone", "-o", "made", code=4)
    assert "--numbers-from gone: cannot be read: No such file" in err


def test_a_file_of_something_else_than_numbers_is_named(typed, rows):
    Path("words").write_text("1\nb\n")
    _, err = typed("select", "rows", "--numbers-from", "words", "-o", "made", code=2)
    assert "--numbers-from words: expected numbers of documents such as 0,17,40-99, found 'b'" in err
