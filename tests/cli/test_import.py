from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    for name, ids in (("train", [1, 256, 2, 256]), ("val", [3, 256])):
        (tmp_path / "old" / f"{name}.bin").write_bytes(np.array(ids, "<u2").tobytes())
    fixed = ["import", "old", "--format", "nanogpt", "--name", "mine", "--encoding", "bytes"]
    return lambda *arguments: CliRunner().invoke(root, [*fixed, *arguments])


def test_import_prints_where_the_corpus_is(run):
    done = run()
    assert done.exit_code == 0
    assert done.stdout == "data/mine/bytes\n"
    assert done.stderr.endswith("Imported 4 train, 2 valid tokens in 3 documents (bytes).\n")
    assert corpuskit.open("data/mine/bytes")["train"][:].tolist() == [1, 256, 2, 256]


def test_json_says_what_was_imported(run):
    value = json.loads(run("--json", "-o", "there").stdout)
    assert value == {
        "path": "there",
        "format": "nanogpt",
        "fingerprint": corpuskit.open("there").fingerprint,
        "splits": {"train": 4, "valid": 2},
        "documents": {"train": 2, "valid": 1},
    }


def test_quiet_says_where_alone(run):
    done = run("--quiet", "--documents", "none")
    assert (done.stdout, done.stderr) == ("data/mine/bytes\n", "")
    assert corpuskit.open("data/mine/bytes")["train"].num_documents == 1


@pytest.mark.parametrize("missing", ["--format", "--name", "--encoding"])
def test_what_no_file_says_is_asked_for(missing):
    given = {"--format": "nanogpt", "--name": "mine", "--encoding": "bytes"}
    del given[missing]
    done = CliRunner().invoke(root, ["import", "old", *(word for pair in given.items() for word in pair)])
    assert done.exit_code == 2
    assert missing in done.stderr
