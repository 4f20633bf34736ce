"""What `corpuskit plan` shows: every file with its problems, and what preparing them would make and take."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from corpuskit.errors import CorpuskitError
from corpuskit.preparation.preview.estimate import Estimate, Sampled
from corpuskit.preparation.preview.totals import Range
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.terminal.text import BYTE_UNITS, duration, size

#: So many files are shown, besides those that have problems.
_FILES_SHOWN = 20
_FIELDS_SHOWN = 8
_NAME_WIDTH = 40
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
#: Below this, numbers are written out.
_WRITTEN_OUT = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file that would be read, or a member of a zip archive.

    Args:
        name: What the manifest would call it.
        format: The name of its reader; empty where it could not be looked at.
        compression: The compression that its name says, or "".
        size_bytes: Its size as it is stored.
        split: The split that all of it belongs to, or None.
        fields: The columns or fields of its records; text has none.
        problems: What is wrong with it, each as a line.
    """

    name: str
    format: str = ""
    compression: str = ""
    size_bytes: int = 0
    split: str | None = None
    fields: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PreparationPlan:
    """What preparing a corpus would make and take; `print()` shows it as the command line does.

    Args:
        dataset: What the corpus would be called.
        encoding: The tokenizer's name.
        files: Every file, in order, with its fields and its problems.
        left_out: The files that were found and would not be read.
        errors: All that is wrong, in the order of the files; `prepare` stops at one of them. What is judged
            below is then the rest.
        num_parts: Parts of the work.
        estimate: What would be made and taken, judged from a sample; None where no file can be read.
        peak_disk_bytes: About how much is on the disk just before the work ends.
        fingerprint: What identifies the work that would be done; empty where something is wrong.
    """

    dataset: str
    encoding: str
    files: tuple[PlannedFile, ...]
    left_out: LeftOut
    errors: tuple[CorpuskitError, ...] = ()
    num_parts: int = 0
    estimate: Estimate | None = None
    peak_disk_bytes: int = 0
    fingerprint: str = ""

    def __repr__(self) -> str:
        about = f"{len(self.files):,} files"
        if self.estimate is not None:
            about += f", about {self.estimate.tokens.value:,} tokens of {self.encoding}"
        problems = f", {len(self.errors):,} problems" if self.errors else ""
        return f"<Plan of {self.dataset!r}: {about}{problems}; print() shows all of it>"

    def __str__(self) -> str:
        return "\n".join([*_file_lines(self.files), *_numbers(self)])

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value: sizes in bytes, times in seconds, what is judged with its bounds."""
        return {
            "dataset": self.dataset,
            "encoding": self.encoding,
            "files": [_json(file) for file in self.files],
            "left_out": dict(self.left_out.names),
            "problems": [
                {"message": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
                for error in self.errors
            ],
            "num_parts": self.num_parts,
            **({} if self.estimate is None else dataclasses.asdict(self.estimate)),
            "peak_disk_bytes": self.peak_disk_bytes,
            "fingerprint": self.fingerprint,
        }


def _json(file: PlannedFile) -> dict[str, Any]:
    return dataclasses.asdict(file) | {"fields": list(file.fields), "problems": list(file.problems)}


def range_text(found: Range, units: Sequence[tuple[float, str]] = _UNITS) -> str:
    """A number and its range, with as many digits as it has: "about 58 M, 54 to 62", or "9,713" if exact."""
    in_bytes = units is BYTE_UNITS
    if found.exact:
        return size(found.value) if in_bytes else f"{found.value:,}"
    scale, unit = next((pair for pair in units if found.value >= pair[0]), (1.0, ""))
    if not in_bytes and found.value < _WRITTEN_OUT:
        scale, unit = 1.0, ""
    # The last digit is worth no more than a third of the range.
    step = 10.0 ** math.floor(math.log10(max((found.high - found.low) / 3, 1) / scale))
    digits = max(-round(math.log10(step)), 0)
    shown = [f"{round(value / scale / step) * step:,.{digits}f}" for value in _bounds(found)]
    return f"about {shown[0]}{f' {unit}' if unit else ''}, {shown[1]} to {shown[2]}"


def _bounds(found: Range) -> tuple[int, int, int]:
    return found.value, found.low, found.high


def _file_lines(files: Sequence[PlannedFile]) -> Iterator[str]:
    shown = files[:_FILES_SHOWN]
    width = min(max((len(file.name) for file in shown), default=0), _NAME_WIDTH)
    for number, file in enumerate(files):
        if number < _FILES_SHOWN or file.problems:
            yield _file(file, width)
            yield from (f"  problem: {problem}" for problem in file.problems)
    more = [file for file in files[_FILES_SHOWN:] if not file.problems]
    if more:
        yield f"and {len(more):,} more files, {size(sum(f.size_bytes for f in more))}; --json lists all"


def _file(file: PlannedFile, width: int) -> str:
    format = ".".join(filter(None, (file.format, file.compression))) or "?"
    fields = ", ".join(file.fields[:_FIELDS_SHOWN]) + (", ..." if len(file.fields) > _FIELDS_SHOWN else "")
    return f"{file.name:<{width}}  {format:<12}  {size(file.size_bytes):>9}  {fields}".rstrip()


def _numbers(plan: PreparationPlan) -> Iterator[str]:
    yield ""
    if plan.left_out.names:
        yield _row("left out", plan.left_out.summary())
    failed = sum(bool(file.problems) for file in plan.files)
    if plan.errors:
        yield _row("problems", f"{len(plan.errors):,}, in {failed:,} of {len(plan.files):,} files")
    others = [str(error) for error in plan.errors if not any(str(error) in f.problems for f in plan.files)]
    yield from (_row("", problem) for problem in others)
    good = [file for file in plan.files if not file.problems]
    yield _row(
        "files",
        f"{len(good):,}, {size(sum(f.size_bytes for f in good))}" + (" without those" if failed else ""),
    )
    if plan.estimate is None:
        return
    yield from _estimated(plan.estimate, plan)


def _estimated(found: Estimate, plan: PreparationPlan) -> Iterator[str]:
    workers = f"with {found.workers:,} worker{'s' if found.workers != 1 else ''}"
    yield _row("parts", f"{plan.num_parts:,}")
    yield _row("text", range_text(found.text_bytes, BYTE_UNITS))
    yield _row("documents", range_text(found.documents))
    yield _row("tokens", f"{range_text(found.tokens)} ({plan.encoding})")
    for name, tokens in found.splits.items():
        yield _row(f"  {name}", range_text(tokens))
    exact = "" if found.tokens.exact else "about "
    peak = f", {size(plan.peak_disk_bytes)} while it is made"
    yield _row("disk", f"{exact}{size(found.output_bytes)}{peak}")
    yield _row("memory", f"about {size(found.memory_bytes)} {workers}")
    yield _row("time", f"about {duration(found.elapsed_s)} {workers}")
    yield _row("sample", sampled(found.sample))
    if plan.fingerprint:
        yield _row("plan", plan.fingerprint)


def sampled(sample: Sampled) -> str:
    """What was looked at, in one line."""
    encoded = f"{size(sample.encoded_bytes)} of text encoded"
    places = f"{sample.places:,} place{'s' if sample.places != 1 else ''}"
    if sample.whole:
        return f"all was read; {encoded}, in {places}"
    front = " from the front" if sample.from_front else ""
    read = f"{size(sample.read_bytes)} of {size(sample.of_bytes)}{front}"
    return f"{places} in {sample.files:,} of {sample.of_files:,} files, {read}; {encoded}"


def _row(key: str, value: str) -> str:
    return f"{key:<10} {value}"


__all__ = ["PlannedFile", "PreparationPlan", "range_text", "sampled"]
