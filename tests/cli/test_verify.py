"""corpuskit verify."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from corpuskit.cli import root
from corpuskit.errors import CorpusFormatError, SourceError
from corpuskit.inspect.health import RULES


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
    assert str(done.exception).endswith(" found; make it again with --overwrite")
    assert done.stdout.splitlines()
    assert all("train-00000.bin" in line for line in done.stdout.splitlines())


def test_problems_as_json_have_their_file(small_corpus):
    damage(small_corpus)
    found = json.loads(verify(small_corpus, "--json").stdout)
    assert found["ok"] is False
    assert {problem["file"] for problem in found["problems"]} == {"train-00000.bin"}


def test_health_is_said_and_breaks_nothing_unless_it_is_strict(small_corpus):
    done = verify(small_corpus, "--health", "--rule", "one-token=5%")
    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["one-token", "entropy"]
    assert done.stderr == f"{small_corpus}: every byte is as the manifest says; 2 rules of health broken\n"
    done = verify(small_corpus, "--health", "--strict")
    assert isinstance(done.exception, SourceError)
    assert done.exception.exit_code == 3
    assert str(done.exception).startswith(f"{small_corpus}: 1 rule of health broken; ")


def test_a_healthy_corpus_is_said_to_be_that(small_corpus):
    done = verify(small_corpus, "--health", "--strict", "--rule", "entropy=1")
    assert done.exit_code == 0
    assert done.stderr.endswith("every byte is as the manifest says, and it breaks no rule of health\n")
    found = json.loads(verify(small_corpus, "--health", "--json", "--rule", "entropy=1").stdout)
    assert (found["ok"], found["findings"]) == (True, [])


def test_findings_as_json_have_their_rule(small_corpus):
    found = json.loads(verify(small_corpus, "--health", "--json").stdout)
    assert found["ok"] is True
    assert [(one["rule"], one["threshold"]) for one in found["findings"]] == [("entropy", 3.0)]
    done = verify(small_corpus, "--health", "--json", "--strict")
    assert json.loads(done.stdout)["ok"] is False
    assert isinstance(done.exception, SourceError)


def test_a_damaged_corpus_is_not_asked_how_it_is(small_corpus):
    damage(small_corpus)
    done = verify(small_corpus, "--health")
    assert isinstance(done.exception, CorpusFormatError)
    assert all("train-00000.bin" in line for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--strict"], "--strict is about --health; add it"),
        (["--rule", "leak=1"], "--rule is about --health; add it"),
        (["--health", "--rule", "leak"], "expected KEY=VALUE, found 'leak'"),
        (["--health", "--rule", "leak=much"], "--rule leak=much: must be a number, or a share such as"),
        (["--health", "--rule", "leek=1"], "no health rule 'leek'; did you mean 'leak'?"),
    ],
)
def test_what_is_said_of_rules_is_checked_before_anything_is_read(small_corpus, flags, message):
    damage(small_corpus)
    done = verify(small_corpus, *flags)
    assert done.exit_code == 2 or getattr(done.exception, "exit_code", 2) == 2
    assert message in f"{done.output}{done.exception}"


def test_the_help_says_every_threshold():
    text = " ".join(verify("--help").output.split())
    for name, (threshold, _) in RULES.items():
        assert f"{name}={threshold:g}" in text
