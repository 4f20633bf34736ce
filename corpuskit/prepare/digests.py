"""The inputs' sha256s, computed while the workers encode, and kept beside the parts."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from corpuskit import storage
from corpuskit.sources.base import Input, Source


class Digests:
    """Hashes the inputs that were listed without a sha256, in a thread beside the work.

    Args:
        source: Whose inputs they are.
        inputs: The inputs in order.
        folder: Where what is found is kept, for later runs and for those that do other parts.
    """

    def __init__(self, source: Source, inputs: Sequence[Input], folder: Path) -> None:
        self._source = source
        self._inputs = inputs
        self._folder = folder
        self._found: list[Input] = []
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if it has not begun."""
        if self._thread is None and any(not item.sha256 for item in self._inputs):
            self._thread = threading.Thread(target=self._run, name="corpuskit-digests", daemon=True)
            self._thread.start()

    def inputs(self) -> tuple[Input, ...]:
        """The inputs with their sha256s; waits for them.

        Raises:
            SourceError: If an input cannot be read or has changed since it was listed.
        """
        if self._thread is None:
            self._run()
        else:
            self._thread.join()
        if self._error is not None:
            raise self._error
        return tuple(self._found)

    def share(self, numbers: Sequence[int]) -> None:
        """Compute the sha256s of some inputs only, for whoever commits the corpus."""
        for number in numbers:
            self._digest(number)

    def _run(self) -> None:
        try:
            self._found = [
                dataclasses.replace(item, sha256=self._digest(number))
                for number, item in enumerate(self._inputs)
            ]
        except Exception as error:
            self._error = error

    def _digest(self, number: int) -> str:
        item = self._inputs[number]
        if item.sha256:
            return item.sha256
        kept = self._folder / f"input-{number:05d}.sha256"
        with contextlib.suppress(OSError):
            if re.fullmatch("[0-9a-f]{64}", found := kept.read_text()):
                return found
        found = self._source.digest(item)
        storage.write_bytes(kept, found.encode())
        return found
