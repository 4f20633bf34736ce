"""What an executor is: something that makes the parts of a job, anywhere."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from corpuskit import errors
from corpuskit.errors import CorpuskitError, PluginError, WorkerError
from corpuskit.preparation.parts.job import Job, OnWork
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker

log = logging.getLogger(__name__)

#: Called with each part's record when the part is finished and saved, in any order. It answers whether to go
#: on: after False no more parts are needed.
OnPart = Callable[[PartRecord], bool]


class Executor(ABC):
    """Makes parts, in any process that sees the job's folder.

    A part may be made any number of times, anywhere: its files are the same. In this process, and in those
    that are forked from it, `worker` makes it. Any other process opens a worker of its own, which is
    `Worker(load_job(Path(job.folder), private))`.

    Args:
        workers: How many parts may be made at a time, 1 or more; None leaves it to the executor.
    """

    def __init__(self, *, workers: int | None = None) -> None:
        self.workers = workers

    @abstractmethod
    def run(
        self, job: Job, numbers: Sequence[int], *, worker: Worker, on_part: OnPart, on_work: OnWork
    ) -> None:
        """Make the parts with these numbers, or those of them that are needed, or raise.

        Args:
            job: The job. It is saved in its folder, but for URLs with credentials: `job.private()` gives
                those, and `load_job` takes them.
            numbers: The numbers of the parts that are left to do, in order.
            worker: Makes parts of this job in this process; its source and its tokenizer are open.
            on_part: To be called once for each finished part. When it answers False, stop what is under way,
                report no more parts, and return. What it raises ends the run and is let through.
            on_work: To be called as parts go on, as far as the executor hears of it.

        Raises:
            CorpuskitError: What a part raised; or WorkerError, naming the part, if its worker died.
        """


def describe_error(number: int, error: BaseException) -> dict[str, Any]:
    """What a part raised, as a JSON value that another process can raise: exceptions do not all travel.

    Args:
        number: The number of the part.
        error: What was raised; one that is not ours becomes a WorkerError that names the part.
    """
    if not isinstance(error, CorpuskitError) or isinstance(error, PluginError):
        log.debug("part %d failed", number, exc_info=error)
    if not isinstance(error, CorpuskitError):
        message = " ".join(f"part {number}: {type(error).__name__}: {error}".split())
        return {"error": WorkerError.__name__, "message": message, "facts": {}}
    # A plugin may raise a class of its own, which is raised as the one of ours that it is.
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    said = {"path": error.path, "expected": error.expected, "found": error.found}
    facts = {key: str(value) for key, value in said.items() if value is not None}
    return {"error": name, "message": str(error), "facts": facts}


def raise_described(description: Mapping[str, Any]) -> NoReturn:
    """Raise what `describe_error` described."""
    kind = getattr(errors, description["error"], WorkerError)
    raise kind(description["message"], **description["facts"])
