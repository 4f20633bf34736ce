"""A corpus's folder and those who change it meanwhile."""

import errno
import os
import pickle
import shutil
import subprocess
import sys

import pytest

import corpuskit
from corpuskit import storage
from corpuskit.corpus import folder
from corpuskit.errors import CorpusFormatError, StorageError
from corpuskit.temporary_names import temporary_name

_open = os.open


@pytest.fixture
def other(tmp_path):
    """Another corpus, of other shards."""
    (tmp_path / "other.txt").write_bytes(b"something else\n" * 9)
    return corpuskit.prepare(
        str(tmp_path / "other.txt"), output=tmp_path / "other", encoding="bytes", split="none", shard_bytes=70
    )


def replace(corpus_path, by):
    staged = temporary_name(corpus_path)
    shutil.copytree(by.path, staged)
    storage.commit_directory(staged, corpus_path, replace=True)


def at_call(number, action):
    """An `os.open` that first does something at one of its calls in an open folder."""
    calls = 0

    def opened(path, flags, *args, dir_fd=None, **kwargs):
        nonlocal calls
        if dir_fd is not None:
            calls += 1
            if calls == number:
                action()
        return _open(path, flags, *args, dir_fd=dir_fd, **kwargs)

    return opened


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.fault("C4")
def test_a_corpus_replaced_at_any_moment_is_the_old_one_or_the_new_one(
    corpus_path, other, number, monkeypatch
):
    old = corpuskit.open(corpus_path)
    tokens = {each.fingerprint: each["train"][:].tolist() for each in (old, other)}
    monkeypatch.setattr(os, "open", at_call(number, lambda: replace(corpus_path, other)))
    found = corpuskit.open(corpus_path)
    assert found["train"][:].tolist() == tokens[found.fingerprint]


def test_verify_and_splits_in_workers_look_again_too(corpus_path, other, monkeypatch):
    monkeypatch.setattr(os, "open", at_call(2, lambda: replace(corpus_path, other)))
    assert corpuskit.verify(corpus_path) == []
    split = pickle.dumps(corpuskit.open(corpus_path)["train"])
    monkeypatch.setattr(os, "open", at_call(2, lambda: replace(corpus_path, other)))
    assert pickle.loads(split)[:].tolist() == other["train"][:].tolist()


WRITER = """
import os, shutil, sys
from pathlib import Path
from corpuskit import storage
from corpuskit.temporary_names import temporary_name
final, *sources = map(Path, sys.argv[1:])
for number in range(10**9):
    staged = temporary_name(final)
    shutil.copytree(sources[number % 2], staged, copy_function=os.link)
    storage.commit_directory(staged, final, replace=True)
    if not number:
        print("ready", flush=True)
"""


@pytest.mark.fault("C4")
def test_no_open_fails_while_a_process_replaces_the_corpus_over_and_over(corpus_path, other, tmp_path):
    expected = {other.fingerprint, corpuskit.open(corpus_path).fingerprint}
    shutil.copytree(corpus_path, tmp_path / "one")
    command = [sys.executable, "-c", WRITER, corpus_path, tmp_path / "one", other.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "ready\n"
        try:
            found = {corpuskit.open(corpus_path).fingerprint for _ in range(1500)}
        finally:
            writer.kill()
    assert found == expected


def test_a_corpus_that_is_set_aside_for_a_moment_is_waited_for(corpus_path, monkeypatch):
    aside = temporary_name(corpus_path)
    corpus_path.rename(aside)
    monkeypatch.setattr(folder.time, "sleep", lambda seconds: aside.rename(corpus_path))
    assert len(corpuskit.open(corpus_path)["train"])


def test_a_corpus_that_is_gone_is_an_error_at_once(corpus_path, monkeypatch):
    monkeypatch.setattr(os, "open", at_call(2, lambda: shutil.rmtree(corpus_path)))
    with pytest.raises(
        CorpusFormatError, match="not a corpus: No such file or directory; 'corpuskit prepare'"
    ):
        corpuskit.open(corpus_path)


@pytest.mark.parametrize("name", ["manifest.json", "train-00000.bin", "train-00001.idx"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "device"])
@pytest.mark.fault("M2")
def test_a_file_that_is_none_is_refused_without_waiting(corpus_path, name, kind):
    path = corpus_path / name
    path.rename(corpus_path / "kept")
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(corpus_path / "kept"),
        "device": lambda: path.symlink_to("/dev/zero"),
    }[kind]()
    for read in (corpuskit.open, corpuskit.verify):
        with pytest.raises(CorpusFormatError, match=f"{name}: it is a .*, not a file; make the corpus again"):
            read(corpus_path)


@pytest.mark.parametrize("name", ["manifest.json", "train-00000.bin", "train-00001.idx"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE])
@pytest.mark.fault("D13")
def test_a_file_that_the_machine_does_not_give_is_an_error_that_says_why(
    corpus_path, name, code, monkeypatch
):
    def opened(path, *args, **kwargs):
        if path == name:
            raise OSError(code, os.strerror(code))
        return _open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(StorageError) as caught:
        corpuskit.open(corpus_path)
    assert str(caught.value) == f"{corpus_path / name}: cannot be read: {os.strerror(code)}"
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_opened_is_not_said_to_be_no_corpus(corpus_path, code, monkeypatch):
    def opened(path, *args, **kwargs):
        if path == corpus_path:
            raise OSError(code, os.strerror(code))
        return _open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(StorageError, match=f"corpus: cannot be read: {os.strerror(code)}"):
        corpuskit.open(corpus_path)
