"""corpuskit verify."""

from __future__ import annotations

import json

from click.testing import CliRunner

from corpuskit.cli import root
from corpuskit.errors import CorpusFormatError


def damage(corpus):
    shard = corpus / "train-00000.bin"
    shard.write_bytes(b"\xff" + shard.read_bytes()[1:])


def verify(*arguments):
    return CliRunner().invoke(root, ["verify", *map(str, arguments)])


def test_a_sound_corpus_is_said_to_be_that(small_corpus):
    done = verify(small_corpus)
    assert done.exit_code == 0
    assert done.stderr == f"{small_corpus}: every byte is as the manifest says\n"
    assert json.loads(verify(small_corpus, "--json").stdout) == {
        "path": str(small_corpus),
        "ok": True,
        "problems": [],
    }
    assert verify(small_corpus, "--quiet").output == ""


def test_each_problem_is_a_line_that_names_its_file(small_corpus):
    damage(small_corpus)
    done = verify(small_corpus)
    assert isinstance(done.exception, CorpusFormatError)
    assert done.exception.exit_code == 5
    assert str(done.exception).endswith(" found; prepare it again with --overwrite")
    assert done.stdout.splitlines()
    assert all("train-00000.bin" in line for line in done.stdout.splitlines())


def test_problems_as_json_have_their_file(small_corpus):
    damage(small_corpus)
    found = json.loads(verify(small_corpus, "--json").stdout)
    assert found["ok"] is False
    assert {problem["file"] for problem in found["problems"]} == {"train-00000.bin"}
