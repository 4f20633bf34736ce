from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("a line of text\n" * 20)
    corpuskit.prepare("mine.txt", encoding="bytes", output="mine", lines=True, split="valid=0.4")
    (tmp_path / "mixture.toml").write_text('[[mixture]]\ncorpus = "mine"\nweight = 1\n')
    return lambda *arguments: CliRunner().invoke(root, ["card", *arguments])


@pytest.mark.parametrize("data", ["mine", "mixture.toml"])
@pytest.mark.parametrize("format_name", ["markdown", "croissant"])
def test_the_card_is_printed(run, data, format_name):
    done = run(data, "--format", format_name)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == corpuskit.card(data).text(format_name)


def test_the_card_is_written_and_blanks_are_counted(run, tmp_path):
    done = run("mine", "-o", "README.md")
    assert done.stdout == "README.md\n"
    text = (tmp_path / "README.md").read_text()
    assert text == str(corpuskit.card("mine"))
    blanks = text.count("[fill in:")
    assert (
        done.stderr == f"Wrote the card of mine. Blanks for you to fill in, marked '[fill in:': {blanks}.\n"
    )
    refused = run("mine", "-o", "README.md")
    assert "replace it with --overwrite" in str(refused.exception)
    assert run("mine", "-o", "README.md", "--overwrite", "-q").stderr == ""


def test_json_says_what_was_written_or_what_is_known(run):
    done = run("mine", "-o", "c.json", "--format", "croissant", "--json")
    assert json.loads(done.stdout) == {"path": "c.json", "format": "croissant", "blanks": 4}
    assert json.loads(run("mine", "--json").stdout) == corpuskit.card("mine").to_json()


def test_another_format_is_refused(run):
    assert run("mine", "--format", "html").exit_code == 2
