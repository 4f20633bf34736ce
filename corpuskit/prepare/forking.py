"""Processes forked from this one: they begin at once, with everything that is loaded already."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def may_fork() -> bool:
    """Whether a fork gives a child that works: a system made for it, and no thread that holds a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


def fork(work: Callable[[], None]) -> int:
    """Run something in a forked process, which then ends, as it does when this process dies.

    Args:
        work: What to run, as `run_and_exit` does.

    Returns:
        The process's id; the caller waits for it.
    """
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python 3.12 warns where any library has threads. These are idle (BLAS), and the child only reads,
        # hashes and runs the tokenizer, which starts none.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        gc.freeze()  # what there is now is not looked at again, nor copied for it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        run_and_exit(work)
    return pid


def run_and_exit(work: Callable[[], None]) -> NoReturn:
    """A helping process's whole life: run something, clean up when told to stop, and return to nowhere.

    Ctrl-C reaches the whole process group; the first process alone decides what happens then.
    """
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop)
        work()
        code = 0
    except (BrokenPipeError, ConnectionResetError, SystemExit):
        code = 0
    finally:
        os._exit(code)


def _stop(number: int, frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: cleaning up must not be disturbed
    raise SystemExit
