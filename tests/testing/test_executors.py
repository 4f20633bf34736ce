"""The built-in executor under the shipped suite, and the suite under executors that are wrong."""

from pathlib import Path

import pytest

from corpuskit.errors import WorkerError
from corpuskit.preparation.executors.local import LocalExecutor
from corpuskit.preparation.parts.worker import Worker
from corpuskit.testing.executors import ExecutorSuite, digests, make_job


class InTurn:
    """The simplest executor there can be."""

    def run(self, job, numbers, *, on_part, on_work):
        worker = Worker(job)
        for number in numbers:
            on_part(worker.run(number, on_work))


class TestInTurn(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return InTurn()


class TestLocal(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return LocalExecutor(workers=2)


class TestLocalAlone(ExecutorSuite):
    @pytest.fixture
    def executor(self):
        return LocalExecutor(workers=1)


class Lazy(InTurn):
    def run(self, job, numbers, **callbacks):
        super().run(job, list(numbers)[:-1], **callbacks)


class Eager(InTurn):
    def run(self, job, numbers, **callbacks):
        super().run(job, range(len(job.parts)), **callbacks)


class Twice(InTurn):
    def run(self, job, numbers, *, on_part, on_work):
        super().run(job, numbers, on_part=lambda record: (on_part(record), on_part(record)), on_work=on_work)


class Litters(InTurn):
    def run(self, job, numbers, **callbacks):
        super().run(job, numbers, **callbacks)
        (Path(job.folder) / "scratch.tmp").write_text("left behind")


class Wraps(InTurn):
    def run(self, job, numbers, **callbacks):
        try:
            super().run(job, numbers, **callbacks)
        except Exception as error:
            raise WorkerError("something went wrong") from error


@pytest.mark.parametrize("wrong", [Lazy, Twice, Litters])
def test_the_suite_finds_wrong_work(wrong, tmp_path):
    reference = make_job(tmp_path, "reference")
    InTurn().run(reference, range(6), on_part=lambda record: None, on_work=lambda *_: None)
    with pytest.raises(AssertionError):
        ExecutorSuite().test_it_makes_every_part_once_with_the_same_files(
            wrong(), make_job(tmp_path), digests(reference)
        )


def test_the_suite_finds_parts_that_nobody_asked_for(tmp_path):
    with pytest.raises(AssertionError):
        ExecutorSuite().test_it_makes_only_the_parts_that_are_asked_for(Eager(), make_job(tmp_path))


def test_the_suite_finds_an_error_that_was_replaced(tmp_path):
    with pytest.raises(WorkerError):
        ExecutorSuite().test_what_a_part_raises_is_raised(Wraps(), make_job(tmp_path))
