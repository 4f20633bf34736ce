"""The inputs' sha256s, computed while the workers encode."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

from corpuskit.sources.base import Input, Source


class Digests:
    """Hashes the inputs that were listed without a sha256, in a thread beside the work.

    Args:
        source: Whose inputs they are.
        inputs: The inputs in order.
    """

    def __init__(self, source: Source, inputs: Sequence[Input]) -> None:
        self._source = source
        self._inputs = inputs
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

    def _run(self) -> None:
        try:
            self._found = [
                item if item.sha256 else dataclasses.replace(item, sha256=self._source.digest(item))
                for item in self._inputs
            ]
        except Exception as error:
            self._error = error
