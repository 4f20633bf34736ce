"""Corpora that a declarative spec describes, and the choice of a source."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile

import pytest

from corpuskit.errors import ConfigError, HashMismatch
from corpuskit.registry.specs import RemoteFile, SourceSpec
from corpuskit.sources.base import Slice, SourceOptions
from corpuskit.sources.files import DeclaredFiles
from corpuskit.sources.lookup import open_source
from corpuskit.sources.user_files import UserFiles


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def spec(tmp_path):
    """Two files behind URLs that reach nothing, which a folder holds under their names."""
    folder = tmp_path / "files"
    folder.mkdir()
    files = []
    for split, data in (("train", b"one\ntwo\n"), ("valid", b"three\n")):
        (folder / f"{split}.txt").write_bytes(data)
        url = f"https://user:secret@example.invalid/v1/{split}.txt?download=1"
        files.append(RemoteFile(url, sha256=sha256(data), split=split))
    return SourceSpec("two", "Two files", files=tuple(files), reader_options={"lines": True}, split="")


def test_files_are_taken_from_a_folder_and_recorded_by_their_urls(spec, tmp_path):
    source = DeclaredFiles(spec=spec, options=SourceOptions(location=str(tmp_path / "files")))
    inputs = source.inputs()
    assert [(i.name, i.split, i.size_bytes, i.sha256) for i in inputs] == [
        ("https://example.invalid/v1/train.txt?download=1", "train", 8, spec.files[0].sha256),
        ("https://example.invalid/v1/valid.txt?download=1", "valid", 6, spec.files[1].sha256),
    ]
    (batch,) = source.read(inputs[0], Slice(), print)
    assert batch.texts == [b"one", b"two"]


def test_bytes_from_elsewhere_are_checked(spec, tmp_path):
    (tmp_path / "files" / "valid.txt").write_bytes(b"THREE\n")
    with pytest.raises(HashMismatch):
        DeclaredFiles(spec=spec, options=SourceOptions(location=str(tmp_path / "files"))).inputs()
    with pytest.raises(
        ConfigError, match=r"--from .*train.txt: two has 2 files; give the folder that holds them"
    ):
        DeclaredFiles(spec=spec, options=SourceOptions(location=str(tmp_path / "files/train.txt"))).inputs()


def test_a_corpus_of_one_file_is_taken_from_that_file_or_its_folder(spec, tmp_path):
    spec = dataclasses.replace(spec, files=spec.files[:1])
    for start in ("", "file://"):
        for location in ("files/train.txt", "files"):
            source = DeclaredFiles(spec=spec, options=SourceOptions(location=f"{start}{tmp_path}/{location}"))
            assert [item.size_bytes for item in source.inputs()] == [8]


def test_members_of_one_archive_are_inputs(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/train.txt", "train text")
        archive.writestr("x/valid.txt", "valid text")
    digest = sha256((tmp_path / "a.zip").read_bytes())
    files = tuple(
        RemoteFile("https://example.invalid/a.zip", digest, split=split, member=f"x/{split}.txt")
        for split in ("train", "valid")
    )
    spec = SourceSpec("zipped", "An archive", files=files, split="")
    source = DeclaredFiles(spec=spec, options=SourceOptions(location=str(tmp_path / "a.zip")))
    texts = {i.split: next(source.read(i, Slice(), print)).texts for i in source.inputs()}
    assert texts == {"train": [b"train text"], "valid": [b"valid text"]}


def test_the_users_options_go_over_the_specs(spec, tmp_path):
    options = SourceOptions(location=str(tmp_path / "files"), reader={"lines": False, "separator": None})
    source = DeclaredFiles(spec=spec, options=options)
    (batch,) = source.read(source.inputs()[0], Slice(), print)
    assert batch.texts == [b"one\ntwo\n"]
    with pytest.raises(ConfigError, match="the text reader has no option 'text_field'"):
        DeclaredFiles(spec=spec, options=SourceOptions(reader={"text_field": "x"})).inputs()


def test_tinyshakespeare_is_one_document_of_known_characters(shakespeare, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")  # it comes inside corpuskit
    source = open_source("tinyshakespeare")
    (item,) = source.inputs()
    assert item.size_bytes == 1_115_394
    text = source.plain_text(item)
    assert text.is_one_document
    assert text.count_characters() == 1_115_394
    assert text.character_offset(1_003_854) == 1_003_854
    (batch,) = source.read(item, Slice(), print)
    assert batch.texts == [shakespeare.read_bytes()]
    assert text.window(0, 14) == b"First Citizen:"
    assert source.digest(item) == item.sha256


def test_records_are_no_plain_text(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    source = UserFiles([str(tmp_path / "a.jsonl")])
    (item,) = source.inputs()
    assert source.plain_text(item) is None


def test_files_that_nothing_vouches_for_are_recorded_by_their_own_names(spec, tmp_path, caplog):
    files = tuple(dataclasses.replace(file, sha256=None) for file in spec.files)
    spec = dataclasses.replace(spec, files=files)
    source = DeclaredFiles(spec=spec, options=SourceOptions(location=str(tmp_path / "files")))
    inputs = source.inputs()
    assert [(item.name, item.unverified) for item in inputs] == [("train.txt", True), ("valid.txt", True)]
    message = (
        "two: nothing says what train.txt and 1 more must be, so they are taken as given by --from; the "
        "manifest says 'unverified'"
    )
    assert caplog.messages == [message]
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "files").rename(elsewhere)
    moved = DeclaredFiles(spec=spec, options=SourceOptions(location=str(elsewhere)))
    recorded = [("https://example.invalid/v1/train.txt", 8, inputs[0].sha256, "train"), fields(inputs[1])]
    assert moved.unchanged(recorded)  # the same bytes, wherever they were taken from
    (elsewhere / "train.txt").write_bytes(b"two\none\n")
    assert not moved.unchanged(recorded)


def fields(item):
    return item.name, item.size_bytes, item.sha256, item.split
