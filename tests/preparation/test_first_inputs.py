from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

import corpuskit
from corpuskit.errors import FetchError
from corpuskit.preparation import first_inputs as first_inputs_room
from corpuskit.preparation import resolved_config
from corpuskit.preparation.first_inputs import count_through
from corpuskit.registry.specs import RemoteFile, SourceSpec
from corpuskit.sources.base import SourceOptions
from corpuskit.sources.files import DeclaredFiles

NUM_FILES = 8


class Many:
    """A declared corpus of files in a file system in memory.

    Attributes:
        fetched: The numbers of the files that were read there.
    """

    def __init__(self, memory):
        self.fetched: list[int] = []
        self.files = []
        for number in range(NUM_FILES):
            lines = "".join(
                json.dumps({"text": f"document {number} {n} " * 20}) + "\nnot json\n" for n in range(30)
            )
            data = gzip.compress(lines.encode(), mtime=0)
            memory.pipe(f"/many/{number}.jsonl.gz", data)
            digest = hashlib.sha256(data).hexdigest()
            self.files.append(RemoteFile(f"memory://many/{number}.jsonl.gz", digest, len(data)))

    def source(self, dataset, options):
        spec = SourceSpec(dataset, "Many files", files=tuple(self.files), format="jsonl", split="valid=0.3")
        return DeclaredFiles(spec=spec, options=options)


@pytest.fixture
def many(tmp_path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    made = Many(memory)
    real = type(memory)._open

    def open_file(self, path, *arguments, **named):
        made.fetched.append(int(Path(path).name.partition(".")[0]))
        return real(self, path, *arguments, **named)

    monkeypatch.setattr(type(memory), "_open", open_file)
    monkeypatch.setattr(resolved_config, "open_source", made.source)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return made


def prepare(output, **options):
    more = {"encoding": "bytes", "on_bad_document": "skip", "workers": 1, "progress": False}
    return corpuskit.prepare("many", output=output, **{**more, **options})


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != "run.json"}


@pytest.mark.parametrize("part_bytes", [None, 200, 700])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.45])
def test_the_corpus_is_the_one_that_all_files_make_and_most_are_not_fetched(
    many, monkeypatch, tmp_path, part_bytes, share
):
    total = sum(len(split) for split in prepare("all", part_bytes=part_bytes).values())
    options = {"max_tokens": int(share * total), "part_bytes": part_bytes}
    prepare("of-all", **options)  # all files are at hand
    assert sorted(many.fetched) == [*range(NUM_FILES)]
    many.fetched.clear()
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "empty"))
    corpus = prepare("of-some", **options)
    assert contents("of-some") == contents("of-all")
    assert len(corpus.manifest.inputs) == NUM_FILES
    if part_bytes is not None:
        assert many.fetched == [*range(len(many.fetched))]
        assert share > 0.3 or len(many.fetched) < NUM_FILES
    many.fetched.clear()
    prepare("of-some", **options)  # which is there
    assert many.fetched == []


def test_all_files_are_fetched_where_there_are_fewer_tokens(many):
    corpus = prepare("made", max_tokens=10**9, part_bytes=200)
    assert sorted(many.fetched) == [*range(NUM_FILES)]
    assert corpus.manifest.splits["train"].num_documents > 100


@pytest.mark.parametrize(
    "options", [{"encoding": "chars"}, {"max_tokens": None}, {"encoding": "chars", "max_tokens": 10}]
)
def test_what_needs_all_of_the_text_fetches_all(many, options):
    prepare("made", **{"max_tokens": 10, "part_bytes": 200, **options})
    assert sorted(many.fetched) == [*range(NUM_FILES)]


def test_a_source_says_what_is_behind_the_first_files_only_if_that_is_published(many):
    source = many.source("many", SourceOptions())
    inputs, count = source.first_inputs(2)
    assert (count, sorted(many.fetched)) == (2, [0, 1])
    assert [bool(item.location) for item in inputs] == [True] * 2 + [False] * 6
    every = source.inputs()
    assert [(i.name, i.size_bytes, i.sha256, i.split, i.format) for i in inputs] == [
        (i.name, i.size_bytes, i.sha256, i.split, i.format) for i in every
    ]
    assert source.first_inputs(1)[1] == NUM_FILES  # all are at hand now
    many.files[5] = RemoteFile(many.files[5].url, many.files[5].sha256)
    assert many.source("many", SourceOptions()).first_inputs(1) is None


def test_a_source_that_fails_to_give_more_at_once_gives_one_more(many, monkeypatch):
    """A web mirror may have no more than what is needed, which nobody can see from here."""
    real = DeclaredFiles.first_inputs
    asked = []

    def first_inputs(self, count):
        asked.append(count)
        if count > 4:
            raise FetchError("not in the mirror")
        return real(self, count)

    monkeypatch.setattr(DeclaredFiles, "first_inputs", first_inputs)
    monkeypatch.setattr(first_inputs_room, "_MARGIN", 100)
    prepare("made", max_tokens=1000, part_bytes=200)
    assert asked[0] == 1
    assert max(asked) == NUM_FILES
    assert max(many.fetched) < 4


def test_so_many_inputs_have_so_many_bytes():
    assert [count_through([10, 10, 10], size_bytes) for size_bytes in (0, 10, 11, 20, 30, 31)] == [
        *(1, 1, 2, 2, 3, 3),
    ]
