"""The inputs' sha256s, computed beside everything else, and kept for later runs where that took long."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from corpuskit import reading, sealed, storage
from corpuskit.interrupts import held
from corpuskit.prepare.forking import fork, may_fork
from corpuskit.sources.base import Input, Source

#: What so many seconds of hashing have found is worth a file, for the case that this run is stopped.
_KEEP_EVERY_S = 20.0
#: Of one file: the sha256s of more inputs than a manifest can name.
_KEPT_BYTES = 512 * 2**20


class Digests:
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
        self._found = {number: item.sha256 for number, item in enumerate(inputs) if item.sha256}
        if len(self._found) < len(inputs):
            self._found |= _kept(folder, inputs)
        self._missing = [number for number in range(len(inputs)) if number not in self._found]
        self._helper: _Process | _Thread | None = None

    def start(self) -> None:
        """Begin in a process of its own, if one may be forked."""
        if self._helper is None and self._missing and may_fork():
            with held():  # what is begun is remembered, and stopped
                self._helper = _Process(self)

    def start_late(self) -> None:
        """Begin in a thread, if nothing has begun: now that the workers have, a thread forbids no fork."""
        if self._helper is None and self._missing:
            self._helper = _Thread(self)

    def inputs(self) -> tuple[Input, ...]:
        """The inputs with their sha256s; waits for them.

        Raises:
            SourceError: If an input cannot be read or has changed since it was listed.
        """
        if self._helper is not None:
            self._found |= self._helper.result()
        for number in self._missing:
            if number not in self._found:  # what went wrong there goes wrong here, and is raised
                self._found[number] = self._digest(number)
        return tuple(
            dataclasses.replace(item, sha256=self._found[number]) for number, item in enumerate(self._inputs)
        )

    def share(self, numbers: Iterable[int]) -> None:
        """Compute the sha256s of some inputs only, for whoever commits the corpus."""
        found = {number: self._digest(number) for number in numbers if number not in self._found}
        if found:
            self._keep(found)

    def find(self, on_found: Callable[[int, str], None]) -> None:
        """Compute what is missing, in order, and hand on each as it is found."""
        unkept: dict[int, str] = {}
        kept_at = time.monotonic()
        for number in self._missing:
            unkept[number] = found = self._digest(number)
            on_found(number, found)
            if time.monotonic() - kept_at >= _KEEP_EVERY_S:
                self._keep(unkept)
                unkept, kept_at = {}, time.monotonic()

    def __enter__(self) -> Digests:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._helper.stop()

    def _digest(self, number: int) -> str:
        return self._source.digest(self._inputs[number])

    def _keep(self, found: dict[int, str]) -> None:
        lines = {_key(number, self._inputs[number]): sha256 for number, sha256 in found.items()}
        storage.make_directory(self._folder)
        storage.write_bytes(self._folder / f"digests-{secrets.token_hex(8)}.json", sealed.to_bytes(lines))


class _Process:
    """Finds digests in a forked process, which writes them into a file without a name."""

    def __init__(self, digests: Digests) -> None:
        self._lines: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `stop` closes it

        def work() -> None:
            digests.find(lambda number, found: self._write(b"%d %s\n" % (number, found.encode())))

        self._pid: int | None = fork(work)

    def result(self) -> dict[int, str]:
        """What it has found; waits for it to end."""
        self._wait()
        self._lines.seek(0)
        found = re.findall(rb"^(\d+) ([0-9a-f]{64})$", self._lines.read(), re.MULTILINE)
        return {int(number): sha256.decode() for number, sha256 in found}

    def stop(self) -> None:
        """Stop it, if it has not ended."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGTERM)
        self._wait()
        self._lines.close()

    def _write(self, line: bytes) -> None:
        self._lines.write(line)

    def _wait(self) -> None:
        if self._pid is not None:
            pid, self._pid = self._pid, None
            with contextlib.suppress(ChildProcessError):  # where the system waits for all children itself
                os.waitpid(pid, 0)


class _Thread:
    """Finds digests in a thread, where no process can be forked."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._found: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run, name="corpuskit-digests", daemon=True)
        self._thread.start()

    def result(self) -> dict[int, str]:
        """What it has found; waits for it to end."""
        self._thread.join()
        return self._found

    def stop(self) -> None:
        """Leave it to itself: it only reads, and does not keep the interpreter from ending."""

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # whoever asks meets the error again
            self._digests.find(self._found.__setitem__)


def _key(number: int, item: Input) -> str:
    """What a kept sha256 is of: this input in this place of the list, in this state."""
    return json.dumps([number, item.name, item.size_bytes, item.version])


def _kept(folder: Path, inputs: Sequence[Input]) -> dict[int, str]:
    """What earlier runs have kept; a file that is broken is of no use and does no harm."""
    kept: dict[str, str] = {}
    for path in folder.glob("digests-*.json"):
        with contextlib.suppress(OSError, ValueError, RecursionError):
            data = reading.read_file(path, max_bytes=_KEPT_BYTES)
            if sealed.is_whole(data):
                kept.update(json.loads(data))
    keys = ((number, kept.get(_key(number, item))) for number, item in enumerate(inputs)) if kept else ()
    return {
        number: found
        for number, found in keys
        if isinstance(found, str) and re.fullmatch("[0-9a-f]{64}", found)
    }
