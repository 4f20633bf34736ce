"""Parts that earlier runs have finished: which of them count, and what to say if some are missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from corpuskit.errors import SourceError, StorageError
from corpuskit.machine import usable_cores
from corpuskit.preparation.input_digests import InputDigests, states_now
from corpuskit.preparation.parts.job import load_job
from corpuskit.preparation.parts.record import PartRecord, record_path, state_of_inputs
from corpuskit.preparation.plan import Part, Plan
from corpuskit.preparation.work_folder import WorkFolder
from corpuskit.sources.base import Input, Source

_MAKE = "make them with 'corpuskit prepare --parts' and the same options"


@dataclasses.dataclass(frozen=True, slots=True)
class FinishedParts:
    """What earlier runs have finished.

    Args:
        records: The parts that count, by their numbers.
        changed: Names of inputs that changed since other parts were made of them; empty if there are none.
    """

    records: dict[int, PartRecord]
    changed: str = ""


def finished_parts(folder: Path, plan: Plan, source: Source, digests: InputDigests) -> FinishedParts:
    """The parts that are finished: each of their bytes is checked, and what they were made of.

    Args:
        folder: Where the parts are.
        plan: The plan.
        source: The source of the inputs.
        digests: The inputs' sha256s, for inputs that may be others than those that were read.

    Raises:
        StorageError: If there is something, or an input, that cannot be read.
        SourceError: If an input is gone.
    """

    def load(part: Part) -> PartRecord | None:
        record = PartRecord.load(folder, part.number, fingerprint=plan.fingerprint, check_bytes=True)
        return record if record is not None and record.fits(part) else None

    parts = [part for part in plan.parts if record_path(folder, part.number).exists()]
    if not parts:
        return FinishedParts({})
    with ThreadPoolExecutor(max_workers=usable_cores()) as threads:
        loaded = list(threads.map(load, parts))
    records, stale = {}, []
    for part, record in zip(parts, loaded, strict=True):
        if record is None:
            continue
        now = state_of_inputs(states_now(source, plan.inputs, part))
        if record.state == now or digests.are_of(record, part):
            records[record.number] = record
        else:
            stale.append(part)
    return FinishedParts(records, _names(plan, stale) if stale else "")


def check_inputs(plan: Plan, records: Sequence[PartRecord], digests: InputDigests) -> None:
    """See that the parts were made of the bytes whose sha256s the manifest will have.

    Raises:
        SourceError: If an input was changed meanwhile.
    """
    stale = [plan.parts[each.number] for each in records if not digests.are_of(each, plan.parts[each.number])]
    if stale:
        raise SourceError(
            f"{_names(plan, stale)}: changed while it was in use; run again when nothing writes to it",
            path=plan.inputs[stale[0].pieces[0].input].name,
        )


def say_missing(plan: Plan, missing: Sequence[int], work: WorkFolder, changed: str) -> str:
    """Why there are not all parts, and what to do.

    Args:
        plan: The plan.
        missing: The numbers of the parts.
        work: Where parts of other plans are.
        changed: Names of inputs that changed since parts were made of them; empty if there are none.
    """
    if changed:
        return f"{changed}: changed since parts were made of it; {_MAKE}"
    if len(missing) == len(plan.parts):
        for folder in work.others(plan.fingerprint):
            if (difference := _difference(plan, folder)) is not None:
                return f"{difference}; {_MAKE}"
    first = missing[0] + 1
    return f"{len(missing)} of {len(plan.parts)} parts are missing, the first is number {first}; {_MAKE}"


def _difference(plan: Plan, folder: Path) -> str | None:
    """How the parts in a folder are others than a plan's; None if nothing can be said of them."""
    try:
        job = load_job(folder)
    except StorageError:
        return None
    changed = [new.name for old, new in zip(job.inputs, plan.inputs, strict=False) if _key(old) != _key(new)]
    if len(job.inputs) != len(plan.inputs):
        then, now = len(job.inputs), len(plan.inputs)
        return f"parts were made when there were {then:,} inputs, and there are {now:,} now"
    if changed:
        more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        return f"{changed[0]}{more}: changed since parts were made of it"
    return "the parts that are there were made with other options or other versions of the software"


def _key(item: Input) -> tuple[str, int, str]:
    return item.name, item.size_bytes, item.sha256 or item.version


def _names(plan: Plan, parts: Sequence[Part]) -> str:
    """The first input that parts begin with, and how many more there are."""
    names = list(dict.fromkeys(plan.inputs[part.pieces[0].input].name for part in parts))
    return names[0] + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")


__all__ = ["FinishedParts", "check_inputs", "finished_parts", "say_missing"]
