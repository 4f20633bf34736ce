"""From a document's place in its input, a byte or a row, to the line of the file; and back."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from corpuskit import cache, reading
from corpuskit.batches.stream import Piece
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import InputRecord
from corpuskit.errors import ConfigError, CorpuskitError, PluginError
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import user_path
from corpuskit.preparation.run_record import INPUTS
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.files import local_input
from corpuskit.sources.inputs.stream import InputStream, base_name
from corpuskit.sources.listing.text_files import format_of
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.options import reader_class
from corpuskit.urls import is_remote

_READ_BYTES = 2**20
_TOKENS = 2**20
_MAX_RUN_BYTES = 2**24
#: The options of corpora of trainers' token files.
_IMPORTED = frozenset({"imported", "opened"})
#: Where options say what a corpus was made of.
_PARENTS = ("derived", "parents", "options")
#: Their files whose names a reader takes for its own: Levanter's.
_FOREIGN_NAMES = frozenset({"shard_ledger.json"})


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a document, or a piece of one, is in its input.

    Args:
        input: The input's name, as the manifest has it; empty if unknown.
        unit: What the start counts: a "byte" of the decompressed input, or a "row".
        start: Where the document starts, from 0.
        line: The line, from 1, where the piece begins; in a file of records, where its record does. None
            where it has none or cannot be told.
        why: Why it cannot be told; empty if it can, or if there are rows and no lines.
    """

    input: str
    unit: Literal["byte", "row"]
    start: int
    line: int | None = None
    why: str = ""

    def __str__(self) -> str:
        name = base_name(Input(self.input, 0, "")) if is_remote(self.input) else self.input
        if self.line is not None:
            return f"{name}:{self.line}"
        return f"{name}#{self.start}" if self.unit == "row" else f"{name} byte {self.start:,}"

    def to_json(self) -> dict[str, Any]:
        """The place as a JSON value."""
        return dataclasses.asdict(self)


