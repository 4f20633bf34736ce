"""Lists of paths: their lines in order, and what is no list."""

from __future__ import annotations

import pytest

from corpuskit.errors import SourceError
from corpuskit.sources.listing.path_lists import path_list


@pytest.fixture
def listed(tmp_path):
    """Write a list and read it: `listed(data)`."""

    def write(data):
        (tmp_path / "list").write_bytes(data)
        return path_list(str(tmp_path / "list"))

    return write


def test_a_list_keeps_its_order_without_comments_and_empty_lines(listed):
    assert listed(b"# mine\nb.txt\r\n\n  \na.txt\ns*/*.jsonl\n") == ["b.txt", "a.txt", "s*/*.jsonl"]


def test_a_list_holds_no_other_list(listed):
    with pytest.raises(SourceError, match=r"^@.*list: a list cannot hold another list \(@list\.txt\)$"):
        listed(b"a.txt\n@list.txt\n")


def test_a_list_that_is_not_there_is_an_error():
    with pytest.raises(SourceError, match="^@none: the list of paths 'none' cannot be read: No such file or"):
        path_list("none")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_may_have_a_byte_order_mark_and_any_line_ends(listed, end):
    assert listed(end.join(["\ufeffb.txt", "", "a.txt"]).encode()) == ["b.txt", "a.txt"]


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_list_is_never_a_device(device):
    with pytest.raises(SourceError, match=f"list of paths '{device}' cannot be read: it is a device"):
        path_list(device)


def test_a_list_is_read_up_to_a_bound(listed, monkeypatch):
    monkeypatch.setattr("corpuskit.sources.listing.path_lists._MAX_BYTES", 10)
    with pytest.raises(SourceError, match="cannot be read: larger than 10 bytes"):
        listed(b"a" * 11)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_in_utf_16_is_said_to_be(listed, encoding):
    with pytest.raises(SourceError, match="list of paths '.*list' must be UTF-8, and this is UTF-16"):
        listed("a.txt\n".encode(encoding))
