"""What an executor is: something that makes the parts of a job, anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol, runtime_checkable

from corpuskit import errors
from corpuskit.errors import CorpuskitError, PluginError, WorkerError
from corpuskit.preparation.parts.job import Job, OnWork
from corpuskit.preparation.parts.record import PartRecord

log = logging.getLogger(__name__)

#: Called with each part's record when it is finished and saved, in any order.
OnPart = Callable[[PartRecord], None]


@runtime_checkable
class Executor(Protocol):
    """Makes parts. It is built as `factory(workers=workers)`.

    Each part is made by `corpuskit.preparation.parts.worker.Worker(job).run(number)`, in any process that sees the
    job's folder, any number of times, with the same files as the outcome.
    """

    def run(self, job: Job, numbers: Sequence[int], *, on_part: OnPart, on_work: OnWork) -> None:
        """Make the parts with these numbers, or raise.

        Args:
            job: The job; also saved in its folder, as `corpuskit.preparation.parts.job.load_job` reads it, but for URLs
                with credentials: `job.private()`, which a worker that loads the job must be given.
            numbers: The parts that are left to do, in order.
            on_part: To be called once for each finished part; what it raises ends the run and is let through.
            on_work: To be called as parts go on, as far as the executor hears of it.

        Raises:
            CorpuskitError: What a part raised; or WorkerError, naming the part, if its worker died.
        """
        ...


def describe_error(number: int, error: BaseException) -> dict[str, Any]:
    """What a part raised, as a JSON value that another process can raise: exceptions do not all travel.

    Args:
        number: The part's.
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
