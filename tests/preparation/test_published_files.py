"""What leaves this machine: files as the manifest says, and a record that tells nothing of the machine."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError
from corpuskit.preparation.published_files import checked_files, run_record


@pytest.fixture
def corpus(records, tmp_path):
    return corpuskit.prepare(records, encoding="bytes", split="none", output=tmp_path / "out", workers=1)


def test_a_record_leaves_without_the_folder_of_the_inputs_and_the_local_one_keeps_it(corpus, tmp_path):
    local = json.loads((corpus.path / "run.json").read_bytes())
    assert local.pop("inputs_folder") == f"{tmp_path}/"
    assert json.loads(run_record(corpus.path) or b"") == local
    assert json.loads((corpus.path / "run.json").read_bytes())["inputs_folder"] == f"{tmp_path}/"


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}'])
def test_a_record_that_cannot_be_read_is_left_out(corpus, caplog, data):
    (corpus.path / "run.json").write_bytes(data)
    assert run_record(corpus.path) is None
    assert "is left out" in caplog.text
    (corpus.path / "run.json").unlink()
    caplog.clear()
    assert run_record(corpus.path) is None
    assert caplog.text == ""


def test_a_file_that_is_not_what_the_manifest_says_does_not_leave(corpus):
    heard = []
    assert [file.name for file in checked_files(corpus.path, corpus.manifest, heard.append)] == [
        "train-00000.bin",
        "train-00000.idx",
    ]
    assert (heard[-1].stage, heard[-1].done_bytes) == ("verify", heard[-1].total_bytes)
    shard = corpus.path / "train-00000.bin"
    shard.write_bytes(b"x" * shard.stat().st_size)
    with pytest.raises(CorpusFormatError, match=r"train-00000.bin: sha256 .* the manifest says"):
        checked_files(corpus.path, corpus.manifest)
