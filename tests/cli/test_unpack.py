from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root


@pytest.fixture
def run(prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpuskit.pack(prepared("mine", "bytes"), "packed.tar")
    return lambda *arguments, **more: CliRunner().invoke(root, ["unpack", *arguments], **more)


def test_unpack_prints_the_corpus_s_folder(run):
    done = run("packed.tar")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "packed\n", "")
    value = json.loads(run("packed.tar", "-o", "other", "--json").stdout)
    opened = corpuskit.open("mine")
    assert value == {
        "path": "other",
        "fingerprint": opened.fingerprint,
        "splits": {name: len(opened[name]) for name in opened},
    }


def test_stdin_is_read_and_needs_a_name_for_the_folder(run):
    data = Path("packed.tar").read_bytes()
    assert run("-", "-o", "there", input=data).stdout == "there\n"
    refused = run("-", input=data)
    assert str(refused.exception) == (
        "stdin: nothing says what the corpus's folder is called; name it with --output"
    )


def test_a_file_that_was_cut_is_one_line(run):
    Path("cut.tar").write_bytes(Path("packed.tar").read_bytes()[:-1])
    refused = run("cut.tar")
    assert str(refused.exception).startswith("cut.tar: not a whole packed corpus: it ends after")
    assert not Path("cut").exists()


@pytest.mark.parametrize(("is_open", "what"), [(False, "closed"), (True, "a terminal")])
def test_a_stdin_that_gives_nothing_is_one_line(run, monkeypatch, is_open, what):
    stdin = SimpleNamespace(isatty=lambda: True) if is_open else None
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(click.UsageError, match=f"stdin is {what}; name a file, or add a pipe"):
        root.main(["unpack", "-", "-o", "there"], obj=[], standalone_mode=False)
