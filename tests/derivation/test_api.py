"""What all functions that derive corpora have in common."""

import inspect

from listed_corpora import doc, read, write

import corpuskit


def test_a_corpus_is_named_by_its_folder_or_given_open(tmp_path):
    docs = [doc("aa", "x"), doc("b", "y")]
    parent = write(tmp_path / "parent", docs)
    for number, corpus in enumerate((parent, parent.path, str(parent.path))):
        assert read(corpuskit.filter(corpus, tmp_path / str(number), min_tokens=2))[0] == docs[:1]


def test_progress_is_told_up_to_all_bytes(tmp_path):
    parent = write(tmp_path / "parent", [doc("aabb", "x"), doc("b" * 20, "y")])
    ways = {
        "filter": lambda **more: corpuskit.filter(parent, tmp_path / "a", min_tokens=5, **more),
        "reshard": lambda **more: corpuskit.reshard(parent, tmp_path / "b", shard_bytes=64, **more),
        "concat": lambda **more: corpuskit.concat([parent, parent], tmp_path / "c", **more),
        "split": lambda **more: corpuskit.split(parent, "valid=0.5", tmp_path / "d", **more),
    }
    for make in ways.values():
        told = []
        make(on_progress=told.append)
        assert told
        assert told[-1].done_bytes == told[-1].total_bytes
        assert {one.stage for one in told} == {"derive"}


def test_all_of_them_are_public():
    for name in ("filter", "concat", "reshard", "split"):
        parameters = inspect.signature(getattr(corpuskit, name)).parameters
        assert {"output", "overwrite", "on_progress"} <= parameters.keys()
