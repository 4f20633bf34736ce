"""The inputs' sha256s, computed beside everything else, and kept for later runs where that took long.

A sha256 is of an input in one state. Parts that were read in the same state were made of the same bytes, and
nobody has to read those again to know it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import json
import os
import re
import secrets
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpuskit import reading, sealed, storage
from corpuskit.errors import CorpuskitError, SourceError
from corpuskit.file_errors import reading_from
from corpuskit.interrupts import held
from corpuskit.preparation.executors.forking import fork, may_fork
from corpuskit.preparation.parts.record import PartRecord, state_of_inputs
from corpuskit.preparation.plan import Part
from corpuskit.sources.base import Input, Source
from corpuskit.sources.inputs.files import unreadable

#: After so many seconds of hashing, what was found is kept in a file, in case this run is stopped.
_KEEP_EVERY_S = 20.0
#: Of one file: the sha256s of more inputs than a manifest can name.
_KEPT_BYTES = 512 * 2**20
_SHA256 = re.compile("[0-9a-f]{64}")


class Digest(NamedTuple):
    """An input's sha256, and the state that the input was in before and after it was computed."""

    sha256: str
    state: str


class InputDigests:
    """Hashes the inputs that were listed without a sha256; a context manager that stops when it is left.

    Args:
        source: Whose inputs they are.
        inputs: The inputs in order.
        folder: Where runs that take long keep what they find, and `share` does, for others to use.
    """

    def __init__(self, source: Source, inputs: Sequence[Input], folder: Path) -> None:
        self._source = source
        self._inputs = inputs
        self._folder = folder
        self._found = {n: Digest(item.sha256, "") for n, item in enumerate(inputs) if item.sha256}
        self._kept = _kept(folder, inputs) if len(self._found) < len(inputs) else {}
        for number in self._kept.keys() - self._found.keys():
            state = source.state(inputs[number])
            self._found.update((number, digest) for digest in self._kept[number] if digest.state == state)
        self._missing = [number for number in range(len(inputs)) if number not in self._found]
        self._helper: _Process | _Thread | None = None

    def start(self) -> None:
        """Begin beside everything else: in a process of its own, or in a thread where none may be forked."""
        if not self._missing:
            return
        with held():  # what is begun is remembered, and stopped
            self._helper = _Process(self) if may_fork() else _Thread(self)

    def inputs(self) -> tuple[Input, ...]:
        """The inputs with their sha256s; waits for them.

        Raises:
            SourceError: If an input is gone or has changed since it was listed.
            StorageError: If one cannot be read.
        """
        if self._helper is not None:
            self._found |= self._helper.result()
        return tuple(
            dataclasses.replace(item, sha256=self._of(number).sha256)
            for number, item in enumerate(self._inputs)
        )

    def are_of(self, record: PartRecord, part: Part) -> bool:
        """Whether a part was made of the bytes that the inputs have, once their sha256s are known.

        Raises:
            SourceError: As `inputs`.
        """
        numbers = _without_sha256(self._inputs, part)
        found = {number: self._of(number) for number in numbers}
        if record.state == state_of_inputs({number: found[number].state for number in numbers}):
            return True
        return record.state == state_of_inputs(
            {number: self._other_state(number) or found[number].state for number in numbers}
        )

    def share(self, numbers: Iterable[int]) -> None:
        """Compute the sha256s of some inputs only, for whoever commits the corpus."""
        found = {number: self._digest(number) for number in numbers if number not in self._found}
        if found:
            self._keep(found)

    def find(self, on_found: Callable[[int, Digest], None]) -> None:
        """Compute what is missing, in order, and hand on each as it is found."""
        unkept: dict[int, Digest] = {}
        kept_at = time.monotonic()
        for number in self._missing:
            unkept[number] = found = self._digest(number)
            on_found(number, found)
            if time.monotonic() - kept_at >= _KEEP_EVERY_S:
                self._keep(unkept)
                unkept, kept_at = {}, time.monotonic()

    def __enter__(self) -> InputDigests:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._helper.stop()

    def _of(self, number: int) -> Digest:
        """An input's digest; what went wrong where it was to be found goes wrong here, and is raised."""
        if number not in self._found:
            self._found[number] = self._digest(number)
        return self._found[number]

    def _other_state(self, number: int) -> str | None:
        """An earlier state in which an input had the bytes that it has now."""
        found = self._of(number)
        same = (kept.state for kept in self._kept.get(number, ()) if kept.sha256 == found.sha256)
        return next((state for state in same if state != found.state), None)

    def _digest(self, number: int) -> Digest:
        item = self._inputs[number]
        state = self._source.state(item)
        try:
            found = Digest(self._source.digest(item), state)
        except CorpuskitError:
            raise
        except OSError as error:
            raise unreadable(f"{item.name}:", "read", error, path=item.location) from error
        if self._source.state(item) != state:
            raise changed_while_used(item)
        return found

    def _keep(self, found: dict[int, Digest]) -> None:
        kept = [[*_key(number, self._inputs[number]), *digest] for number, digest in found.items()]
        storage.make_directory(self._folder)
        path = self._folder / f"digests-{secrets.token_hex(8)}.json"
        storage.write_bytes(path, sealed.to_bytes({"digests": kept}))


