"""What `prepare` can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError


def make(**values):
    return PrepareConfig.make({"dataset": "x", **values})


def test_sizes_and_counts_may_be_text():
    config = make(part_bytes="1M", shard_bytes="1GB", max_tokens="10B")
    assert (config.part_bytes, config.shard_bytes, config.max_tokens) == (2**20, 10**9, 10**10)


@pytest.mark.parametrize("parts", ["0/2", "3/2", "1", "1/0", "01/2", "-1/2", "a/b"])
def test_a_share_that_cannot_be_is_refused(parts):
    with pytest.raises(ConfigError, match="must be of the form K/N"):
        make(parts=parts)
    assert make(parts="2/2").parts == "2/2"


def test_a_path_object_stays_a_path_and_text_may_be_a_name():
    assert make(dataset=Path("books")).dataset == "./books"
    assert make(dataset=["books", Path("more")]).dataset == ["books", "./more"]
    assert make(dataset="books").dataset == "books"


def test_an_output_is_a_folder_or_a_url_and_home_is_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert make(output="~/mine").output == tmp_path / "mine"
    assert make(output="s3://bucket/mine").output == "s3://bucket/mine"
    with pytest.raises(ConfigError, match="a corpus needs a folder with a name of its own"):
        make(output="/")


@pytest.mark.parametrize("name", ["", ". .", "two\nlines", "\x1b[31m", "x" * 256])
def test_a_name_that_cannot_be_shown_is_refused(name):
    with pytest.raises(ConfigError, match="name = "):
        make(name=name)


def test_from_is_another_name_for_location():
    assert PrepareConfig.make({"dataset": "x", "from": "a.txt"}).location == "a.txt"


def test_no_dataset_is_refused():
    with pytest.raises(ConfigError, match="nothing is named"):
        PrepareConfig.make({"dataset": []})


def test_a_control_token_in_front_has_a_name():
    with pytest.raises(ConfigError, match="bos = '': must be the name of a control token"):
        make(bos="")
    assert make(bos="<s>").bos == "<s>"
