"""Making the parts that are left: no more than are needed, none twice, and their records in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.preparation.input_digests import InputDigests
from corpuskit.preparation.part_maker import PartMaker
from corpuskit.preparation.run import Run
from corpuskit.preparation.work_folder import WorkFolder

NUM_PARTS = 4


@pytest.fixture
def texts(tmp_path) -> Path:
    """Four files of ten bytes, a part each."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(NUM_PARTS):
        (folder / f"{number}.txt").write_text(f"{number}" * 10)
    return folder


def maker_of(texts: Path, **options) -> PartMaker:
    """What makes the parts in one run of prepare, opened anew."""
    values = {"dataset": f"{texts}/", "encoding": "bytes", "eot": False, "part_bytes": 10, "workers": 1}
    config = PrepareConfig.make({**values, "output": texts.parent / "x", **options})
    run = Run(config, lambda progress: None)
    opened = run.plan(run.source.inputs())
    digests = InputDigests(run.source, opened.plan.inputs, run.work.path)
    return run._maker(run._begin(opened), opened, digests)


def numbers(maker: PartMaker, texts: Path) -> list[int]:
    output = texts.parent / "x"
    return [record.number for record in maker.corpus_records(output, WorkFolder(output))]


def test_parts_that_are_there_are_not_made_again_and_the_log_says_how_many(texts, caplog):
    caplog.set_level("INFO", "corpuskit")
    first = maker_of(texts)
    first.make([1], lambda progress: None)
    assert first.made == {1}
    second = maker_of(texts)
    assert second.records.keys() == {1}
    second.make(range(NUM_PARTS), lambda progress: None)
    assert second.made == {0, 2, 3}
    assert "going on: 1 of 4 parts are there" in caplog.text
    assert numbers(second, texts) == [0, 1, 2, 3]


def test_no_part_is_made_whose_tokens_are_not_needed(texts):
    maker = maker_of(texts, max_tokens=15)
    maker.make(range(NUM_PARTS), lambda progress: None)
    assert maker.made == {0, 1}
    assert numbers(maker, texts) == [0, 1]


def test_nothing_is_made_where_the_finished_parts_are_enough(texts, monkeypatch):
    maker_of(texts, max_tokens=15).make([0, 1], lambda progress: None)
    monkeypatch.setattr("corpuskit.preparation.parts.worker.Worker.run", pytest.fail)
    told = []
    maker = maker_of(texts, max_tokens=15)
    maker.make(range(NUM_PARTS), told.append)
    assert maker.made == set()
    assert told[-1].total_bytes == told[-1].done_bytes


def test_parts_that_are_missing_are_no_corpus(texts):
    maker = maker_of(texts)
    maker.make([0, 1, 3], lambda progress: None)
    with pytest.raises(ConfigError, match="1 of 4 parts are missing, the first is number 3"):
        numbers(maker, texts)
