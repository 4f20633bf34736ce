"""The bytes of other trainers' files, and what is said where they are wrong."""

from __future__ import annotations

import os

import pytest

from corpuskit.errors import CorpusFormatError
from corpuskit.formats.foreign_bytes import read_json, size_of


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_description_that_is_no_json_is_named(tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(
        CorpusFormatError, match=r"index\.json: no JSON: .*; get it again, or name the folder"
    ):
        read_json(tmp_path / "index.json")


def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "train.bin")
    with pytest.raises(CorpusFormatError, match="a named pipe, not a file"):
        size_of(tmp_path / "train.bin")
