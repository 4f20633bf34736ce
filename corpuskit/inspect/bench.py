"""What this machine does with a corpus: prepare its text, read its bytes, draw batches of it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from corpuskit import storage
from corpuskit.batches.batches import Batches
from corpuskit.cache import scratch_folder
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError, CorpuskitError
from corpuskit.inspect.page_cache import drop
from corpuskit.inspect.timing import Case, measure_in_turns, median_ratio
from corpuskit.machine import usable_cores
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.api import prepare
from corpuskit.samplers.plugin import corpuskit_samplers
from corpuskit.terminal.text import one_line, size

#: The text that is prepared, in bytes, at least and at most; and how much is encoded to judge between them.
_LEAST_TEXT, _MOST_TEXT, _PROBE_TEXT = 2**20, 2**26, 2**17
#: A plain pass reads as much at a time as a scan.
_CHUNK_BYTES = 2**22
_MOST_SECONDS = 3600
_MOST_PREPARATIONS, _MOST_COLD_TURNS = 5, 5


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """How long something takes.

    Args:
        task: "prepare", "read" or "batch".
        case: Which kind of it: "cold" or "warm", or a sampler's name.
        seconds: The median time of one.
        turns: How many there were to take the median of.
        size_bytes: Bytes that one reads: of text, or of shards; 0 for a batch.
        num_tokens: Tokens that one makes or reads.
        beside: What it was measured in turns with, if there is something.
        ratio: How many times as fast it is as that, the median over the turns.
    """

    task: str
    case: str
    seconds: float
    turns: int
    size_bytes: int
    num_tokens: int
    beside: str = ""
    ratio: float | None = None

    @property
    def rate(self) -> str:
        """How much of it a second has."""
        if self.size_bytes:
            return f"{size(self.size_bytes / self.seconds)}/s"
        return f"{self.num_tokens / self.seconds / 1e6:,.1f} M tokens/s"


@dataclasses.dataclass(frozen=True, slots=True)
class BenchReport:
    """What a machine does with a corpus.

    Args:
        path: The corpus.
        split: The split that was measured.
        num_tokens: Its tokens.
        size_bytes: Bytes of its shards.
        num_shards: How many there are.
        cores: How many cores this process may use.
        batch_size: B, windows in a batch.
        block_size: T, tokens in a window.
        timings: What was measured, in order.
        not_measured: What could not be, and why.
    """

    path: str
    split: str
    num_tokens: int
    size_bytes: int
    num_shards: int
    cores: int
    batch_size: int
    block_size: int
    timings: tuple[Timing, ...]
    not_measured: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON value."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        shards, cores = (_many(self.num_shards, "shard"), _many(self.cores, "core"))
        title = f"{one_line(self.path)}, split {self.split}: {self.num_tokens:,} tokens, "
        lines = [
            f"{title}{size(self.size_bytes)} in {shards}",
            f"batches of {self.batch_size:,} x {self.block_size:,}",
            "",
        ]
        rows = [("", "median", "rate", "beside"), *map(_row, self.timings)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, *cells in rows:
            right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            lines.append("  ".join([name.ljust(widths[0]), *right]).rstrip())
        prepared = [timing for timing in self.timings if timing.task == "prepare"]
        lines += ["", *(f"prepare: {size(one.size_bytes)} of its text, by {cores}" for one in prepared)]
        lines += [f"{what}: not measured: {one_line(why)}" for what, why in self.not_measured]
        return "\n".join(lines)


def bench(
    corpus: Corpus,
    split: str = "train",
    *,
    seconds: float = 1.0,
    batch_size: int = 12,
    block_size: int = 1024,
    on_progress: OnProgress | None = None,
) -> BenchReport:
    """Measure what this machine does with a corpus.

    A sample of its text is prepared again, in the cache's scratch. Its shards are read as `verify` reads
    them, past the page cache where it lets go of them. Batches are drawn by each sampler that comes with
    corpuskit, in turns with nanoGPT's get_batch on the largest shard.

    Args:
        corpus: An open corpus on this machine.
        split: The split's name.
        seconds: About how long to measure each row.
        batch_size: B, windows in a batch.
        block_size: T, tokens in a window.
        on_progress: Called before each row with a `corpuskit.Progress`.

    Raises:
        ConfigError: If the corpus is not on this machine, or there is no such split, or it is empty.
        CorpusFormatError: If a shard's bytes are not those that were prepared.
    """
    if not 0 < seconds <= _MOST_SECONDS:  # nor what is no number
        raise ConfigError(
            f"--seconds {seconds}: must be more than 0, and at most {_MOST_SECONDS:,}", found=seconds
        )
    if not isinstance(corpus.path, Path):
        raise ConfigError(f"{corpus.path}: only a corpus on this machine can be measured; copy it here first")
    stream = corpus[split]
    if not len(stream):
        raise ConfigError(f"split {split!r} is empty; choose another with --split")
    run = _Run(corpus, stream, corpus.path, seconds, (batch_size, block_size))
    for what, measure in run.rows():
        if on_progress is not None:
            on_progress(Progress("measure", what))
        run.note(what, measure)
    return BenchReport(
        str(corpus.path),
        split,
        len(stream),
        run.size_bytes,
        len(run.records),
        usable_cores(),
        batch_size,
        block_size,
        tuple(run.timings),
        tuple(run.not_measured),
    )


class _NotMeasured(Exception):
    """Something cannot be measured here, and why."""


class _Run:
    """One run of all measurements, and what they have found."""

    def __init__(
        self, corpus: Corpus, split: Split, path: Path, seconds: float, shape: tuple[int, int]
    ) -> None:
        self.corpus, self.split, self.seconds = corpus, split, seconds
        self.batch_size, self.block_size = shape
        self.records = corpus.manifest.splits[split.name].shards
        self.paths = [path / record.file for record in self.records]
        self.size_bytes = sum(record.size_bytes for record in self.records)
        self.timings: list[Timing] = []
        self.not_measured: list[tuple[str, str]] = []

    def rows(self) -> Iterator[tuple[str, Callable[[], Timing]]]:
        """What is measured: first what has the system forget shards, which keeps those that are in use."""
        yield "read, cold", self.read_cold
        yield "read, warm", self.read_warm
        yield "prepare", self.prepare
        for spec in corpuskit_samplers():
            yield f"batch, {spec.name}", functools.partial(self.batch, spec.name)

    def note(self, what: str, measure: Callable[[], Timing]) -> None:
        """Measure a row; one that cannot be is told of and keeps no other from being measured."""
        try:
            self.timings.append(measure())
        except (_NotMeasured, ConfigError) as error:
            self.not_measured.append((what, str(error)))

    def prepare(self) -> Timing:
        """The sample of text, prepared by all cores."""
        tokenizer = self.corpus.manifest.tokenizer
        with scratch_folder("bench") as folder:
            try:
                text = folder / "sample.jsonl"
                size_bytes = self._write_text(text)
                times: list[float] = []
                end = time.perf_counter() + self.seconds
                while not times or (len(times) < _MOST_PREPARATIONS and time.perf_counter() < end):
                    began = time.perf_counter()
                    made = prepare(
                        str(text), encoding=tokenizer.name, split="none", progress=False,
                        output=folder / f"corpus-{len(times)}",
                    )  # fmt: skip
                    times.append(time.perf_counter() - began)
            except CorpuskitError as error:
                raise _NotMeasured(str(error)) from error
        tokens = sum(len(split) for split in made.values())
        return Timing("prepare", tokenizer.name, statistics.median(times), len(times), size_bytes, tokens)

    def read_cold(self) -> Timing:
        """Shards that are not in memory."""
        times: list[float] = []
        num_bytes, end = self._bytes_in_a_turn(), time.perf_counter() + self.seconds
        while not times or (len(times) < _MOST_COLD_TURNS and time.perf_counter() < end):
            if not drop(self.paths):
                raise _NotMeasured("the system keeps these files in memory, or does not say whether it does")
            began = time.perf_counter()
            self._scan(num_bytes)
            times.append(time.perf_counter() - began)
        return self._read("cold", times, num_bytes)

    def read_warm(self) -> Timing:
        """The same bytes once more, in turns with a pass of NumPy over them that looks at each id."""
        num_bytes = self._bytes_in_a_turn()
        times, plain = measure_in_turns(
            [lambda: self._scan(num_bytes), lambda: self._pass(num_bytes)], self.seconds
        )
        row = self._read("warm", times, num_bytes)
        return dataclasses.replace(row, beside="a plain pass", ratio=median_ratio(plain, times))

    def batch(self, sampler: str) -> Timing:
        """Batches as iteration gives them."""
        output: Literal["numpy", "torch"] = "numpy" if find_spec("torch") is None else "torch"
        batches = self.corpus.batches(
            self.split.name,
            sampler=sampler,
            output=output,
            batch_size=self.batch_size,
            block_size=self.block_size,
        )
        case, baseline = _endless(batches), self._baseline
        with warnings.catch_warnings():
            # Rows without a target matter where a model is trained.
            warnings.filterwarnings("ignore", ".* row without a single target", UserWarning)
            found = measure_in_turns([case, baseline or case], self.seconds)
        row = Timing(
            "batch",
            sampler,
            statistics.median(found[0]),
            len(found[0]),
            0,
            self.batch_size * self.block_size,
        )
        if baseline is None:
            return row
        return dataclasses.replace(row, beside="nanoGPT", ratio=median_ratio(found[1], found[0]))

    @functools.cached_property
    def _baseline(self) -> Case | None:
        """What nanoGPT does for a batch; nothing without torch, or where no shard is long enough."""
        largest = max(range(len(self.records)), key=lambda number: self.records[number].num_tokens)
        if find_spec("torch") is None:
            self.not_measured.append(("nanoGPT's get_batch", "it needs torch"))
            return None
        if self.records[largest].num_tokens <= self.block_size:
            self.not_measured.append(("nanoGPT's get_batch", "no shard is longer than a window"))
            return None
        from corpuskit.batches.baseline import nanogpt_get_batch

        return nanogpt_get_batch(
            self.paths[largest], self.split.dtype, batch_size=self.batch_size, block_size=self.block_size
        )

    def _write_text(self, path: Path) -> int:
        """Write documents from the split's beginning, as many as can be encoded in the time; their bytes."""
        texts = _texts(self.split)
        probe: list[str] = []
        while sum(map(len, probe)) < _PROBE_TEXT and (text := next(texts, None)) is not None:
            probe.append(text)
        if not probe:
            raise _NotMeasured("its documents have no text")
        encoded = [text[:_PROBE_TEXT].encode() for text in probe]
        tokenizer = self.corpus.tokenizer
        tokenizer.load()
        tokenizer.encode_batch(encoded[:1])  # whose vocabulary may be read only now
        began = time.perf_counter()
        tokenizer.encode_batch(encoded)
        rate = sum(map(len, encoded)) / max(time.perf_counter() - began, 1e-6)
        most = min(max(rate * self.seconds, _LEAST_TEXT), _MOST_TEXT)
        size_bytes = 0
        with storage.FileWriter(path) as file:
            for text in itertools.chain(probe, texts):
                front = text[: int(most) - size_bytes]
                file.write(json.dumps({"text": front}).encode() + b"\n")
                size_bytes += len(front.encode())
                if size_bytes >= most:
                    break
        return size_bytes

    def _bytes_in_a_turn(self) -> int:
        """How many bytes of shards are read at a time: all of them, or a fifth of the time's."""
        began = time.perf_counter()
        done = self._scan(2**24)
        rate = done / max(time.perf_counter() - began, 1e-6)
        return self._scan(max(int(rate * self.seconds / 5), 2**24))

    def _scan(self, num_bytes: int) -> int:
        """Read shards as `verify` does, until so many bytes are read."""
        done = 0
        for _, piece in scan.tokens(self.split, self.records, scan.refuser(self.split)):
            done += piece.nbytes
            if done >= num_bytes:
                break
        return done

    def _pass(self, num_bytes: int) -> int:
        """Look at each id of as many bytes, and at nothing else."""
        done, largest = 0, 0
        for number in range(len(self.records)):
            ids = self.split.shard(number)
            step = _CHUNK_BYTES // ids.itemsize
            for start in range(0, len(ids), step):
                piece = ids[start : start + step]
                largest, done = max(largest, int(piece.max())), done + piece.nbytes
                if done >= num_bytes:
                    return largest
        return largest

    def _read(self, case: str, times: list[float], num_bytes: int) -> Timing:
        tokens = num_bytes // self.split.dtype.itemsize
        return Timing("read", case, statistics.median(times), len(times), num_bytes, tokens)


def _endless(batches: Batches) -> Case:
    def made() -> Iterator[Any]:
        while True:
            yield from batches

    iterator = made()
    return lambda: next(iterator)


def _texts(split: Split) -> Iterator[str]:
    """The texts of documents from the beginning, of long ones the front; none that is empty."""
    tokenizer = split.tokenizer
    for number in range(split.num_documents):
        piece = split.document_piece(number)
        ids = split[piece.start : min(piece.stop, piece.start + _MOST_TEXT // 4)]
        if text := tokenizer.decode(ids[:-1] if len(ids) and ids[-1] == tokenizer.eot_id else ids):
            yield text


def _row(timing: Timing) -> tuple[str, str, str, str]:
    digits = 1 if (timing.ratio or 0) >= 1 else 2
    beside = "" if timing.ratio is None else f"{timing.ratio:.{digits}f} x {timing.beside}"
    return f"{timing.task}, {timing.case}", _time(timing.seconds), timing.rate, beside


def _time(seconds: float) -> str:
    for scale, unit in ((1, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds * 1e6:.0f} us"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


__all__ = ["BenchReport", "Timing", "bench"]
