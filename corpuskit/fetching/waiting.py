"""Time limits that hold inside the calls of other libraries."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from corpuskit.fetching.options import FetchOptions, Transient

_T = TypeVar("_T")


class Late(Exception):
    """A call did not return in time."""


class Budget:
    """The time of one attempt: asked before every read of a socket, whichever library makes it.

    Args:
        options: The limits.
        deadline: When to stop, on the options' clock.
    """

    def __init__(self, options: FetchOptions, deadline: float) -> None:
        self.options = options
        self._deadline = deadline
        self._abandoned = threading.Event()
        self._window_start: float | None = None
        self._window_bytes = 0

    @property
    def left_s(self) -> float:
        """How long is left; never less than nothing."""
        return max(self._deadline - self.options.clock(), 0.0)

    def wait_s(self) -> float:
        """How long the next read may wait.

        Raises:
            Transient: If the time is up, nobody waits any more, or the body comes too slowly.
        """
        now = self.options.clock()
        if now >= self._deadline or self._abandoned.is_set():
            raise Transient("the time limit was reached")
        if self._window_start is not None and now - self._window_start >= self.options.rate_window_s:
            rate = self._window_bytes / (now - self._window_start)
            if rate < self.options.min_bytes_per_s:
                raise Transient(f"the server sends only {rate:,.0f} bytes of the file a second")
            self.begin_body()
        return min(self.options.read_timeout_s, self._deadline - now)

    def begin_body(self) -> None:
        """From now on bytes of the file are expected, at the lowest rate or faster."""
        self._window_start, self._window_bytes = self.options.clock(), 0

    def count(self, num_bytes: int) -> None:
        """So many bytes of the file have come. What frames them does not count."""
        self._window_bytes += num_bytes

    def abandon(self) -> None:
        """Let a read that another thread is about to make fail."""
        self._abandoned.set()


def call_within(seconds: float, action: Callable[[], _T], *, discard: Callable[[_T], object]) -> _T:
    """What `action` returns, if it does so in time.

    It runs in a thread of its own, since nothing can interrupt a call that looks up a name or waits for a
    peer; one that comes too late goes to `discard`.

    Raises:
        Late: If it takes longer.
    """
    results: queue.SimpleQueue[tuple[_T | None, Exception | None]] = queue.SimpleQueue()
    gone = threading.Event()

    def run() -> None:
        try:
            results.put((action(), None))
        except Exception as error:  # it is raised where it is waited for
            results.put((None, error))
        if gone.is_set():
            drop()

    def drop() -> None:
        gone.set()
        with contextlib.suppress(queue.Empty):
            result, error = results.get_nowait()
            if error is None:
                discard(result)  # type: ignore[arg-type]

    threading.Thread(target=run, name="corpuskit-fetch", daemon=True).start()
    try:
        result, failure = results.get(timeout=seconds)
    except BaseException as error:
        drop()
        if not isinstance(error, queue.Empty):
            raise
        failure = Late()
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]
