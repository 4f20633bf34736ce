"""The folder that a corpus is to be written to."""

from __future__ import annotations

from pathlib import Path

import pytest

import corpuskit
from corpuskit.corpus.new_folder import holds_corpus, new_folder, shard_size
from corpuskit.errors import ConfigError


@pytest.mark.parametrize("output", ["s3://bucket/a", Path("s3://bucket/a"), "gs://bucket/a"])
def test_a_place_in_a_store_is_refused_with_what_puts_a_corpus_there(output):
    with pytest.raises(ConfigError, match=r"--output (s3|gs)://bucket/a: .* 'corpuskit publish'"):
        new_folder(output)


@pytest.mark.parametrize("output", [".", "/", "..", "a/.."])
def test_a_folder_without_a_name_of_its_own_is_refused(output):
    with pytest.raises(ConfigError, match="needs a folder with a name of its own"):
        new_folder(output)


def test_a_folder_is_where_it_says(tmp_path):
    assert new_folder(tmp_path / "a") == tmp_path / "a"
    assert new_folder((tmp_path / "a").as_uri()) == tmp_path / "a"


def test_a_corpus_is_found_where_there_is_one(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    corpus = corpuskit.prepare(str(tmp_path / "a.txt"), encoding="bytes", split="none", output=tmp_path / "a")
    (tmp_path / "empty").mkdir()
    assert holds_corpus(corpus.path)
    assert not holds_corpus(tmp_path / "empty")
    assert not holds_corpus(tmp_path / "nowhere")


def test_what_no_corpus_may_take_the_place_of_is_named(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "link").symlink_to("full")
    for name, message in [
        ("full/mine.txt", "is not a folder; choose another --output"),
        ("full", "holds 'mine.txt', which no corpus has"),
        ("link", "is a link to full, which a corpus would take the place of"),
    ]:
        with pytest.raises(ConfigError, match=message):
            holds_corpus(tmp_path / name)


def test_sizes_of_shards_are_numbers_or_text():
    assert (shard_size(None), shard_size("1K"), shard_size(64)) == (None, 1024, 64)
    with pytest.raises(ConfigError, match="--shard-bytes"):
        shard_size(2)
