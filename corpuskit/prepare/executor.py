"""What an executor is: something that makes the parts of a job, anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from corpuskit.prepare.job import Job, OnWork, PartRecord

#: Called with each part's record when it is finished and saved, in any order.
OnPart = Callable[[PartRecord], None]


@runtime_checkable
class Executor(Protocol):
    """Makes parts. It is built as `factory(workers=workers)`.

    Each part is made by `corpuskit.prepare.work.Worker(job).run(number)`, in any process that sees the
    job's folder, any number of times, with the same files as the outcome.
    """

    def run(self, job: Job, numbers: Sequence[int], *, on_part: OnPart, on_work: OnWork) -> None:
        """Make the parts with these numbers, or raise.

        Args:
            job: The job; also saved in its folder, as `corpuskit.prepare.job.load_job` reads it.
            numbers: The parts that are left to do, in order.
            on_part: To be called once for each finished part; what it raises ends the run and is let through.
            on_work: To be called as parts go on, as far as the executor hears of it.

        Raises:
            CorpuskitError: What a part raised; or WorkerError, naming the part, if its worker died.
        """
        ...
