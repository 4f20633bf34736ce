"""corpuskit info and corpuskit list corpora, where there is one corpus, several, or one in the making."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root
from corpuskit.errors import ConfigError, CorpusFormatError


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("one text after another " * 40)
    corpuskit.prepare("text.txt", encoding="bytes")
    corpuskit.prepare("text.txt", encoding="bytes", output="data/text/other", name="mine", split="none")
    runner = CliRunner()
    begun = ["prepare", "./texts", "--encoding", "bytes", "-o", "data/begun", "--part-bytes", "8"]
    Path("texts").mkdir()
    for name in "abc":
        Path("texts", f"{name}.txt").write_text(f"text {name}..")
    assert not runner.invoke(root, [*begun, "--parts", "1/3", "-q"]).exit_code


def run(*arguments):
    done = CliRunner().invoke(root, [*arguments])
    if done.exception is not None:
        raise done.exception
    return done


EXPECTED = [
    ["data/begun", "in", "the", "making:", "1", "of", "3", "parts", "are", "there"],
    ["data/text/bytes", "text", "bytes", "828", "train,", "92", "valid", "1.9", "kB"],
    ["data/text/other", "mine", "bytes", "920", "train", "1.9", "kB"],
]


def rows(text):
    return [line.split() for line in text.splitlines()[2:]]


@pytest.mark.parametrize(
    "arguments", [("list", "corpora"), ("list", "corpora", "data"), ("info", "data"), ("info", "data/")]
)
def test_corpora_are_listed_with_their_tokens_and_size(arguments):
    assert rows(run(*arguments).stdout) == EXPECTED


def test_corpora_are_listed_as_json():
    found = json.loads(run("list", "corpora", "--json").stdout)
    assert found == json.loads(run("info", "data", "--json").stdout)
    assert found[0] == {"path": "data/begun", "preparing": {"parts_done": 1, "num_parts": 3}}
    corpus = corpuskit.open("data/text/bytes")
    assert found[1] == {
        "path": "data/text/bytes",
        "name": "text",
        "encoding": "bytes",
        "splits": {"train": 828, "valid": 92},
        "size_bytes": 1904,
        "fingerprint": corpus.fingerprint,
    }
    Path("data/text/other/manifest.json").write_text("{}")
    broken = json.loads(run("list", "corpora", "--json").stdout)[2]
    assert set(broken) == {"path", "error"}


def test_info_of_a_folder_below_lists_what_is_there():
    assert rows(run("info", "data/text").stdout) == EXPECTED[1:]


def test_info_of_a_corpus_in_the_making_says_how_far_it_is():
    assert rows(run("info", "data/begun").stdout) == EXPECTED[:1]


def test_info_of_a_corpus_is_as_ever():
    assert run("info", "data/text/bytes").stdout.startswith("text, encoded with bytes\n")


def test_info_of_a_name_says_where_its_corpora_are():
    with pytest.raises(CorpusFormatError, match="'corpuskit info data/text' lists the corpora there"):
        run("info", "text")
    with pytest.raises(CorpusFormatError, match="not a corpus: No such file or directory"):
        run("info", "other")
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        run("info", "texts")


def test_an_empty_place_says_so(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = run("list", "corpora")
    assert (done.stdout, done.stderr) == ("", "no corpora below data; 'corpuskit prepare' makes one\n")
    assert json.loads(run("list", "corpora", "--json").stdout) == []
    with pytest.raises(ConfigError, match="absent: no such folder"):
        run("list", "corpora", "absent")


@pytest.mark.parametrize("kind", [["sources", "data"], ["tokenizers", "data", "--explain", "bytes"]])
def test_only_corpora_are_listed_by_folder(kind):
    done = CliRunner().invoke(root, ["list", *kind])
    assert done.exit_code == 2
    assert "data: only 'corpuskit list corpora' takes a folder" in done.stderr
