"""corpuskit report."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from corpuskit.cli import root
from corpuskit.errors import ConfigError

pytest.importorskip("vl_convert")


@pytest.fixture
def report(small_corpus, tmp_path, monkeypatch):
    """Runs the command for a corpus of 90 bytes, in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments):
        return CliRunner().invoke(
            root, ["report", str(small_corpus), "--block-size", "8", "--static", *arguments]
        )

    return run


def test_the_page_is_written_and_named(report, tmp_path):
    done = report()
    assert done.exit_code == 0, done.output
    assert done.stdout == "report.html\n"
    assert done.stderr.splitlines()[-1] == "Wrote a page that asks for no other file."
    assert (tmp_path / "here/report.html").read_text().startswith("<!DOCTYPE html>")


def test_flags_say_what_is_shown(report, tmp_path):
    flags = "-o a.html --steps 0,2 --batch-size 2 --sampler sequential --seed 5 --run-steps 3"
    done = report(*flags.split(), "--encodings", "gpt2, bytes", "--documents", "1", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["steps"] == [0, 2]
    assert set(said["covered"]) == {"random", "shuffled", "sequential"}
    assert said["covered"]["sequential"] == pytest.approx(3 * 2 * 8 / said["stats"]["num_tokens"])
    text = (tmp_path / "here/a.html").read_text()
    assert said["size_bytes"] == len(text.encode())
    assert "Rows of 8 tokens, 2 a batch, sampler sequential, seed 5." in text
    assert 'id="step-2"' in text
    assert "Tokens of gpt2" in text


def test_a_page_that_is_there_is_replaced_only_when_that_is_said(report):
    assert report("--quiet").output == "report.html\n"
    done = report()
    assert isinstance(done.exception, ConfigError)
    assert report("--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--steps", "first"), "expected whole numbers such as 0,100, found 'first'"),
        (("--steps", "-3"), "steps count from 0, found '-3'"),
    ],
)
def test_steps_that_are_none_are_refused(report, arguments, message):
    done = report(*arguments)
    assert done.exit_code == 2
    assert message in done.output