def states_now(source: Source, inputs: Sequence[Input], part: Part) -> dict[int, str]:
    """What the inputs of a part are now, by their numbers; without those that their sha256 tells."""
    return {number: source.state(inputs[number]) for number in _without_sha256(inputs, part)}


def changed_while_used(item: Input) -> SourceError:
    """The error about an input that was another before than afterwards."""
    return SourceError(
        f"{item.name}: changed while it was in use, though it has its size still; run again when nothing "
        "writes to it",
        path=item.name,
    )


class _Process:
    """Finds digests in a forked process, which writes them into a file without a name."""

    def __init__(self, digests: InputDigests) -> None:
        self._lines = storage.anonymous_file(digests._folder.parent)

        def work() -> None:
            digests.find(lambda number, found: self._write(json.dumps([number, *found])))

        self._pid: int | None = fork(work)

    def result(self) -> dict[int, Digest]:
        """What it has found; waits for it to end."""
        self._wait()
        self._lines.seek(0)
        *lines, _ = self._lines.read().split(b"\n")
        return {number: Digest(sha256, state) for number, sha256, state in map(json.loads, lines)}

    def stop(self) -> None:
        """Stop it, if it has not ended."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGTERM)
        self._wait()
        self._lines.close()

    def _write(self, line: str) -> None:
        self._lines.write(line.encode() + b"\n")

    def _wait(self) -> None:
        if self._pid is not None:
            pid, self._pid = self._pid, None
            with contextlib.suppress(ChildProcessError):  # where the system waits for all children itself
                os.waitpid(pid, 0)


class _Thread:
    """Finds digests in a thread, where no process can be forked."""

    def __init__(self, digests: InputDigests) -> None:
        self._digests = digests
        self._found: dict[int, Digest] = {}
        self._thread = threading.Thread(target=self._run, name="corpuskit-digests", daemon=True)
        self._thread.start()

    def result(self) -> dict[int, Digest]:
        """What it has found; waits for it to end."""
        self._thread.join()
        return self._found

    def stop(self) -> None:
        """Leave it to itself: it only reads, and does not keep the interpreter from ending."""

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # whoever asks meets the error again
            self._digests.find(self._found.__setitem__)


def _without_sha256(inputs: Sequence[Input], part: Part) -> list[int]:
    numbers = dict.fromkeys(piece.input for piece in part.pieces)
    return [number for number in numbers if not inputs[number].sha256]


def _key(number: int, item: Input) -> tuple[int, str, int, str]:
    """What a kept sha256 is of, beside its state: this input in this place of the list."""
    return number, item.name, item.size_bytes, item.version


def _kept(folder: Path, inputs: Sequence[Input]) -> dict[int, list[Digest]]:
    """What earlier runs have kept; a file that is broken is of no use and does no harm.

    Raises:
        StorageError: If one cannot be read.
    """
    kept: dict[int, list[Digest]] = defaultdict(list)
    for data in _kept_files(folder):
        with contextlib.suppress(ValueError, TypeError, LookupError, RecursionError):
            for number, name, size_bytes, version, sha256, state in _lines(data):
                if _key(number, inputs[number]) == (number, name, size_bytes, version):
                    kept[number].append(Digest(sha256, state))
    return kept


def _kept_files(folder: Path) -> Iterator[bytes]:
    with reading_from(folder):
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 (Path's glob may hide what goes wrong)
        except FileNotFoundError:
            return
        for name in names:
            if fnmatch.fnmatchcase(name, "digests-*.json"):
                with contextlib.suppress(FileNotFoundError, reading.NotAFile, reading.TooLarge):
                    yield reading.read_file(folder / name, max_bytes=_KEPT_BYTES)


def _lines(data: bytes) -> list[tuple[int, str, int, str, str, str]]:
    """The lines of a file that `InputDigests` kept.

    Raises:
        ValueError: If it is not as it was written.
    """
    if not sealed.is_whole(data):
        raise ValueError("it is not as it was written")
    lines: list[tuple[int, str, int, str, str, str]] = json.loads(data)["digests"]
    for number, _, _, _, sha256, state in lines:
        if type(number) is not int or number < 0 or type(state) is not str or not _SHA256.fullmatch(sha256):
            raise ValueError("it has what no run writes")
    return lines
