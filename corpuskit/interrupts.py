"""SIGINT and SIGTERM: heard at any moment, told once, and never lost.

A program has three times in its life. Until there is something to tidy up, a signal ends it at once. While it
works, the first signal raises, so that everything is tidied up, and later ones change nothing. When all is
done, a signal ends it at once again. What is raised is a KeyboardInterrupt: libraries let it pass, and nobody
takes it for a plugin that called `sys.exit`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

log = logging.getLogger(__name__)

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}

#: Where nobody could catch what a signal raised, it is raised again after so many seconds.
_AGAIN_S = 0.01

_heard: list[int] = []
_explained: list[str] = []
_hook = sys.__unraisablehook__  # what was told of errors that nobody could catch, before `unwind`


class Interrupted(KeyboardInterrupt):
    """SIGINT arrived. After a plain KeyboardInterrupt that passed `exec`, Python ends in its own way."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: unwind as for Ctrl-C, so that nothing half-made is left in the way."""


_RAISED: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}


def end_at_once() -> None:
    """From now on, end at a signal with one line and its exit code; nothing is left to tidy up."""
    _handle(_end)


def unwind() -> None:
    """From now on, raise Interrupted or Terminated at the first signal, and ignore those after it."""
    global _hook
    _heard.clear()
    _explained.clear()
    _handle(_raise)
    if sys.unraisablehook is not _unraisable:
        _hook, sys.unraisablehook = sys.unraisablehook, _unraisable


def heard() -> int | None:
    """The signal that was raised since `unwind`."""
    return _heard[0] if _heard else None


def exit_code(number: int) -> int:
    """What a shell says of a program that a signal ended: 130 or 143."""
    return 128 + number


def message(number: int) -> str:
    """The line that says so, with what was explained meanwhile."""
    return "; ".join([f"corpuskit: {_WORDS[signal.Signals(number)]}", *_explained])


def line_start() -> str:
    """What comes before that line: on a terminal it covers the `^C` there."""
    return "\r" if os.isatty(2) else ""


def explain(words: str) -> None:
    """Say what a signal leaves: in the line that says so, or as a warning where this program writes none."""
    if _heard:
        _explained[:] = [words]
    else:
        log.warning("stopped; %s", words)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let no signal arrive within: in a fork, whose hooks swallow errors, and in what must be known of it.

    It arrives at the end, in this process. A new process begins with all signals held, until `release`: it
    never runs what this one does at a signal.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with _noted():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _noted() -> Iterator[None]:
    """Send this thread again what arrives through threads that do not hold it, such as BLAS's."""
    if threading.current_thread() is not threading.main_thread():  # no handler runs here
        yield
        return
    seen: list[int] = []
    found = {int(number): signal.getsignal(number) for number in signal.valid_signals()}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        for number in handlers:
            signal.signal(number, lambda number, frame: seen.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in seen:
            signal.raise_signal(number)


def release(on_sigterm: Callable[[int, FrameType | None], Any]) -> None:
    """Have signals arrive in a process that helps another: SIGTERM as said, nothing that the other handles.

    Ctrl-C reaches the whole process group; the first process alone decides what happens then.
    """
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, on_sigterm)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _handle(handler: Callable[[int, FrameType | None], Any]) -> None:
    for number in _WORDS:
        # A shell's background job ignores SIGINT, and goes on doing so.
        if _heard or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    if not _heard:
        with contextlib.suppress(OSError):
            os.write(2, f"{line_start()}{message(number)}\n".encode())
    os._exit(exit_code(number))


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    for each in _WORDS:
        signal.signal(each, signal.SIG_IGN)
    _heard.append(number)
    raise _RAISED[number]


def _again(number: int, frame: FrameType | None) -> NoReturn:
    raise _RAISED[_heard[0]]


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """Raise once more what a signal raised in a place that swallows it, such as a destructor."""
    if _heard and isinstance(unraisable.exc_value, KeyboardInterrupt):
        signal.signal(signal.SIGALRM, _again)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
    else:
        _hook(unraisable)