class InputLines:
    """The lines of a corpus's inputs.

    Args:
        corpus: The corpus.
        folder: Where its inputs are on this machine; None is where they were when a run on this machine
            prepared it, and for what was fetched, the cache.
        on_progress: Called as files are read.

    Raises:
        ConfigError: If the folder is none.
    """

    def __init__(
        self,
        corpus: Corpus,
        folder: str | os.PathLike[str] | None = None,
        *,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._corpus = corpus
        self._said = None if folder is None else user_path(folder, what="--inputs")
        if self._said is not None and not self._said.is_dir():
            raise ConfigError(f"--inputs {folder}: there is no such folder", path=self._said)
        self._on_progress = on_progress

    def find(self, pieces: Sequence[Piece]) -> list[Place]:
        """Where pieces of documents are; each file is read once for all of them, as far as the last.

        Args:
            pieces: Pieces of the corpus's splits.
        """
        asked: dict[str, set[int]] = defaultdict(set)
        for piece in pieces:
            if self.unit(piece.input) == "byte":
                asked[piece.input].add(piece.input_start)
        lines: dict[tuple[str, int], int] = {}
        why: dict[str, str] = {}
        for name, starts in asked.items():
            try:
                found = self._lines(self._record(name), sorted(starts))
                lines.update({(name, start): line for start, line in found.items()})
            except CorpuskitError as error:
                why[name] = str(error)
        within = self._newlines_before(
            [piece for piece in pieces if (piece.input, piece.input_start) in lines]
        )
        places = []
        for piece in pieces:
            line = lines.get((piece.input, piece.input_start))
            if line is not None:
                line += within.get((piece.split, piece.start), 0)
            reason = why.get(piece.input, "")
            places.append(Place(piece.input, self.unit(piece.input), piece.input_start, line, reason))
        return places

    def unit(self, name: str) -> Literal["byte", "row"]:
        """What a document's start counts in an input of a name; trainers' files have a row a document."""
        reader = self._reader(name)
        if (reader is not None and reader.PLACES == "rows") or _is_foreign(
            name, self._corpus.manifest.options, is_known=reader is not None
        ):
            return "row"
        return "byte"

    def is_verbatim(self, name: str) -> bool:
        """Whether a document's text is the bytes of an input of a name from its start on."""
        reader = self._reader(name)
        return reader is not None and reader.VERBATIM

    def bounds(self, name: str, line: int) -> tuple[int, int]:
        """The bytes of a line: where it starts in the decompressed input, and where it ends (exclusive).

        Args:
            name: The input's name in the manifest.
            line: The line, from 1.

        Raises:
            ConfigError: If the file has fewer lines.
            CorpuskitError: If the file cannot be read, or is another one.
        """
        at, number, start, data = 0, 1, 0 if line == 1 else None, b""
        for data in self._read(self._record(name)):
            newlines = data.count(b"\n")
            if start is None and number + newlines < line:
                number += newlines
                at += len(data)
                continue
            inside = 0
            while (end := data.find(b"\n", inside)) >= 0:
                if start is not None:
                    return start, at + end + 1
                number, inside = number + 1, end + 1
                if number == line:
                    start = at + inside
            at += len(data)
        if start is None or start == at:
            lines = number - (data.endswith(b"\n") or not at)
            raise ConfigError(f"{name}:{line}: the file has {lines:,} lines, counted from 1", found=line)
        return start, at

    def name_of(self, said: str) -> str:
        """The name in the manifest that a user means: all of it, or the end of one only.

        Raises:
            ConfigError: If no input is called so, or several are.
        """
        names = list(dict.fromkeys(record.name for record in self._corpus.manifest.inputs))
        if said in names:
            return said
        found = [name for name in names if name.endswith(f"/{said}") or said.endswith(f"/{name}")]
        if len(found) == 1:
            return found[0]
        shown = ", ".join((found or names)[:3]) + (", ..." if len(found or names) > 3 else "")
        what = "could be" if found else "is no input of this corpus, which has"
        raise ConfigError(f"--input {said}: {what} {shown}", found=said, expected=found or names)

    def _reader(self, name: str) -> type[Reader] | None:
        if name not in self._readers:
            said = self._corpus.manifest.options.get("format")
            format = said if isinstance(said, str) and said else format_of(base_name(Input(name, 0, "")))
            self._readers[name] = None
            with contextlib.suppress(PluginError):  # it was read by a plugin that is not here
                found = reader_class(format) if format else None
                self._readers[name] = None if found is None else found.class_for(Input(name, 0, ""))
        return self._readers[name]

    @cached_property
    def _readers(self) -> dict[str, type[Reader] | None]:
        return {}

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(record.name for record in self._corpus.manifest.inputs)

    @cached_property
    def _records(self) -> dict[str, InputRecord]:
        return {record.name: record for record in self._corpus.manifest.inputs}

    def _record(self, name: str) -> InputRecord:
        """What the manifest says of an input.

        Raises:
            ConfigError: If its name says too little.
        """
        if self._counts[name] > 1:
            raise ConfigError(f"{name}: an archive of several files; unpack it and prepare its folder")
        return self._records[name]

    def _lines(self, record: InputRecord, starts: list[int]) -> dict[int, int]:
        """The line of each of some ascending bytes of an input."""
        lines: dict[int, int] = {}
        at, line = 0, 1
        waiting = iter([*starts, None])
        start = next(waiting)
        for data in self._read(record):
            inside = 0
            while start is not None and start <= at + len(data):
                line += data.count(b"\n", inside, start - at)
                lines[start], inside = line, start - at
                start = next(waiting)
            if start is None:
                return lines
            line += data.count(b"\n", inside)
            at += len(data)
        if start == 0:
            return dict.fromkeys(starts, 1)
        if start is not None:
            raise ConfigError(f"{record.name}: has {at:,} bytes, and a document at byte {start:,}")
        return lines

    def _read(self, record: InputRecord) -> Iterator[bytes]:
        """The decompressed bytes of an input, about a MiB at a time."""
        path = self._path(record)
        item = local_input(path, record.name, format="")
        if item.size_bytes != record.size_bytes:
            raise ConfigError(
                f"{path}: {item.size_bytes:,} bytes, the manifest says {record.size_bytes:,}: it changed "
                "since, or is another file",
                expected=record.size_bytes,
                found=item.size_bytes,
            )
        done = 0
        with InputStream(item) as stream:
            while data := stream.read(_READ_BYTES):
                yield data
                done += len(data)
                if self._on_progress is not None:
                    stored = min(stream.stored_position(), item.size_bytes)
                    self._on_progress(Progress("lines", record.name, stored, item.size_bytes))

    def _path(self, record: InputRecord) -> Path:
        """Where an input is on this machine.

        Raises:
            ConfigError: If it is not here, or nobody knows where it is.
        """
        folder = self._said or self._recorded
        parts = PurePosixPath(record.name).parts
        is_inside = not is_remote(record.name) and ".." not in parts and parts[:1] != ("/",)
        if folder is not None and is_inside and (folder / record.name).is_file():
            return folder / record.name
        kept = cache.file_path(cache.default_cache_dir(), record.sha256)
        if kept.is_file():
            return kept
        if folder is None or not is_inside:
            raise ConfigError(f"{record.name}: not known where it is; say in which folder with --inputs")
        raise ConfigError(f"{record.name}: not in {folder}; say in which folder it is with --inputs")

    @cached_property
    def _recorded(self) -> Path | None:
        """The folder where the inputs were when this machine prepared the corpus."""
        if not isinstance(self._corpus.path, Path):
            return None
        try:
            run = json.loads(reading.read_file(self._corpus.path / "run.json", max_bytes=_MAX_RUN_BYTES))
            folder = run[INPUTS]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return Path(folder) if isinstance(folder, str) else None

    def _newlines_before(self, pieces: Iterable[Piece]) -> dict[tuple[str, int], int]:
        """How many lines end in the document before each piece that begins inside one of plain text."""
        inside = sorted(
            {
                (piece.split, piece.document_start, piece.start)
                for piece in pieces
                if piece.start > piece.document_start and self.is_verbatim(piece.input)
            }
        )
        if not inside or (newlines := self._newlines) is None:
            return {}
        found: dict[tuple[str, int], int] = {}
        last = ("", -1, -1, 0)  # of which document what was counted up to where
        for split, begin, stop in inside:
            at, count = (last[2], last[3]) if last[:2] == (split, begin) else (begin, 0)
            for start in range(at, stop, _TOKENS):
                ids = self._corpus[split][start : min(start + _TOKENS, stop)]
                count += int(newlines[ids].sum())
            found[split, stop] = count
            last = (split, begin, stop, count)
        return found

    @cached_property
    def _newlines(self) -> NDArray[np.int64] | None:
        """int64[V], how many lines end in each token; None where no token has text of its own."""
        texts = self._corpus.tokenizer.token_bytes()
        if texts is None:
            return None
        return np.fromiter((text.count(b"\n") for text in texts), np.int64, len(texts))


def _is_foreign(name: str, options: dict[str, Any], *, is_known: bool) -> bool:
    """Whether an input is a trainer's file: all are, or of several corpora, one that no reader knows."""
    if not _IMPORTED.isdisjoint(options):
        return True
    return (not is_known or PurePosixPath(name).name in _FOREIGN_NAMES) and _is_imported(options)


def _is_imported(said: Any) -> bool:
    """Whether options, or those of a corpus that a corpus was made of, are of token files."""
    if isinstance(said, list):
        return any(map(_is_imported, said))
    return isinstance(said, dict) and (
        not _IMPORTED.isdisjoint(said) or any(_is_imported(said.get(key)) for key in _PARENTS)
    )


__all__ = ["InputLines", "Place"]
