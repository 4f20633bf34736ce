from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root


@pytest.fixture
def run(prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared("mine", "bytes")
    return lambda *arguments: CliRunner().invoke(root, [*arguments])


def test_pack_prints_the_file_that_it_wrote(run):
    done = run("pack", "mine", "-o", "mine.tar")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "mine.tar\n", "")
    size_bytes = Path("mine.tar").stat().st_size
    value = json.loads(run("pack", "mine", "-o", "mine.tar", "--overwrite", "--json").stdout)
    assert value == {"path": "mine.tar", "size_bytes": size_bytes}


def test_the_file_is_asked_for_and_json_needs_stdout_for_itself(run):
    assert run("pack", "mine").exit_code == 2
    assert run("pack", "mine", "-o", "-", "--json").exit_code == 2


def test_a_corpus_goes_through_a_pipe(run, tmp_path):
    """Two processes and a pipe between them, as with ssh."""
    command, environ = [sys.executable, "-m", "corpuskit"], {**os.environ, "COLUMNS": "80"}
    with subprocess.Popen(
        [*command, "pack", "mine", "-o", "-"], stdout=subprocess.PIPE, env=environ
    ) as packing:
        done = subprocess.run(
            [*command, "unpack", "-", "-o", "there"], stdin=packing.stdout, env=environ, capture_output=True
        )
        packing.stdout.close()
    assert (packing.returncode, done.returncode, done.stdout, done.stderr) == (0, 0, b"there\n", b"")
    assert corpuskit.verify("there") == []
    assert (tmp_path / "there/manifest.json").read_bytes() == (tmp_path / "mine/manifest.json").read_bytes()
