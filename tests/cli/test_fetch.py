from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpuskit.cli import root


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    return lambda *arguments: CliRunner().invoke(root, ["fetch", *arguments])


def test_fetch_prints_the_bundle_s_folder_and_says_what_is_new(run):
    done = run("tinyshakespeare", "--encoding", "bytes", "--to", "stick")
    assert (done.exit_code, done.stdout) == (0, "stick\n")
    assert done.stderr.endswith("1 file (1,115,394 bytes), 1 of them new.\n")
    again = run("tinyshakespeare", "--encoding", "bytes", "--to", "stick")
    assert again.stderr.endswith("1 file (1,115,394 bytes), 0 of them new.\n")
    assert "no vocabulary is fetched (--encoding" in run("tinyshakespeare", "--to", "stick").stderr
    assert run("tinyshakespeare", "--to", "stick", "--quiet").stderr == ""


def test_json_says_what_is_in_it(run):
    value = json.loads(run("tinyshakespeare", "--to", "stick", "--json").stdout)
    assert (value["path"], value["size_bytes"], value["num_new"]) == ("stick", 1_115_394, 1)
    assert value["left_out"] == []
    (file,) = value["files"]
    assert (Path("stick") / file["path"]).stat().st_size == file["size_bytes"] == 1_115_394


def test_a_source_or_an_encoding_and_a_folder_are_asked_for(run):
    assert run("tinyshakespeare").exit_code == 2
    assert "nothing is asked for" in str(run("--to", "stick").exception)
