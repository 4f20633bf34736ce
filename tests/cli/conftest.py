"""Commands, typed in a folder of files: in this process, or in one of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit.cli.program import _run


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of files; gives (stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "")
    (tmp_path / "a.txt").write_text("some text " * 100)
    (tmp_path / "b.txt").write_text("other text " * 100)
    (tmp_path / "c.jsonl").write_text("".join(json.dumps({"text": f"record {n}"}) + "\n" for n in range(9)))
    (tmp_path / "d.csv").write_text("text\nrow one\nrow two\n")

    def typed(*args, code=0):
        assert _run(args) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return typed


@pytest.fixture
def run():
    """Runs a command in a process of its own: `run("info", "x", cwd=tmp_path, NAME="value")`."""

    def run(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "corpuskit", *args],
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def corpus(tmp_path: Path, run) -> Path:
    """A small corpus, made by the command."""
    (tmp_path / "my.txt").write_text("Hello there. " * 200)
    made = run("prepare", "./my.txt", "--encoding", "gpt2", "--name", "mine", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "data/mine/gpt2\n"
    assert made.stderr.startswith("Prepared 541 train, 61 valid tokens (gpt2) in ")
    return tmp_path / "data" / "mine" / "gpt2"


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """A corpus of 90 bytes, made in this process."""
    (tmp_path / "text.txt").write_text("some text\n" * 9)
    return corpuskit.prepare(
        str(tmp_path / "text.txt"), output=tmp_path / "out", encoding="bytes", split="none"
    ).path
