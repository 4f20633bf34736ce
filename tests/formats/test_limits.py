"""What several formats cannot hold."""

from __future__ import annotations

import pytest

from corpuskit.errors import ConfigError
from corpuskit.formats.limits import check_file_bytes, check_int32, checked_block_size
from corpuskit.formats.options import ExportOptions


def test_a_file_may_be_just_as_large_as_offsets_count():
    check_file_bytes(100, 100, "mds")
    message = r"^--format mds: a file would have 101 bytes, and its readers count to 100; choose a smaller"
    with pytest.raises(ConfigError, match=message):
        check_file_bytes(101, 100, "mds")


def test_a_vocabulary_beyond_int32_is_refused(make_corpus, monkeypatch):
    corpus = make_corpus()
    check_int32(corpus, "MDS")
    monkeypatch.setattr("corpuskit.formats.limits._INT32_IDS", 256)
    with pytest.raises(
        ConfigError, match=r"vocabulary of 257 ids, and MDS's int32 holds 256; prepare it with"
    ):
        check_int32(corpus, "MDS")


def test_a_row_is_asked_for_and_may_be_a_whole_split(make_corpus):
    corpus = make_corpus()
    length = len(corpus["train"])
    assert checked_block_size(corpus, ["train"], ExportOptions(block_size=length), "mds", 2048) == length
    with pytest.raises(
        ConfigError, match=r"fill no row of .*; choose a smaller --block-size, or other splits"
    ):
        checked_block_size(corpus, ["train"], ExportOptions(block_size=length + 1), "mds", 2048)
    with pytest.raises(ConfigError, match=r"^--format mds: .* such as --block-size 2048$"):
        checked_block_size(corpus, ["train"], ExportOptions(), "mds", 2048)
