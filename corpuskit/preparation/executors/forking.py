"""Processes that help this one: forked from it, with everything that is loaded already, or begun afresh."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from corpuskit.interrupts import Terminated, held, release

_PR_SET_PDEATHSIG = 1


def may_fork() -> bool:
    """Whether a fork gives a child that works: a system made for it, and no thread that holds a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


def fork(work: Callable[[], None]) -> int:
    """Run something in a forked process, which then ends, as it does when this process dies.

    Between the fork and its own handlers no signal reaches the child: it would run this process's clean-up.

    Args:
        work: What to run, as `run_and_exit` does.

    Returns:
        The process's id; the caller waits for it.
    """
    parent = os.getpid()
    with held(), warnings.catch_warnings():
        # Python 3.12 warns where any library has threads. These are idle (BLAS), and the child only reads,
        # hashes and runs the tokenizer, which starts none.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
        if pid == 0:
            try:
                _begin(parent, work)
            finally:
                os._exit(1)
    return pid


def _begin(parent: int, work: Callable[[], None]) -> NoReturn:
    gc.freeze()  # what there is now is not looked at again, nor copied for it
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)
    run_and_exit(work)


def run_and_exit(work: Callable[[], None]) -> NoReturn:
    """A helping process's whole life: run something, clean up when told to stop, and return to nowhere.

    It is begun with signals held, and releases them.
    """
    code = 1
    try:
        release(_stop)
        work()
        code = 0
    except (BrokenPipeError, ConnectionResetError, Terminated):
        code = 0
    finally:
        os._exit(code)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: cleaning up must not be disturbed
    sys.unraisablehook = lambda unraisable: os._exit(0)  # raised where nobody can catch it
    raise Terminated
