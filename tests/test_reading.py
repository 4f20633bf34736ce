import os
import socket

import pytest

from corpuskit import reading


@pytest.fixture
def place(tmp_path):
    """Gives a place with something else than a file at it."""

    def make(kind):
        path = tmp_path / "x"
        if kind == "a named pipe":
            os.mkfifo(path)
        elif kind == "a folder":
            path.mkdir()
        elif kind == "a link":
            (tmp_path / "y").write_bytes(b"secret")
            path.symlink_to("y")
        else:
            server = socket.socket(socket.AF_UNIX)
            server.bind(str(path))
            server.close()
        return path

    return make


@pytest.mark.parametrize("kind", ["a named pipe", "a folder", "a link", "a socket"])
@pytest.mark.fault("M2")
def test_what_is_no_file_is_refused_without_waiting(place, kind):
    with pytest.raises(reading.NotAFile) as caught:
        reading.read_file(place(kind), max_bytes=9)
    assert caught.value.strerror == f"it is {kind}, not a file"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(path):
    with pytest.raises(reading.NotAFile, match="it is a device"):
        reading.read_file(path, max_bytes=9, follow=True)


def test_a_link_is_followed_where_that_is_said(place):
    assert reading.read_file(place("a link"), max_bytes=6, follow=True) == b"secret"


def test_no_more_is_read_than_is_said(tmp_path):
    (tmp_path / "x").write_bytes(b"123456789")
    assert reading.read_file(tmp_path / "x", max_bytes=9) == b"123456789"
    with pytest.raises(reading.TooLarge, match="larger than 8 bytes"):
        reading.read_file(tmp_path / "x", max_bytes=8)
