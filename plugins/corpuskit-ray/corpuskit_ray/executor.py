"""The executor for Ray clusters: every part is a task.

The tasks of a run are bounded in number and hold nothing in Ray's object store: a task's answer is a few
bytes, and what it made is in the job's folder. A task whose process or node was lost is tried again here and
not by Ray, so that it is counted and said. Tasks that go on after this process was killed do no harm: they
write under names of their own, and what they finish is what any other attempt would have made.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from corpuskit.errors import StorageError, WorkerError
from corpuskit.plugin import Executor, Job, OnPart, OnWork, PartRecord, Worker, raise_described
from corpuskit_ray import cluster
from corpuskit_ray.task import make_part, versions

log = logging.getLogger(__name__)

#: How often a part whose process or node was lost is tried.
_ATTEMPTS = 3
#: Tasks in flight for each CPU, so that none waits for this process; and at least so many in all, which
#: makes an autoscaler see that there is work.
_PER_CPU, _MIN_IN_FLIGHT = 2, 4
#: How long tasks have to clean up when a run is stopped.
_STOP_S = 1.0
#: How long a part's files may take to be seen from here: NFS remembers for a minute that a file is not there.
_VISIBLE_S = 60.0


class RayExecutor(Executor):
    """Makes parts as tasks of a Ray cluster.

    Args:
        workers: The largest number of tasks at a time; by default as many as the cluster has CPUs for.
    """

    def run(
        self, job: Job, numbers: Sequence[int], *, worker: Worker, on_part: OnPart, on_work: OnWork
    ) -> None:
        """Make the parts with these numbers; see `corpuskit.plugin.Executor`.

        This process's `worker` makes none: each of the cluster's opens its own.

        Raises:
            CorpuskitError: What a part raised, or what is wrong with a node or with the shared folder.
            WorkerError: If a part lost its process or node too often.
        """
        if not numbers:
            return
        with cluster.connected(workers=self.workers):
            tasks = _Tasks(job, self.workers)
            try:
                tasks.work(numbers, on_part, on_work)
            finally:
                tasks.cancel()


class _Tasks:
    """The tasks that are under way."""

    def __init__(self, job: Job, workers: int | None) -> None:
        self._job = job
        self._dataset = job.to_json()["dataset"]  # without credentials
        self._workers = workers
        self._going: dict[Any, int] = {}  # the part of each task, by its reference
        self._lost: Counter[int] = Counter()
        self._said_waiting = False
        self._request = {
            "run": secrets.token_hex(8),
            "folder": job.folder,
            "fingerprint": job.fingerprint,
            "private": job.private(),
            "directory": str(Path.cwd()),
            "versions": versions(),
        }
        options = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")
        self._make_part = options(make_part)

    def work(self, numbers: Sequence[int], on_part: OnPart, on_work: OnWork) -> None:
        """Make parts until all are made or no more are needed."""
        todo = deque(numbers)
        self._fill(todo)
        while self._going:
            for task in ray.wait(list(self._going), timeout=None)[0]:
                number = self._going.pop(task)
                if not self._answer(task, number):
                    todo.appendleft(number)
                    continue
                record = self._record(number)
                on_work(number, record.text_bytes, record.num_tokens, record.num_documents)
                if not on_part(record):
                    return
            self._fill(todo)

    def cancel(self) -> None:
        """Stop what is under way: first so that tasks remove their unfinished files, then for good."""
        left = list(self._going)[::-1]  # the last ones first: they wait to take the others' places
        self._going.clear()
        if not left or not ray.is_initialized():
            return
        for task in left:
            ray.cancel(task)
        for task in ray.wait(left, num_returns=len(left), timeout=_STOP_S)[1]:
            ray.cancel(task, force=True)

    def _fill(self, todo: deque[int]) -> None:
        if not todo:
            return
        most = self._most()
        while todo and len(self._going) < most:
            number = todo.popleft()
            task = self._make_part.remote(json.dumps({**self._request, "part": number}))
            self._going[task] = number

    def _most(self) -> int:
        """How many tasks may be under way now; a cluster grows and shrinks."""
        cpus = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]
        if cpus < 1 and not self._said_waiting:
            log.warning("the Ray cluster has no CPU for tasks; waiting for a node that has")
            self._said_waiting = True
        return self._workers or max(_PER_CPU * cpus, _MIN_IN_FLIGHT)

    def _answer(self, task: Any, number: int) -> bool:
        """Whether a task that ended has made its part; False if it was lost and is to be tried again.

        Raises:
            CorpuskitError: What the part raised.
            WorkerError: If the part was lost too often, or the task could not begin.
        """
        try:
            answer = json.loads(ray.get(task))
        except RayTaskError as error:
            raise WorkerError(
                f"part {number} of {self._dataset}: a node could not run it: {_last_line(error)}; "
                "install the same corpuskit and corpuskit-ray on every node"
            ) from error
        except RayError as error:
            self._lost[number] += 1
            reason = type(error).__name__
            if self._lost[number] >= _ATTEMPTS:
                raise WorkerError(
                    f"part {number} of {self._dataset}: its worker was lost {self._lost[number]} times, "
                    f"the last time with {reason}; "
                    "finished parts are kept, run the same command again to go on"
                ) from error
            log.warning("a worker was lost (%s) with part %d, which is tried again", reason, number)
            return False
        if answer:
            raise_described(answer)
        return True

    def _record(self, number: int) -> PartRecord:
        """A finished part's record, as it is on disk, once it is seen from here."""
        folder = Path(self._job.folder)
        deadline = time.monotonic() + _VISIBLE_S
        while (record := PartRecord.load(folder, number, fingerprint=self._job.fingerprint)) is None:
            if time.monotonic() > deadline:
                raise StorageError(
                    f"part {number} is finished on a node and not to be seen in {folder} of the driver; "
                    "the output must be in a folder that all nodes of the cluster share",
                    path=folder,
                )
            time.sleep(0.05)
            with os.scandir(folder) as entries:  # reading the folder makes NFS look at it anew
                next(entries, None)
        return record


def _last_line(error: Exception) -> str:
    """What a remote traceback ends with."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
