"""Text that is in an object store: the same documents as in a folder or in an archive of it."""

from __future__ import annotations

import gzip
import logging
import zipfile

import pytest

import corpuskit
from corpuskit.errors import FetchError, SourceError
from corpuskit.sources.lookup import open_source

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")

#: A folder as people have them: data in several formats, and what is none.
MESSY = {
    "a/part-0.jsonl": b'{"text": "zero"}\n{"text": "one"}\n',
    "a/part-1.json.gz": gzip.compress(b'{"text": "two"}\n'),
    "a/.part-2.jsonl.crc": b"crc",
    "a.csv": b"text\nthree\n",
    "b[1]/four.txt": b"four",
    "b[1]/_committed_1": b"{}",
    "c.md": b"five",
    "LICENSE": b"may be copied",
    "README.md": b"# About",
    "_SUCCESS": b"",
    "__MACOSX/._c.md": b"\x00\x05",
    ".git/notes.txt": b"hidden",
    "dataset_infos.json": b"{}",
    "old.jsonl.1": b'{"text": "old"}\n',
}


@pytest.fixture
def messy(tmp_path):
    folder = tmp_path / "messy"
    for name, data in MESSY.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def put(url: str, objects: dict[str, bytes]) -> str:
    import fsspec

    system = fsspec.filesystem("s3")
    bucket = url.removeprefix("s3://").partition("/")[0]
    for name, data in objects.items():
        key = f"{url}/{name}".removeprefix(f"s3://{bucket}/")
        system.call_s3("put_object", Bucket=bucket, Key=key, Body=data)
    return url


def texts(corpus: corpuskit.Corpus) -> list[str]:
    split = corpus["train"]
    return [corpus.decode(split.document(number)[:-1]) for number in range(split.num_documents)]


def test_a_folder_an_archive_and_a_prefix_are_the_same_documents(messy, bucket, tmp_path):
    with zipfile.ZipFile(tmp_path / "messy.zip", "w") as archive:
        for name, data in reversed(MESSY.items()):
            archive.writestr(name, data)
    put(f"{bucket}/messy", MESSY)
    corpora = [
        corpuskit.prepare(str(place), encoding="bytes", output=tmp_path / f"out{number}")
        for number, place in enumerate([messy, tmp_path / "messy.zip", f"{bucket}/messy"])
    ]
    assert texts(corpora[0]) == ["three", "zero", "one", "two", "four", "five"]
    assert [texts(corpus) for corpus in corpora] == [texts(corpora[0])] * 3
    counts = [corpus.manifest.left_out_files for corpus in corpora]
    assert (
        counts
        == [{"bookkeeping": 3, "hidden": 2, "license": 1, "metadata": 1, "readme": 1, "unknown-format": 1}]
        * 3
    )


@pytest.mark.parametrize("pattern", ["a/*", "**/*.jsonl", "*", "b[1]/*.txt", "b[[]1]/*", "?.*"])
def test_a_glob_behind_a_url_is_that_of_a_folder(messy, bucket, pattern):
    put(f"{bucket}/messy", MESSY)
    found = []
    for place in (f"{messy}/{pattern}", f"{bucket}/messy/{pattern}"):
        try:
            found.append([item.location.partition("messy/")[2] for item in open_source(place).inputs()])
        except SourceError as error:
            found.append([str(error).rpartition(": ")[2]])
    assert found[0] == found[1]


def test_the_objects_that_stand_for_folders_are_no_inputs(bucket, caplog):
    objects = {"": b"", "a.txt": b"hello\n", "sub/": b"", "sub/b.txt": b"there\n", "empty/": b""}
    source = open_source(f"{put(f'{bucket}/data', objects)}/")
    with caplog.at_level(logging.WARNING):
        items = source.inputs()
    assert [item.name.rpartition("/data/")[2] for item in items] == ["a.txt", "sub/b.txt"]
    assert source.left_out.names == {"folder-marker": ["sub/"], "folder": ["empty/"]}
    assert "left out 1 folder (empty/), 1 folder marker (sub/)" in caplog.text


def test_one_object_of_text_is_one_text_and_a_prefix_is_not(bucket):
    put(bucket, {"one.txt": b"hello", "many/one.txt": b"hello", "many?/[x].txt": b"literal"})
    assert open_source(f"{bucket}/one.txt").default_split == "characters:0.1"
    assert open_source(f"{bucket}/many").default_split == ""
    assert open_source(f"{bucket}/many/*.txt").default_split == ""
    assert open_source(f"{bucket}/many?/[x].txt").default_split == "characters:0.1"
    (item,) = open_source(f"{bucket}/many?").inputs()
    assert item.name == f"{bucket}/many?/[x].txt"


def test_a_prefix_that_may_not_be_listed_is_an_error_that_names_it(bucket, s3):
    put(bucket, {"data/a.txt": b"hello"})
    s3.fault = lambda request: 403 if "list-type" in request.query else None
    with pytest.raises(FetchError, match=f"{bucket}/data/: cannot be listed: access is denied"):
        open_source(f"{bucket}/data/").inputs()


@pytest.mark.fault("C8")
def test_what_was_put_there_a_moment_ago_is_seen(bucket):
    put(f"{bucket}/data", {"a.txt": b"hello"})
    assert len(open_source(f"{bucket}/data").inputs()) == 1
    put(f"{bucket}/data", {"b.txt": b"hello"})
    assert len(open_source(f"{bucket}/data").inputs()) == 2
