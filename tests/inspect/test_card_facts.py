from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.errors import CorpusFormatError
from corpuskit.inspect.card_facts import corpus_facts


def make(tmp_path, **options):
    """A corpus of three files with lines of one, two and three digits, in small shards."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(("a", "b", "c"), 1):
        (folder / f"{name}.txt").write_text(
            "".join(f"{line % 10}" * number + "\n" for line in range(100 * number))
        )
    given = {"encoding": "bytes", "lines": True, "split": "valid=0.2", "part_bytes": 200, "shard_bytes": 300}
    return corpuskit.prepare(str(folder), output=tmp_path / "out", **{**given, **options})


def test_documents_and_tokens_of_each_input_are_counted(tmp_path):
    corpus = make(tmp_path)
    documents, tokens = [0, 0, 0], [0, 0, 0]
    for split in corpus.values():
        for number in range(split.num_documents):
            which = "abc".index(split.document_piece(number).input[0])
            documents[which] += 1
            tokens[which] += len(split.document(number))
    found = corpus_facts(corpus)
    assert len(corpus.manifest.splits["train"].shards) > 2
    assert [one.num_documents for one in found.inputs] == documents == [100, 200, 300]
    assert [one.num_tokens for one in found.inputs] == tokens
    assert sum(tokens) == sum(map(len, corpus.values())) == found.num_tokens
    assert [split.num_shards for split in found.splits] == [
        len(split.shards) for split in corpus.manifest.splits.values()
    ]


def test_what_follows_the_last_document_of_a_split_is_of_no_input(tmp_path):
    corpus = make(tmp_path, eot=False, split="none", max_tokens=701)
    found = corpus_facts(corpus)
    assert sum(one.num_tokens for one in found.inputs) == corpus["train"].document_ends()[-1]


def test_the_licence_is_what_the_run_noted(tmp_path):
    assert corpus_facts(
        corpuskit.prepare("python-docs", encoding="bytes", output=tmp_path / "x")
    ).license.said == ("PSF-2.0")
    run = tmp_path / "x" / "run.json"
    for value in (None, 7, ["MIT"]):
        run.write_text(json.dumps({"license": value, "plugins": 3}))
        found = corpus_facts(corpuskit.open(tmp_path / "x"))
        assert (found.license, found.made_by) == (None, ())
    run.unlink()
    assert corpus_facts(corpuskit.open(tmp_path / "x")).license is None


def test_a_damaged_index_is_an_error_that_names_it(tmp_path):
    corpus = make(tmp_path)
    path = corpus.path / corpus.manifest.splits["valid"].shards[0].index_file
    rows = np.fromfile(path, "<u8")
    rows[1] ^= 1
    rows.tofile(path)
    with pytest.raises(CorpusFormatError, match=r"valid-00000\.idx: sha256 .*--overwrite$"):
        corpus_facts(corpuskit.open(corpus.path))


@pytest.mark.parametrize("which", [3, 2**63, 2**64 - 1])
def test_an_index_that_names_no_input_is_an_error(tmp_path, which):
    corpus = make(tmp_path)
    value = corpus.manifest.to_json()
    shard = value["splits"]["valid"]["shards"][0]
    path = corpus.path / f"{shard['file'].removesuffix('.bin')}.idx"
    rows = np.fromfile(path, "<u8")
    rows[1] = which
    rows.tofile(path)
    shard["index_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (corpus.path / "manifest.json").write_bytes(sealed.to_bytes(value))
    with pytest.raises(CorpusFormatError, match=f"valid: an index names input {which} of 3; "):
        corpus_facts(corpuskit.open(corpus.path))


def test_all_of_it_is_json(tmp_path):
    value = json.loads(json.dumps(corpus_facts(make(tmp_path)).to_json()))
    assert value["license"] is None
    assert [one["name"] for one in value["inputs"]] == ["a.txt", "b.txt", "c.txt"]
    assert value["splits"][0]["name"] == "train"
