"""What the commands that derive corpora print."""

import json

import pytest

import corpuskit


@pytest.fixture
def derive(typed, tmp_path):
    rows = [{"id": f"d{number}", "text": f"text {number}", "n": number} for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpuskit.prepare("rows.jsonl", encoding="bytes", output=tmp_path / "rows", keep="id,n", split="none")
    return typed


def test_the_folder_is_printed_and_what_was_made_is_said(derive):
    out, err = derive("filter", "rows", "--min-tokens", "8", "-o", "made")
    assert out == "made\n"
    assert err == "Made 80 train tokens of 10 documents.\n"
    assert corpuskit.open("made")["train"].num_documents == 10


def test_json_says_what_was_made_and_that_it_was_there(derive):
    command = ("filter", "rows", "--min-tokens", "8", "-o", "made", "--json")
    made = json.loads(derive(*command)[0])
    assert made == {
        "path": "made",
        "made": True,
        "fingerprint": corpuskit.open("made").fingerprint,
        "splits": {"train": {"num_tokens": 80, "num_documents": 10}},
        "left_out": {"filtered": 10},
    }
    assert json.loads(derive(*command)[0]) == {**made, "made": False}


def test_quiet_says_nothing_on_stderr(derive):
    assert derive("reshard", "rows", "--shard-bytes", "64", "-o", "made", "-q") == ("made\n", "")


def test_what_is_there_is_replaced_with_overwrite_only(derive):
    derive("filter", "rows", "--min-tokens", "8", "-o", "made")
    _, err = derive("filter", "rows", "--min-tokens", "7", "-o", "made", code=2)
    assert "made holds another corpus already; replace it with --overwrite" in err
    derive("filter", "rows", "--min-tokens", "7", "-o", "made", "--overwrite")
    assert corpuskit.open("made")["train"].num_documents == 20
