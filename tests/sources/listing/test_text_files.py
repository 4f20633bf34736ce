"""Which files of a place are text."""

from __future__ import annotations

import pytest

from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.listing.text_files import ZIP, format_of, text_files


def chosen(*names, **options):
    left_out = LeftOut()
    return [name for name, _ in text_files(names, left_out, **options)], left_out.names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text"),
        ("a.TXT.GZ", "text"),
        ("a.md", "text"),
        ("a.jsonl.zst", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.json", "json"),
        ("a.json.gz", "json"),
        ("a.parquet", "parquet"),
        ("a.csv.bz2", "csv"),
        ("a.tsv.xz", "tsv"),
        ("README", "text"),
        ("README.gz", "text"),
        ("a.jsonl.1", None),
        ("a.tar.gz", None),
        ("a.pdf", None),
        ("a.ZIP", ZIP),
    ],
)
def test_the_extension_says_the_format(name, expected):
    assert format_of(name) == expected


def test_a_format_that_the_user_chose_is_for_what_is_in_an_archive():
    assert format_of("a.jsonl", "text") == format_of("a.pdf", "text") == "text"
    assert format_of("a.zip", "text") == ZIP


def test_what_a_glob_names_the_beginning_of_is_read():
    names = ("README.md", "LICENSE", "guide.md", "state.json")
    assert chosen(*names)[0] == ["guide.md"]
    assert chosen(*names, asked=["readme"])[0] == ["README.md", "guide.md"]
    assert chosen(*names, asked=["licen"])[0] == ["LICENSE", "guide.md"]


def test_a_format_that_the_user_names_reads_what_has_no_known_name():
    assert chosen("part.1", "b.bin", ".x", format="jsonl") == (["b.bin", "part.1"], {"hidden": [".x"]})


def test_beginnings_that_the_user_asked_for_are_text():
    assert chosen(".x.txt", "_y.txt", asked=".") == ([".x.txt"], {"bookkeeping": ["_y.txt"]})


def test_each_name_is_read_once_in_order():
    assert chosen("b.txt", "a/z.txt", "a.txt", "b.txt")[0] == ["a.txt", "a/z.txt", "b.txt"]
