"""Files that change, are none, or are somewhere else."""

from __future__ import annotations

import errno
import os
import re
import socket

import fsspec
import pytest

from corpuskit.errors import SourceError, StorageError
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.files import hash_input
from corpuskit.sources.inputs.files import remote_state
from corpuskit.sources.inputs.stream import InputStream, base_name
from corpuskit.sources.readers.text import TextReader


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"x" * 100)
    return path


def append(path):
    with path.open("ab") as file:
        file.write(b"more")


def replace(path):
    other = path.with_name("other")
    other.write_bytes(b"y" * 100)
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [append, replace, os.unlink, lambda path: os.truncate(path, 50)])
@pytest.mark.fault("T17")
def test_a_file_that_changes_while_it_is_read_is_an_error(path, input_of, change):
    batches = TextReader({}).read(input_of(path), Slice(), lambda *bad: None)
    next(batches)
    change(path)
    with pytest.raises(SourceError, match="text.txt: changed while it was in use"):
        next(batches)


@pytest.mark.parametrize("change", [append, lambda path: os.utime(path, ns=(1, 1))])
def test_a_file_that_changed_since_it_was_listed_is_an_error(path, input_of, change):
    item = input_of(path)
    change(path)
    with pytest.raises(
        SourceError, match="it had 100 bytes and has 10. bytes now|it had 100 bytes and has 100"
    ):
        InputStream(item)
    with pytest.raises(SourceError, match="changed while it was in use"):
        hash_input(item)


def test_a_file_that_is_gone_is_an_error(path, input_of):
    item = input_of(path)
    path.unlink()
    with pytest.raises(SourceError, match="cannot be opened: No such file or directory; it was there when"):
        InputStream(item)


@pytest.mark.fault("T18")
def test_pipes_devices_and_sockets_are_refused_at_once(tmp_path, input_of):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.txt"))
        for path in (tmp_path / "pipe.txt", tmp_path / "socket.txt", tmp_path):
            with pytest.raises(SourceError, match="not a regular file|cannot be opened"):
                InputStream(input_of(path))
    with pytest.raises(SourceError, match="not a regular file"):
        InputStream(Input("null", 0, "", location="/dev/null"))


def test_the_hash_is_that_of_the_file(path, input_of):
    assert hash_input(input_of(path)) == Input.of_text("x", b"x" * 100).sha256


def test_a_remote_file_is_read_in_place_and_watched(read_all):
    system = fsspec.filesystem("memory")
    system.pipe_file("/opening/a.txt", b"one\ntwo\nthree\n")
    location = "memory://opening/a.txt"
    _, version = remote_state(system, "/opening/a.txt")
    item = Input(location, 14, "", location=location, version=version)
    reader = TextReader({"lines": True})
    slices = reader.slices(item, target_bytes=5)
    assert len(slices) == 2
    assert read_all(reader, item, *slices).texts == [b"one", b"two", b"three"]
    assert hash_input(item) == Input.of_text("", b"one\ntwo\nthree\n").sha256
    system.pipe_file("/opening/a.txt", b"one\nTWO\nthree\nfour\n")
    with pytest.raises(SourceError, match="memory://opening/a.txt: changed while it was in use"):
        read_all(reader, item)
    system.rm_file("/opening/a.txt")
    with pytest.raises(SourceError, match="memory://opening/a.txt: cannot be opened: there is no such file"):
        read_all(reader, item)


@pytest.mark.parametrize(
    ("name", "member", "expected"),
    [
        ("https://example.org/a/b.txt.gz?sig=x/y.zst#c", None, "b.txt.gz"),
        ("HTTPS://example.org/a/b.jsonl?sig=x.txt", None, "b.jsonl"),
        ("memory://b.txt", None, "b.txt"),
        ("simplecache::s3://bucket/a.jsonl", None, "a.jsonl"),
        ("zip://b.csv::https://example.org/a.zip?x", None, "b.csv"),
        ("s3://bucket/what?.txt", None, "what?.txt"),
        ("folder/c.jsonl", None, "c.jsonl"),
        ("https://example.org/a.zip", "inner/d.txt", "d.txt"),
    ],
)
def test_the_file_name_says_what_an_input_is(name, member, expected):
    assert base_name(Input(name, 0, "", member=member)) == expected


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.EACCES], ids=errno.errorcode.get
)
@pytest.mark.parametrize("call", ["open", "fstat", "read", "stat"])
@pytest.mark.fault("D13")
def test_an_input_that_the_machine_does_not_give_is_no_fault_of_the_text(
    path, input_of, read_all, monkeypatch, call, code
):
    item, real = input_of(path), getattr(os, call)

    def refuse(what, *arguments, **named):
        if isinstance(what, int) or str(what) == str(path):
            raise OSError(code, os.strerror(code), str(path))
        return real(what, *arguments, **named)

    message = f"text.txt: cannot be .*: {re.escape(os.strerror(code))}"
    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(StorageError, match=message) as caught:
            read_all(TextReader({}), item, Slice())
    assert caught.value.exit_code == 4


def test_closing_an_input_does_not_hide_what_is_wrong_with_it(path, input_of, read_all, monkeypatch):
    path.write_bytes(b"\xff")
    real = os.close

    def fail(fd):
        real(fd)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", fail)
        with pytest.raises(SourceError, match="invalid UTF-8"):
            read_all(TextReader({}), input_of(path), Slice())
