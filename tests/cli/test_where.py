"""What `where` finds, and how it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corpuskit


@pytest.fixture
def corpus(tmp_path, typed):
    (tmp_path / "my.txt").write_text("".join(f"this is line {number}\n" for number in range(1, 31)))
    corpuskit.prepare(
        str(tmp_path / "my.txt"), encoding="bytes", lines=True, output=tmp_path / "c", progress=False
    )
    return "c"


def test_a_text_is_found_with_its_line_and_its_surroundings(corpus, typed):
    out, err = typed("where", corpus, "--text", "line 12")
    assert err == ""
    assert out == (
        "my.txt:12: document 11 of train, its tokens 8 to 15 of 16\n"
        "  tokens train-00000.bin 175 to 182\n"
        "  this is [line 12]<|endoftext|>\n"
    )


def test_options_of_a_run_say_when_it_is_seen(corpus, typed):
    run = ["--batch-size", "4", "--block-size", "32", "--sampler", "sequential"]
    out, _ = typed("where", corpus, "--text", "line 12", *run)
    assert out.endswith("  seen step 1 row 1\n")
    out, _ = typed("where", corpus, "--text", "line 12", *run, "--steps", "2:3")
    assert out.endswith("  seen at none of these steps\n")
    out, _ = typed("where", corpus, "--document", "11", "--json", *run, "--steps", "1")
    assert json.loads(out)["places"][0]["seen"]["rows"][0]["step"] == 1


def test_a_line_is_found(corpus, typed):
    out, _ = typed("where", corpus, "--input", "my.txt:30")
    assert out.startswith("my.txt:30: document 29 of train, its tokens 0 to 16 of 16\n")


def test_nothing_and_more_than_is_shown_are_said(corpus, typed):
    assert typed("where", corpus, "--text", "not there") == ("", "nowhere\n")
    out, err = typed("where", corpus, "--text", "line", "--limit", "3")
    assert out.count("document") == 3
    assert err == "There are more; the first 3 are shown (--limit).\n"


def test_a_mixture_is_looked_into_corpus_by_corpus(corpus, typed, small_corpus):
    tables = [f'[[mixture]]\ncorpus = "{path}"\nweight = 1\n' for path in ("c", small_corpus)]
    Path("m.toml").write_text("".join(tables))
    out, _ = typed(
        "where", "m.toml", "--text", "some text\n", "--limit", "1", "--steps", "0:50", "--block-size", "8"
    )
    assert out.startswith(f"{small_corpus}:\ntext.txt:1: document 0 of train")
    assert "\n  seen step " in out
    out, _ = typed("where", "m.toml", "--member", "c", "--document", "3", "--json")
    assert json.loads(out)["c"]["places"][0]["place"]["text"] == "my.txt:4"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "--document, --input or --text is missing"),
        (["--text", "x", "--document", "1"], "--document and --text exclude each other"),
        (["--text", "x", "--steps", "3"], None),
        (["--text", "line", "--steps", "a:b"], "--steps: must be FIRST:LAST, such as 0:999, found 'a:b'"),
        (
            ["--text", "line", "--seed", "1", "--block-size", "8"],
            "sampler 'random' has no epochs; say which steps",
        ),
        (
            ["--text", "line", "--member", "x"],
            "--member x: is not in c, which has no others: it is no mixture",
        ),
        (["--document", "99"], "document 99 of split 'train', which has 30"),
    ],
)
def test_what_says_nothing_is_refused(corpus, typed, args, message):
    if message is None:
        typed("where", corpus, *args)
        return
    _, err = typed("where", corpus, *args, code=2)
    assert message in err
    assert err.count("\n") == 1
