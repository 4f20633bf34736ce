"""A thread that fetches what will be needed next."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from corpuskit.errors import CorpuskitError

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """The program ends: nobody needs what is being fetched."""


class Ahead:
    """Calls `load` for announced numbers before they are used, a few at a time.

    The thread starts with an announcement, and ends when there is nothing left to do or the program ends. It
    is no daemon: those are stopped wherever they are when the interpreter ends, and if that is in a library's
    C++ code the process aborts. A process that was forked has no thread and starts its own.

    Args:
        load: Makes one number available; it calls its second argument now and then, which raises `Stopped` if
            the program ends. Its errors are logged: whoever uses the number meets them too.
    """

    def __init__(self, load: Callable[[int, Callable[[], None]], None]) -> None:
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
                threading.Thread(target=self._work, name="corpuskit-shards").start()

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
                idle_until = time.monotonic() + _IDLE_S
                while self._waiting and len(self._loaded) >= self._at_once:
                    self._changed.wait(timeout=_LOOK_S)
                    if program_ends() or time.monotonic() > idle_until:
                        break
                if not self._waiting or len(self._loaded) >= self._at_once or program_ends():
                    self._running = False
                    return
                number = self._waiting.pop(0)
                self._loaded.add(number)
            try:
                self._load(number, _check)
            except Stopped:
                continue
            except CorpuskitError as error:
                log.info("not fetched ahead: %s", error)
            except Exception:
                log.exception("not fetched ahead: shard %d", number)


def program_ends() -> bool:
    """Whether the main thread has ended and waits for the others."""
    return not threading.main_thread().is_alive()


def _check() -> None:
    if program_ends():
        raise Stopped


#: A thread with nothing to do ends after this; the next announcement starts another.
_IDLE_S = 10.0
#: How often a thread that waits looks whether the program ends.
_LOOK_S = 0.1
