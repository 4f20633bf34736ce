"""The executor for this machine."""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.prepare.executor import OnPart
from corpuskit.prepare.job import Job, OnWork
from corpuskit.prepare.work import Worker


class LocalExecutor:
    """Makes parts in this process, one after the other.

    Args:
        workers: How many processes may work.
    """

    def __init__(self, *, workers: int | None = None) -> None:
        self._workers = workers

    def run(self, job: Job, numbers: Sequence[int], *, on_part: OnPart, on_work: OnWork) -> None:
        """Make the parts with these numbers; see `corpuskit.prepare.executor.Executor`."""
        worker = Worker(job)
        for number in numbers:
            on_part(worker.run(number, on_work))
