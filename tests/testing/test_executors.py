"""The built-in executor under the shipped suite, and the suite under executors that are wrong."""

from pathlib import Path

import pytest

from corpuskit.errors import WorkerError
from corpuskit.preparation.executors.base import Executor
from corpuskit.preparation.executors.local import LocalExecutor
from corpuskit.preparation.parts.record import record_path
from corpuskit.testing.executors import ExecutorSuite, digests, make_job, run


class InTurn(Executor):
    """The simplest executor there can be."""

    def run(self, job, numbers, *, worker, on_part, on_work):
        for number in numbers:
            if not on_part(worker.run(number, on_work)):
                return


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
    def run(self, job, numbers, *, on_part, **more):
        super().run(job, numbers, on_part=lambda record: on_part(record) and on_part(record), **more)


class Deaf(InTurn):
    def run(self, job, numbers, *, on_part, **more):
        super().run(job, numbers, on_part=lambda record: (on_part(record), True)[1], **more)


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
    run(InTurn(), reference, range(6))
    with pytest.raises(AssertionError):
        ExecutorSuite().test_it_makes_every_part_once_with_the_same_files(
            wrong(), make_job(tmp_path), digests(reference)
        )


def test_the_suite_finds_parts_that_nobody_asked_for(tmp_path):
    with pytest.raises(AssertionError):
        ExecutorSuite().test_it_makes_only_the_parts_that_are_asked_for(Eager(), make_job(tmp_path))


def test_the_suite_finds_an_executor_that_goes_on_when_no_more_parts_are_needed(tmp_path):
    with pytest.raises(AssertionError, match="after on_part has answered False"):
        ExecutorSuite().test_it_stops_when_no_more_parts_are_needed(Deaf(), make_job(tmp_path), {})


def test_the_local_executor_makes_no_part_after_the_one_with_which_there_are_enough(tmp_path):
    job = make_job(tmp_path)
    run(LocalExecutor(workers=1), job, range(6), on_part=lambda record: record.number < 2)
    made = [number for number in range(6) if record_path(Path(job.folder), number).exists()]
    assert made == [0, 1, 2]


def test_the_suite_finds_an_error_that_was_replaced(tmp_path):
    with pytest.raises(WorkerError):
        ExecutorSuite().test_what_a_part_raises_is_raised(Wraps(), make_job(tmp_path))
