"""`corpuskit.publish` to a store that every machine has."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError

pytestmark = pytest.mark.usefixtures("cache_dir")


@pytest.fixture
def local(tmp_path):
    (tmp_path / "text.txt").write_text("a line of text\n" * 99)
    return corpuskit.prepare(tmp_path / "text.txt", encoding="bytes", output=tmp_path / "out", workers=1)


def test_a_corpus_is_opened_where_it_was_put(local):
    before = {path.name: path.read_bytes() for path in local.path.iterdir()}
    there = corpuskit.publish(local, "memory://publishing/mine")
    assert str(there.path) == "memory://publishing/mine"
    assert there["train"][:].tolist() == local["train"][:].tolist()
    assert corpuskit.publish(local.path, "memory://publishing/mine").fingerprint == local.fingerprint
    assert {path.name: path.read_bytes() for path in local.path.iterdir()} == before


def test_a_corpus_without_a_run_s_record_is_published(local):
    (local.path / "run.json").unlink()
    assert corpuskit.verify(corpuskit.publish(local, "memory://publishing/without")) == []


def test_what_cannot_be_published_is_told(local, tmp_path):
    with pytest.raises(ConfigError, match=r"not a URL, such as hf://org/name or s3://bucket/folder"):
        corpuskit.publish(local, str(tmp_path / "other"))
    with pytest.raises(ConfigError, match=r"memory://publishing/mine is not on this machine"):
        corpuskit.publish(corpuskit.publish(local, "memory://publishing/mine"), "memory://publishing/copy")
    with pytest.raises(ConfigError, match=r"--private is for repositories, such as hf://org/name"):
        corpuskit.publish(local, "memory://publishing/private", private=True)
    with pytest.raises(CorpusFormatError, match="not a corpus"):
        corpuskit.publish(tmp_path / "none", "memory://publishing/none")
