"""A plan as people read it: files first, then numbers with no more digits than are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from corpuskit.preparation.preview.estimate import Estimate, Sampled
from corpuskit.preparation.preview.result import PlannedFile, PreparationPlan
from corpuskit.preparation.preview.totals import Range

#: So many files are shown, besides those that have problems.
_FILES_SHOWN = 20
_FIELDS_SHOWN = 8
_NAME_WIDTH = 40
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_BYTE_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))
#: Below this, numbers are written out.
_WRITTEN_OUT = 100_000


def text_of(plan: PreparationPlan) -> str:
    """The lines that `corpuskit plan` prints."""
    return "\n".join([*_files(plan.files), *_numbers(plan)])


def size(size_bytes: float) -> str:
    """A number of bytes for people: 603.9 kB, 1.1 MB."""
    scale, unit = next((pair for pair in _BYTE_UNITS if size_bytes >= pair[0]), _BYTE_UNITS[-1])
    return f"{size_bytes / scale:.{0 if scale == 1 else 1}f} {unit}"


def duration(seconds: float) -> str:
    """Seconds for people: 4 s, 3 min, 2 h 10 min."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def range_text(found: Range, units: Sequence[tuple[float, str]] = _UNITS) -> str:
    """A number and its range, with as many digits as it has: "about 58 M, 54 to 62", or "9,713" if exact."""
    in_bytes = units is _BYTE_UNITS
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


def _files(files: Sequence[PlannedFile]) -> Iterator[str]:
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
    yield _row("text", range_text(found.text_bytes, _BYTE_UNITS))
    yield _row("documents", range_text(found.documents))
    yield _row("tokens", f"{range_text(found.tokens)} ({plan.encoding})")
    for name, tokens in found.splits.items():
        yield _row(f"  {name}", range_text(tokens))
    exact = "" if found.tokens.exact else "about "
    peak = f", {size(plan.peak_disk_bytes)} while it is made"
    yield _row("disk", f"{exact}{size(found.output_bytes)}{peak}")
    yield _row("memory", f"about {size(found.memory_bytes)} {workers}")
    yield _row("time", f"about {duration(found.elapsed_s)} {workers}")
    yield _row("sample", _sampled(found.sample))
    if plan.fingerprint:
        yield _row("plan", plan.fingerprint)


def _sampled(sample: Sampled) -> str:
    encoded = f"{size(sample.encoded_bytes)} of text encoded"
    places = f"{sample.places:,} place{'s' if sample.places != 1 else ''}"
    if sample.whole:
        return f"all was read; {encoded}, in {places}"
    read = f"{size(sample.read_bytes)} of {size(sample.of_bytes)}"
    return f"{places} in {sample.files:,} of {sample.of_files:,} files, {read}; {encoded}"


def _row(key: str, value: str) -> str:
    return f"{key:<10} {value}"


__all__ = ["duration", "range_text", "size", "text_of"]
