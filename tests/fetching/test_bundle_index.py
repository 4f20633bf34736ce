from __future__ import annotations

import dataclasses
import json

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.bundle_index import BundledFile, BundleIndex, parse_index

URL = "https://example.org/a.txt"
FILE = BundledFile("a.txt", "a" * 64, 3, URL, URL, False, ("source a",))


def test_what_is_written_is_read():
    index = BundleIndex([FILE, dataclasses.replace(FILE, url="https://example.org/b.txt", sha256="b" * 64)])
    assert parse_index(index.to_bytes(), where="x").files == index.files
    assert index.at(URL) == FILE
    assert index.at("https://user:secret@example.org/a.txt") == FILE
    assert index.at("https://example.org/c.txt") is None


def test_the_bytes_do_not_depend_on_the_order_in_which_files_came():
    other = dataclasses.replace(FILE, url="https://example.org/b.txt")
    assert BundleIndex([FILE, other]).to_bytes() == BundleIndex([other, FILE]).to_bytes()


def test_who_needs_a_file_adds_up_and_a_new_file_takes_an_old_one_s_url():
    index = BundleIndex([FILE])
    index.add(dataclasses.replace(FILE, needed_by=("encoding b",), published=True))
    assert index.files == [dataclasses.replace(FILE, needed_by=("encoding b", "source a"), published=True)]
    changed = dataclasses.replace(FILE, sha256="c" * 64)
    index.add(changed)
    assert index.files == [changed]


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "../../etc"},
        {"sha256": None},
        {"size_bytes": -1},
        {"size_bytes": True},
        {"url": 3},
        {"needed_by": [3]},
        {"needed_by": None},
        {"published": "yes"},
    ],
)
def test_an_index_with_a_wrong_field_is_one_line(change):
    value = json.loads(BundleIndex([FILE]).to_bytes())
    value["files"][0].update(change)
    with pytest.raises(FetchError, match="x: not the index of a bundle") as caught:
        parse_index(json.dumps(value).encode(), where="x")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 1}', b"[" * 10_000, b"\xff", b"null"])
def test_anything_else_is_one_line(data):
    with pytest.raises(FetchError, match="x: not the index of a bundle"):
        parse_index(data, where="x")
