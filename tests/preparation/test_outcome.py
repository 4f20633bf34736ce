"""What a run says that it did."""

from __future__ import annotations

import pytest

from corpuskit.config import PrepareConfig
from corpuskit.preparation.api import commit_parts, make_parts, run
from corpuskit.preparation.outcome import PartsMade


@pytest.fixture
def config_of(tmp_path):
    """Makes configurations of three files, a part each."""
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / "texts" / f"{number}.txt").write_text("text")

    def make(**options):
        values = {"dataset": f"{tmp_path}/texts/", "encoding": "bytes", "part_bytes": 4, "workers": 1}
        return PrepareConfig.make({**values, "output": tmp_path / "x", **options})

    return make


def test_a_share_of_the_parts_says_how_many_were_made_and_how_many_there_are(config_of, tmp_path):
    made = make_parts(config_of(parts="1/2"))
    assert isinstance(made, PartsMade)
    assert (made.num_made, made.num_mine, made.num_parts) == (2, 2, 3)
    assert made.folder.parent == tmp_path / ".x.preparing"
    again = make_parts(config_of(parts="1/2"))
    assert (again.num_made, again.num_mine, again.num_parts) == (0, 2, 3)


def test_parts_of_other_runs_are_not_counted_as_made(config_of):
    for share in ("1/2", "2/2"):
        make_parts(config_of(parts=share))
    committed = commit_parts(config_of())
    assert committed.made
    assert (committed.run["num_parts"], committed.run["num_parts_made"]) == (3, 0)


def test_a_corpus_that_was_there_was_not_made(config_of):
    first = run(config_of())
    assert first.made
    assert (first.run["num_parts"], first.run["num_parts_made"]) == (3, 3)
    second = run(config_of())
    assert (second.made, second.run) == (False, {})
    assert second.corpus.fingerprint == first.corpus.fingerprint
