"""One run of prepare, step by step: from a configuration to a corpus in a folder of this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import os
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpuskit import folders, interrupts, registry, storage
from corpuskit.cache import default_cache_dir
from corpuskit.config import PrepareConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError, CorpuskitError, StorageError, WorkerError
from corpuskit.file_errors import reading_from
from corpuskit.machine import usable_cores
from corpuskit.numbers import as_whole
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.commit import commit
from corpuskit.preparation.disk_space import check_disk
from corpuskit.preparation.executors.base import Executor
from corpuskit.preparation.finished_parts import check_inputs, finished_parts, say_missing
from corpuskit.preparation.input_digests import Digests
from corpuskit.preparation.parts.job import Job, save_job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.planning import make_plan
from corpuskit.preparation.progress_sum import Watch
from corpuskit.preparation.recipe import Request
from corpuskit.preparation.run_record import run_record, warn_of_empty_splits, warn_of_separator
from corpuskit.preparation.split_rule import SplitRule, parse_rule
from corpuskit.preparation.token_limit import Enough, EnoughTokens
from corpuskit.preparation.work_folder import WorkFolder
from corpuskit.registry.blame import fault
from corpuskit.registry.specs import ExecutorSpec
from corpuskit.sources.base import Input
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` did.

    Args:
        corpus: The corpus.
        made: False if it was there already.
        run: What `run.json` says about the run; empty if nothing was made.
    """

    corpus: Corpus
    made: bool
    run: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class PartsMade:
    """What a run that makes some of the parts did.

    Args:
        folder: Where the parts are.
        num_made: Parts that this run made.
        num_mine: Parts that are this run's to make.
        num_parts: Parts in all.
    """

    folder: Path
    num_made: int
    num_mine: int
    num_parts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what making it has opened."""

    plan: Plan
    tokenizer: Tokenizer
    rule: SplitRule
    dtype: str


class Run:
    """One run of prepare, step by step.

    Args:
        config: What to prepare, into a folder of this machine.
        on_progress: Called often.
    """

    def __init__(self, config: PrepareConfig, on_progress: OnProgress) -> None:
        self.config = config
        self.on_progress = on_progress
        self.started = time.monotonic()
        self.work_s = 0.0
        self.request = Request(config, on_fetch=self.on_progress)
        self.source, self.name = self.request.source, self.request.name
        self.output = self.request.output
        self.work = WorkFolder(self.output)

    def go(self, *, only_commit: bool = False) -> Prepared:
        """Prepare the corpus, or find it; with `only_commit`, of parts that are all there."""
        if (found := self.found()) is not None:
            return found
        with self._lock(), self.work.made():
            if (found := self.found()) is not None:  # another process may just have made it
                return found
            try:
                return self._make(only_commit=only_commit)
            except (OSError, ConfigError, WorkerError) as error:
                # Where locks do nothing, another process may have finished first and tidied up.
                if self.work.is_taken(error):
                    with contextlib.suppress(CorpuskitError, OSError):  # the first error is the one to tell
                        found = self.found()
                if found is None:
                    raise
                return found

    def found(self) -> Prepared | None:
        """The corpus, if it is there; what a run that was killed at its end has left of it is deleted.

        Raises:
            ConfigError: If something else is there and may not be replaced.
        """
        corpus = self.request.existing()
        if corpus is None:
            return None
        self.work.tidy()
        return Prepared(corpus, made=False, run={})

    def make_parts(self) -> PartsMade | Prepared:
        """Make this run's share of the parts; several such runs share the folder and need no lock."""
        if (found := self.found()) is not None:
            return found
        first, of = map(int, (self.config.parts or "1/1").split("/"))
        made = self.plan(self.source.inputs())
        job = self._begin(made)
        mine = range(first - 1, len(made.plan.parts), of)
        digests = Digests(self.source, made.plan.inputs, self.work.path)
        with folders.in_use(Path(job.folder)), Worker(job, self.source, made.tokenizer).ready():
            num_made = len(self._work(job, made.plan, mine, digests)[1])
        digests.share(range(first - 1, len(made.plan.inputs), of))
        return PartsMade(Path(job.folder), num_made, len(mine), len(made.plan.parts))

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other processes of this machine from doing the same work meanwhile."""
        place = hashlib.sha256(os.fsencode(os.path.realpath(self.output))).hexdigest()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(
                    storage.lock(default_cache_dir() / "locks" / place, on_wait=self._waiting)
                )
            except StorageError as error:
                log.debug("going on without a lock: %s", error)
            yield

    def _make(self, *, only_commit: bool) -> Prepared:
        inputs = self.source.inputs()
        with Digests(self.source, inputs, self.work.path) as digests:
            digests.start()
            made = self.plan(inputs)
            job = self._begin(made)
            with folders.in_use(Path(job.folder)):
                with Worker(job, self.source, made.tokenizer).ready():
                    numbers = () if only_commit else range(len(made.plan.parts))
                    records, now = self._work(job, made.plan, numbers, digests)
                plan = dataclasses.replace(made.plan, inputs=digests.inputs())
                check_inputs(made.plan, records, digests)
                prepared = self._commit(plan, records, Path(job.folder), made.rule.names, now)
            self.work.remove(job.fingerprint)
            return prepared

    def _begin(self, made: Planned) -> Job:
        """Check that the corpus fits and replaces none of its inputs, and leave the job for the workers."""
        self.request.check_inputs_kept(made.plan.inputs)
        check_disk(
            self.output,
            self.work.path,
            self.source,
            made.plan,
            made.tokenizer,
            made.rule,
            item_bytes=np.dtype(made.dtype).itemsize,
            workers=self.config.workers or usable_cores(),
            max_tokens=self.config.max_tokens,
        )
        job = Job(
            folder=str(self.work.make_parts(made.plan.fingerprint)),
            fingerprint=made.plan.fingerprint,
            dataset=self.config.dataset,
            reader_options=self.request.reader_options,
            tokenizer=made.plan.request["tokenizer"],
            engine=self.config.engine,
            split_rule=made.plan.request["options"]["split"],
            eot_id=made.plan.request["tokenizer"]["eot_id"] if made.plan.request["options"]["eot"] else None,
            dtype=made.dtype,
            shard_bytes=self.config.shard_bytes,
            inputs=made.plan.inputs,
            parts=made.plan.parts,
        )
        save_job(job)
        return job

    def plan(self, inputs: Sequence[Input]) -> Planned:
        """Open the tokenizer, and plan."""
        tokenizer = self._tokenizer(inputs)
        eot = self.request.appends_eot(tokenizer)
        if self.request.wants_eot:
            self._say_how_documents_end(tokenizer, inputs)
        options = self.request.options(sum(item.size_bytes for item in inputs), eot=eot)
        rule = self._rule(options["split"], given=any(item.split for item in inputs))
        dtype = "<u2" if tokenizer.vocab_size <= 2**16 else "<u4"
        self._check_shard_bytes(np.dtype(dtype).itemsize)
        state = tokenizer.state()
        record = {
            "name": self.config.encoding if state is None else self.request.portable_encoding,
            "vocab_size": int(tokenizer.vocab_size),
            "eot_id": as_whole(tokenizer.eot_id),
            "fingerprint": tokenizer.fingerprint,
            "state": state,
        }
        request = {"dataset": self.name, "tokenizer": record, "dtype": dtype, "options": options}
        self.on_progress(Progress("plan", self.name))
        plan = make_plan(
            self.source,
            inputs,
            rule,
            tokenizer,
            part_bytes=options["part_bytes"],
            request=request,
            versions=self.request.versions(inputs),
        )
        return Planned(plan, tokenizer, rule, dtype)

    def _rule(self, text: str, *, given: bool) -> SplitRule:
        """How documents find their split.

        Raises:
            ConfigError: If the user says none.
            PluginError: If the source's spec does.
        """
        try:
            return parse_rule(text, given=given)
        except ConfigError as error:
            if self.config.split is not None or self.source.owner is None:
                raise
            reason = f"its spec's split {str(error).removeprefix('--split ')}"
            raise fault(f"source {self.source.spec.name!r}", self.source.owner, reason) from error

    def _work(
        self, job: Job, plan: Plan, numbers: Sequence[int], digests: Digests
    ) -> tuple[list[PartRecord], set[int]]:
        """Do those of the numbered parts that no earlier run has finished.

        Args:
            job: What to do.
            plan: The plan.
            numbers: The parts'.
            digests: The inputs' sha256s; they may begin in a thread from when the workers work.

        Returns:
            The records of all parts in order, cut at `max_tokens`; and the numbers of those made now.

        Raises:
            ConfigError: If all parts are asked for their records and some are missing.
        """
        folder = Path(job.folder)
        finished = finished_parts(folder, plan, self.source, digests)
        records = finished.records
        left = [number for number in numbers if number not in records]
        watch = Watch(self.name, plan, records.values(), self.on_progress, max_tokens=self.config.max_tokens)
        component = registry.default().find(ExecutorSpec, self.config.executor)
        executor = component.make(Executor, workers=self.config.workers)
        enough = Enough(self.config.max_tokens)

        def on_part(record: PartRecord) -> None:
            records[record.number] = record
            watch.part(record)
            enough.check(records)

        def on_work(number: int, size_bytes: int, tokens: int, documents: int) -> None:
            if self.config.parts is None:
                digests.start_late()
            watch.work(number, size_bytes, tokens, documents)

        kept, started = {*records}, time.monotonic()
        try:
            enough.check(records)
            if left and finished.changed:
                log.warning("%s: changed since; parts made of it are made again", finished.changed)
            if left and len(left) < len(numbers):
                log.info("going on: %d of %d parts are there", len(numbers) - len(left), len(numbers))
            if left:
                executor.run(job, left, on_part=on_part, on_work=on_work)
        except EnoughTokens:
            watch.enough()
        except (KeyboardInterrupt, SystemExit):
            interrupts.explain(
                f"{len(records):,} of {len(plan.parts):,} parts are finished and kept, and the next run goes "
                "on from there"
            )
            raise
        self.work_s = time.monotonic() - started
        made = records.keys() - kept
        if self.config.parts is not None:
            return [], made
        with reading_from(folder):
            return enough.cut(self._all(plan, records, finished.changed), folder), made

    def _all(self, plan: Plan, records: dict[int, PartRecord], changed: str) -> list[PartRecord]:
        """The records in order: of every part, or of the first ones where those are enough."""
        missing = [part.number for part in plan.parts if part.number not in records]
        if missing and not Enough(self.config.max_tokens).reached(records):
            raise ConfigError(f"{self.output}: {say_missing(plan, missing, self.work, changed)}")
        return [records[number] for number in range(missing[0] if missing else len(plan.parts))]

    def _commit(
        self,
        plan: Plan,
        records: Sequence[PartRecord],
        parts_folder: Path,
        splits: Sequence[str],
        made: Collection[int],
    ) -> Prepared:
        self.on_progress(Progress("commit", self.name))
        run = run_record(
            self.config,
            plan,
            records,
            self.source,
            made=made,
            owners=[*self.source.owners, self.request.tokenizer.owner],
            elapsed_s=time.monotonic() - self.started,
            work_s=self.work_s,
        )
        with reading_from(parts_folder):
            commit(
                records,
                plan,
                parts_folder=parts_folder,
                output=self.output,
                splits=splits,
                left_out=self.source.left_out,
                owner=self.request.tokenizer.owner,
                run=run,
                overwrite=self.config.overwrite,
            )
        warn_of_separator(plan, records)
        warn_of_empty_splits(plan, records, splits)
        return Prepared(Corpus(self.output, encoding=self.config.encoding), made=True, run=run)

    def _tokenizer(self, inputs: Sequence[Any]) -> Tokenizer:
        tokenizer = open_tokenizer(self.config.encoding, engine=self.config.engine)
        if tokenizer.needs_fitting:
            self.on_progress(Progress("fit", self.name))
            tokenizer.fit(
                text
                for item in inputs
                for part in self.source.slices(item, target_bytes=2**62)
                for batch in self.source.read(item, part, lambda kind, start, reason: None)
                for text in batch.texts
            )
        return tokenizer

    def _say_how_documents_end(self, tokenizer: Tokenizer, inputs: Sequence[Input]) -> None:
        """Say what is guessed, and that nothing marks where documents end if there may be several."""
        if tokenizer.eot_note is not None:
            log.warning("%s: %s", self.name, tokenizer.eot_note)
        texts = [self.source.plain_text(item) for item in inputs]
        several = len(texts) > 1 or not all(text is not None and text.is_one_document for text in texts)
        if tokenizer.eot_id is None and several:
            log.warning(
                "%s: tokenizer %r has no end-of-text id, so documents follow each other unseparated; say "
                "--no-eot (eot = false) if that is meant, or choose an --encoding that has one",
                self.name,
                tokenizer.name,
            )

    def _check_shard_bytes(self, item_bytes: int) -> None:
        if self.config.shard_bytes < item_bytes:
            raise ConfigError(
                f"--shard-bytes {self.config.shard_bytes}: an id of this encoding has {item_bytes} bytes; "
                "leave --shard-bytes out, or raise it",
                expected=item_bytes,
                found=self.config.shard_bytes,
            )

    def _waiting(self) -> None:
        log.warning("another process is preparing %s; waiting for it", self.output)
