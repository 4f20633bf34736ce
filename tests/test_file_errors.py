"""What goes wrong with files, as errors that name the file and say why."""

from __future__ import annotations

import collections
import errno
import os
import shutil
from pathlib import Path

import pytest

from corpuskit.errors import StorageError
from corpuskit.file_errors import looking_at, named_by_user, reading_from, storage_errors


def fail(code, path=None):
    raise OSError(code, os.strerror(code), path)


def test_the_file_that_could_not_be_read_is_the_one_that_is_named():
    with (
        pytest.raises(StorageError, match=r"^cannot read folder/a.bin: Input/output error$"),
        reading_from(Path("folder")),
    ):
        fail(errno.EIO, "folder/a.bin")
    with (
        pytest.raises(StorageError, match="^cannot look at folder: Permission denied$"),
        looking_at(Path("folder")),
    ):
        fail(errno.EACCES, "folder/a.bin")


def test_a_full_disk_says_how_much_is_free(monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 10**6 - 1234, 1234))
    free = r"No space left on device \(1,234 bytes are free there\)"
    with pytest.raises(StorageError, match=free), storage_errors(Path("a"), "write"):
        fail(errno.ENOSPC)


def test_an_error_that_is_said_already_goes_on_as_it_is():
    error = StorageError("said")
    with pytest.raises(StorageError) as caught, storage_errors(Path("a"), "write"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("data/.gpt2.preparing/part-00000.json", "data/gpt2"),
        ("data/.a.bin.host.12.0123456789abcdef.tmp", "data/a.bin"),
        ("data/.hidden/a.txt", "data/.hidden/a.txt"),
        ("data/a.txt", "data/a.txt"),
    ],
)
def test_what_is_hidden_while_it_is_made_has_the_name_that_it_will_have(path, shown):
    assert named_by_user(Path(path)) == Path(shown)
