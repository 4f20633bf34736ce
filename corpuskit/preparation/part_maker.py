"""Making the parts that are left, with an executor, and the records of all."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from corpuskit import interrupts, registry
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.file_errors import reading_from
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.executors.base import Executor
from corpuskit.preparation.finished_parts import finished_parts, say_missing
from corpuskit.preparation.input_digests import InputDigests
from corpuskit.preparation.parts.job import Job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.progress_sum import ProgressSum
from corpuskit.preparation.token_limit import TokenLimit
from corpuskit.preparation.work_folder import WorkFolder
from corpuskit.registry.blame import blame, fault, not_theirs
from corpuskit.registry.specs import ExecutorSpec
from corpuskit.sources.base import Source

log = logging.getLogger(__name__)


class PartMaker:
    """Has an executor make those parts that no earlier run has finished.

    Args:
        config: Says which executor, and how many workers.
        job: The job, which is saved in the folder of the parts.
        plan: The plan.
        source: The source of the inputs, open.
        worker: Makes parts of the job in this process.
        digests: The sha256s of the inputs.

    Attributes:
        records: The records of the parts that are finished, by their numbers.
        made: The numbers of the parts that this run has made.
        work_s: The seconds in which they were made.

    Raises:
        StorageError: If there is something, or an input, that cannot be read.
        SourceError: If an input is gone.
    """

    def __init__(
        self,
        config: PrepareConfig,
        job: Job,
        plan: Plan,
        *,
        source: Source,
        worker: Worker,
        digests: InputDigests,
    ) -> None:
        self._config = config
        self._job = job
        self._plan = plan
        self._worker = worker
        self._limit = TokenLimit(plan.recipe.options.max_tokens)
        self._folder = Path(job.folder)
        finished = finished_parts(self._folder, plan, source, digests)
        self._changed = finished.changed
        self.records: dict[int, PartRecord] = finished.records
        self.made: set[int] = set()
        self.work_s = 0.0

    def make(self, numbers: Sequence[int], on_progress: OnProgress) -> None:
        """Make the parts with these numbers that are not finished, as long as their tokens are needed.

        Args:
            numbers: The numbers of the parts.
            on_progress: Called often.

        Raises:
            CorpuskitError: What a part raises.
            PluginError: If the executor is a plugin's and raises what it should not.
        """
        component = registry.default().find(ExecutorSpec, self._config.executor)
        executor = component.make(Executor, workers=self._config.workers)
        progress = ProgressSum(self._plan, self.records.values(), on_progress)

        @not_theirs
        def on_part(record: PartRecord) -> bool:
            if not isinstance(record, PartRecord):
                reason = f"on_part() must be called with a PartRecord, found {record!r:.60}"
                raise fault(component.what, component.owner, reason)
            self.records[record.number] = record
            self.made.add(record.number)
            progress.part(record)
            return not self._limit.reached(self.records)

        left = [number for number in numbers if number not in self.records]
        started = time.monotonic()
        try:
            if left and not self._limit.reached(self.records):
                self._say_what_is_there(numbers, left)
                with blame(component.what, component.owner):
                    executor.run(
                        self._job,
                        left,
                        worker=self._worker,
                        on_part=on_part,
                        on_work=not_theirs(progress.work),
                    )
        except (KeyboardInterrupt, SystemExit):
            interrupts.explain(
                f"{len(self.records):,} of {len(self._plan.parts):,} parts are finished and kept, and the "
                "next run goes on from there"
            )
            raise
        self.work_s = time.monotonic() - started
        if self._limit.reached(self.records):
            progress.enough()

    @property
    def has_enough(self) -> bool:
        """Whether the parts before the plan's last one have as many tokens as are asked for.

        The last one would hold more if more inputs followed.
        """
        last = len(self._plan.parts) - 1
        before = {number: record for number, record in self.records.items() if number < last}
        return TokenLimit(self._plan.recipe.options.max_tokens).reached(before)

    def corpus_records(self, output: Path, work: WorkFolder) -> list[PartRecord]:
        """The records of the parts that make the corpus, in order, the last one cut at `max_tokens`.

        Args:
            output: The corpus's folder to be.
            work: Where parts of other plans are.

        Raises:
            ConfigError: If parts are missing.
        """
        missing = [part.number for part in self._plan.parts if part.number not in self.records]
        if missing and not self._limit.reached(self.records):
            raise ConfigError(f"{output}: {say_missing(self._plan, missing, work, self._changed)}")
        num_parts = missing[0] if missing else len(self._plan.parts)
        with reading_from(self._folder):
            return self._limit.cut([self.records[number] for number in range(num_parts)], self._folder)

    def _say_what_is_there(self, numbers: Sequence[int], left: Sequence[int]) -> None:
        if self._changed:
            log.warning("%s: changed since; parts made of it are made again", self._changed)
        if len(left) < len(numbers):
            log.info("going on: %d of %d parts are there", len(numbers) - len(left), len(numbers))


__all__ = ["PartMaker"]
