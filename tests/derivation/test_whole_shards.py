"""Shards that are taken as they are, by second names or by copies."""

import pytest
from listed_corpora import doc, read, write

import corpuskit
from corpuskit import storage
from corpuskit.errors import CorpusFormatError

DOCS = [doc("abcdef" * (number % 3), f"d{number}") for number in range(9)]


def bytes_of(corpus):
    return {path.name: path.read_bytes() for path in corpus.path.iterdir()}


def test_files_that_are_the_same_are_the_same_files(tmp_path):
    one, two = (write(tmp_path / name, DOCS) for name in ("one", "two"))
    made = corpuskit.concat([one, two], tmp_path / "made")
    first, count = one.path / "train-00000.bin", len(one.manifest.splits["train"].shards)
    assert (made.path / "train-00000.bin").samefile(first)
    assert (made.path / "train-00000.idx").samefile(first.with_suffix(".idx"))
    assert (made.path / f"train-{count:05d}.loss.bin").samefile(two.path / "train-00000.loss.bin")


@pytest.mark.parametrize("inputs", ["a", "b"])
def test_where_there_are_no_second_names_the_bytes_are_the_same(tmp_path, monkeypatch, inputs):
    import dataclasses

    one = write(tmp_path / "one", DOCS)
    two = write(tmp_path / "two", [dataclasses.replace(each, input=inputs) for each in DOCS])
    linked = corpuskit.concat([two, one, two], tmp_path / "linked")
    monkeypatch.setattr(storage, "try_link", lambda source, target: False)
    copied = corpuskit.concat([two, one, two], tmp_path / "copied")
    assert bytes_of(linked) == bytes_of(copied)
    assert not (copied.path / "train-00000.bin").samefile(two.path / "train-00000.bin")
    assert read(linked) == read(copied)
    assert corpuskit.verify(linked.path) == []


def test_a_file_that_was_replaced_after_the_corpus_was_opened_is_found_out(tmp_path):
    one = write(tmp_path / "one", DOCS)
    other = write(tmp_path / "other", [doc("zyxwvu" * (number % 3), f"d{number}") for number in range(9)])
    path = one.path / "train-00000.bin"
    path.unlink()
    path.write_bytes((other.path / path.name).read_bytes())
    with pytest.raises(CorpusFormatError, match="train-00000.bin: sha256"):
        corpuskit.concat([one], tmp_path / "made")
    assert not (tmp_path / "made").exists()
