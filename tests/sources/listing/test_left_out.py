"""What a listing leaves out, by kind."""

from __future__ import annotations

import pytest

from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.listing.text_files import text_files


def chosen(*names, **options):
    left_out = LeftOut()
    return [name for name, _ in text_files(names, left_out, **options)], left_out.names


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (".a.txt", "hidden"),
        ("._a.txt", "hidden"),
        ("b/.part-0.jsonl", "hidden"),
        ("_SUCCESS", "bookkeeping"),
        ("b/_committed_123", "bookkeeping"),
        ("_metadata", "bookkeeping"),
        ("b/_common_metadata", "bookkeeping"),
        ("Thumbs.db", "bookkeeping"),
        ("part_$folder$", "bookkeeping"),
        ("~$report.txt", "bookkeeping"),
        ("Icon\r", "bookkeeping"),
        ("SHA256SUMS", "bookkeeping"),
        ("b/checksums.txt", "bookkeeping"),
        ("version-hint.text", "bookkeeping"),
        ("b/v1.metadata.json", "metadata"),
        ("README", "readme"),
        ("b/ReadMe.md", "readme"),
        ("README_zh.md", "readme"),
        ("readme.en.md", "readme"),
        ("EULA.txt", "license"),
        ("dataset_infos.json", "metadata"),
        ("b/state.json", "metadata"),
        ("LICENSE", "license"),
        ("License.txt", "license"),
        ("LICENSE-APACHE", "license"),
        ("LICENSE-MIT.md", "license"),
        ("b/COPYING.LESSER", "license"),
        ("UNLICENSE", "license"),
        ("NOTICE", "license"),
        ("a.bin", "unknown-format"),
        ("b/c.py", "unknown-format"),
        ("b.jsonl.tmp", "unknown-format"),
        ("folder/", "folder"),
    ],
)
def test_what_is_left_out_has_a_kind(name, kind):
    assert chosen("a.txt", name) == (["a.txt"], {kind: [name]})


@pytest.mark.parametrize(
    "name",
    ["a_b.txt", "a/b.c/d.txt", "license.jsonl", "noticeable.txt", "copying mistakes.txt", "part-00000"],
)
def test_what_only_looks_like_it_is_read(name):
    assert chosen(name) == ([name], {})


@pytest.mark.parametrize(
    "inside", ["x/.git/a.txt", "x/_temporary/0/a.txt", "__MACOSX/x/._a.txt", "$RECYCLE.BIN/a.txt"]
)
def test_what_is_in_a_folder_that_is_left_out_counts_once(inside):
    files, left_out = chosen("b.txt", inside, f"{inside}.more.txt")
    assert files == ["b.txt"]
    assert [len(names) for names in left_out.values()] == [1]
    (((name,)),) = left_out.values()
    assert name.endswith("/")
    assert inside.startswith(name)


def test_the_object_that_stands_for_a_folder_is_told_from_a_folder():
    assert chosen("data/", "data/a.txt", "empty/") == (
        ["data/a.txt"],
        {"folder-marker": ["data/"], "folder": ["empty/"]},
    )
