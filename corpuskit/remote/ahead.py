"""A thread that fetches what will be needed next."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence

from corpuskit.errors import CorpuskitError

log = logging.getLogger(__name__)


class Ahead:
    """Calls `load` for announced numbers before they are used, a few at a time.

    The thread starts with the first announcement, and ends when there is nothing left to do. A process that
    was forked has none and starts its own.

    Args:
        load: Makes one number available. Its errors are logged: whoever uses the number meets them too.
    """

    def __init__(self, load: Callable[[int], None]) -> None:
        self._load = load
        self._waiting: list[int] = []
        self._loaded: set[int] = set()
        self._at_once = 0
        self._running = False
        self._reset()

    def announce(self, numbers: Sequence[int], *, at_once: int) -> None:
        """Say what will be used next, in order; at most `at_once` of them are loaded and not yet used."""
        if self._pid != os.getpid():
            self._reset()
        with self._changed:
            self._waiting = [number for number in numbers if number not in self._loaded]
            self._loaded &= set(numbers)
            self._at_once = at_once
            self._changed.notify()
            if self._waiting and not self._running:
                self._running = True
                threading.Thread(target=self._work, name="corpuskit-shards", daemon=True).start()

    def used(self, number: int) -> None:
        """Say that a number is being used: another one may be loaded in its place."""
        if self._pid != os.getpid():
            self._reset()
        with self._changed:
            if number in self._waiting:
                self._waiting.remove(number)
            if number in self._loaded:
                self._loaded.discard(number)
            self._changed.notify()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._waiting, self._loaded = [], set()
        self._running = False

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._waiting and len(self._loaded) >= self._at_once:
                    if not self._changed.wait(timeout=_IDLE_S):
                        self._running = False
                        return
                if not self._waiting:
                    self._running = False
                    return
                number = self._waiting.pop(0)
                self._loaded.add(number)
            try:
                self._load(number)
            except CorpuskitError as error:
                log.info("not fetched ahead: %s", error)
            except Exception:
                log.exception("not fetched ahead: shard %d", number)


#: A thread with nothing to do ends after this; the next announcement starts another.
_IDLE_S = 60.0
