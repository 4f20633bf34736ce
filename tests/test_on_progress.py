"""What a long run tells whoever watches it."""

from __future__ import annotations

import dataclasses

import pytest

import corpuskit
from corpuskit.on_progress import Progress


@pytest.fixture
def made(tmp_path):
    """A corpus, and what its making told."""
    (tmp_path / "my.txt").write_text("some words of a text\n" * 500)
    heard = []
    corpus = corpuskit.prepare(
        str(tmp_path / "my.txt"), encoding="bytes", output=tmp_path / "corpus", on_progress=heard.append
    )
    return corpus, heard


def test_a_report_of_nothing_has_a_stage_only():
    told = dataclasses.asdict(Progress("verify"))
    assert told.pop("stage") == "verify"
    assert told.pop("total_bytes") is None
    assert not any(told.values())


def test_every_long_run_tells_the_same_kind_of_thing(made, tmp_path):
    corpus, heard = made
    corpuskit.verify(corpus.path, on_progress=heard.append)
    corpuskit.export(corpus, "nanogpt", tmp_path / "export", on_progress=heard.append)
    assert {type(progress) for progress in heard} == {Progress}
    assert {"encode", "verify", "export"} <= {progress.stage for progress in heard}
    for progress in heard:
        assert progress.total_bytes is None or progress.done_bytes <= progress.total_bytes
