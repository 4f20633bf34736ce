"""One run of prepare, step by step: from a configuration to a corpus in a folder of this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from corpuskit import folders
from corpuskit.cache import default_cache_dir
from corpuskit.config import PrepareConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.file_errors import reading_from
from corpuskit.machine import usable_cores
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.commit import commit
from corpuskit.preparation.disk_space import check_disk
from corpuskit.preparation.existing import check_inputs_kept, existing_corpus
from corpuskit.preparation.finished_parts import check_inputs
from corpuskit.preparation.first_inputs import FirstInputs
from corpuskit.preparation.found_or_made import found_or_made
from corpuskit.preparation.input_digests import InputDigests
from corpuskit.preparation.opened_plan import OpenedPlan, open_plan
from corpuskit.preparation.outcome import PartsMade, Prepared
from corpuskit.preparation.part_maker import PartMaker
from corpuskit.preparation.parts.field_types import FieldTypes
from corpuskit.preparation.parts.job import Job, save_job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker, place_of
from corpuskit.preparation.plan import Plan
from corpuskit.preparation.resolved_config import ResolvedConfig
from corpuskit.preparation.run_record import (
    run_record,
    warn_of_empty_splits,
    warn_of_fields,
    warn_of_separator,
    warn_of_targets,
)
from corpuskit.preparation.work_folder import WorkFolder
from corpuskit.sources.base import Input
from corpuskit.sources.kept_fields import FieldType, parse_keep
from corpuskit.value_streams import LOSS, LOSS_INFO

log = logging.getLogger(__name__)


class Run:
    """One run of prepare, step by step.

    Args:
        config: What to prepare, into a folder of this machine.
        on_progress: Called often.

    Attributes:
        resolved: What is asked for, with its source open.
        source: The source.
        name: What the corpus is called.
        output: The corpus's folder.
        work: Where it is made.
    """

    def __init__(self, config: PrepareConfig, on_progress: OnProgress) -> None:
        self.config = config
        self.on_progress = on_progress
        self._started = time.monotonic()
        self.resolved = ResolvedConfig(config, on_fetch=self.on_progress)
        self.source, self.name = self.resolved.source, self.resolved.name
        self.output = self.resolved.output
        self.work = WorkFolder(self.output)

    def go(self, *, only_commit: bool = False) -> Prepared:
        """Prepare the corpus, or find it; with `only_commit`, of parts that are all there."""
        place = hashlib.sha256(os.fsencode(os.path.realpath(self.output))).hexdigest()
        return found_or_made(
            self.found,
            lambda: self._make(only_commit=only_commit),
            replaces=self.config.overwrite,
            lock=default_cache_dir() / "locks" / place,
            on_wait=self._waiting,
            is_taken=self.work.is_taken,
        )

    def found(self) -> Prepared | None:
        """The corpus, if it is there; what a run that was killed at its end has left of it is deleted.

        Raises:
            ConfigError: If something else is there and may not be replaced.
            CorpusFormatError: If a damaged corpus is there and may not be replaced.
        """
        corpus = existing_corpus(self.resolved, self.on_progress)
        if corpus is None:
            return None
        self.work.tidy()
        return Prepared(corpus, made=False, run={})

    def make_parts(self) -> PartsMade | Prepared:
        """Make this run's share of the parts; several such runs share the folder and need no lock."""
        if (found := self.found()) is not None:
            return found
        first, of = map(int, (self.config.parts or "1/1").split("/"))
        opened = self.plan(self.source.inputs())
        job = self._begin(opened)
        mine = range(first - 1, len(opened.plan.parts), of)
        digests = InputDigests(self.source, opened.plan.inputs, self.work.path)
        with folders.in_use(Path(job.folder)):
            maker = self._maker(job, opened, digests)
            maker.make(mine, self.on_progress)
        digests.share(range(first - 1, len(opened.plan.inputs), of))
        return PartsMade(Path(job.folder), len(maker.made), len(mine), len(opened.plan.parts))

    def plan(self, inputs: Sequence[Input]) -> OpenedPlan:
        """Open the tokenizer, and plan."""
        return open_plan(self.resolved, inputs, self.on_progress)

    def _make(self, *, only_commit: bool) -> Prepared:
        with self.work.made():
            prepared = None
            first = None if only_commit else FirstInputs.of(self.resolved)
            while prepared is None:
                every = self.source.inputs() if first is None else first.inputs
                prepared = self._make_of(every, first, only_commit=only_commit)
            return prepared

    def _make_of(
        self, every: Sequence[Input], first: FirstInputs | None, *, only_commit: bool
    ) -> Prepared | None:
        """Prepare the corpus of the inputs, or of the first; None if more of them are needed."""
        inputs = every if first is None else first.available
        with InputDigests(self.source, inputs, self.work.path) as digests:
            digests.start()
            opened = open_plan(self.resolved, inputs, self.on_progress, every=every)
            job = self._begin(opened)
            with folders.in_use(Path(job.folder)):
                maker = self._maker(job, opened, digests)
                maker.make(() if only_commit else range(len(opened.plan.parts)), self.on_progress)
                if (
                    first is None
                    or maker.has_enough
                    or not first.grow(
                        maker.records.values(), part_bytes=opened.plan.recipe.options.part_bytes
                    )
                ):
                    prepared = self._commit(maker, opened, digests, Path(job.folder), every[len(inputs) :])
                else:
                    prepared = None
            self.work.remove(job.fingerprint)
            return prepared

    def _maker(self, job: Job, opened: OpenedPlan, digests: InputDigests) -> PartMaker:
        worker = Worker(job, self.source, opened.tokenizer)
        return PartMaker(self.config, job, opened.plan, source=self.source, worker=worker, digests=digests)

    def _begin(self, opened: OpenedPlan) -> Job:
        """Check that the corpus fits and replaces none of its inputs, and leave the job for the workers."""
        plan, recipe = opened.plan, opened.plan.recipe
        if keep := recipe.options.reader.get("keep"):
            import_pyarrow(f"--keep {keep}", ", or keep none with --keep ''")
        check_inputs_kept(self.output, plan.inputs)
        check_disk(
            self.output,
            self.work.parts(plan.fingerprint),
            self.source,
            plan,
            opened.tokenizer,
            opened.rule,
            workers=self.config.workers or usable_cores(),
        )
        job = Job(
            folder=str(self.work.make_parts(plan.fingerprint)),
            fingerprint=plan.fingerprint,
            dataset=self.config.dataset,
            reader_options=self.resolved.reader_options,
            tokenizer=recipe.tokenizer,
            engine=self.config.engine,
            split_rule=recipe.options.split,
            eot_id=recipe.eot_id,
            bos_id=recipe.options.bos_id(opened.tokenizer),
            dtype=recipe.dtype,
            shard_bytes=recipe.options.shard_bytes,
            keep=recipe.options.reader.get("keep"),
            template_fingerprint=recipe.options.reader.get("template_fingerprint", ""),
            inputs=plan.inputs,
            parts=plan.parts,
            streams={**opened.tokenizer.streams, LOSS: LOSS_INFO},
        )
        save_job(job)
        return job

    def _commit(
        self,
        maker: PartMaker,
        opened: OpenedPlan,
        digests: InputDigests,
        parts_folder: Path,
        unread: Sequence[Input],
    ) -> Prepared:
        """Make the corpus of the parts, once it is known that they were made of the inputs as they are.

        Those that are `unread` follow them; the corpus ends before.
        """
        records = maker.corpus_records(self.output, self.work)
        plan = dataclasses.replace(opened.plan, inputs=(*digests.inputs(), *unread))
        check_inputs(opened.plan, records, digests)
        self.on_progress(Progress("commit", self.name))
        owner, splits = self.resolved.tokenizer.owner, opened.rule.names
        fields = self._fields(opened.plan, records)
        run = run_record(
            self.config,
            plan,
            records,
            self.source,
            made=maker.made,
            owners=[*self.source.owners, owner],
            elapsed_s=time.monotonic() - self._started,
            work_s=maker.work_s,
        )
        with reading_from(parts_folder):
            commit(
                records,
                plan,
                parts_folder=parts_folder,
                output=self.output,
                splits=splits,
                fields=fields,
                left_out=self.source.left_out,
                owner=owner,
                run=run,
                overwrite=self.config.overwrite,
            )
        warn_of_separator(plan, records)
        warn_of_empty_splits(self.source, plan, records, splits)
        warn_of_targets(records, self.name)
        return Prepared(Corpus(self.output, encoding=self.config.encoding), made=True, run=run)

    def _fields(self, plan: Plan, records: Sequence[PartRecord]) -> dict[str, FieldType]:
        """The types of the fields that are kept, in order; says which no document has.

        Raises:
            SourceError: If a field is of several types.
        """
        keep = parse_keep(plan.recipe.options.reader.get("keep"))
        types = FieldTypes(keep, partial(place_of, self.source, plan.inputs))
        for record in records:
            types.add(record.fields)
        warn_of_fields(self.source, plan, [f.name for f in keep if f.is_asked and f.name not in types.found])
        return types.types

    def _waiting(self) -> None:
        log.warning("another process is preparing %s; waiting for it", self.output)


__all__ = ["Run"]
