"""Batches made ahead of time by a thread. NumPy lets go of the interpreter while it gathers and widens."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

# How often a producer that waits for room looks whether anybody still wants its batches.
_LOOK_S = 0.1


class Prefetcher:
    """Calls `make` for a sequence of sample numbers ahead of being asked.

    Args:
        make: Gives what `get` returns for a sample number; called by one thread, in order.
        first_sample: The first sample number.
        after: From a sample number to the next.
        depth: How many results may wait.
        end: No sample number from here on is made.

    Attributes:
        next_sample: The sample number whose result `get` gives next.
    """

    def __init__(
        self,
        make: Callable[[int], Any],
        first_sample: int,
        *,
        after: Callable[[int], int],
        depth: int,
        end: int | None,
    ) -> None:
        self.next_sample = first_sample
        self._make = make
        self._after = after
        self._end = end
        self._results: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(depth)
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._produce, args=(first_sample,), name="corpuskit-prefetch", daemon=True
        )
        self._thread.start()

    def get(self) -> Any:
        """The next result, or the error that making it raised."""
        result, error = self._results.get()
        if error is not None:
            raise error
        self.next_sample = self._after(self.next_sample)
        return result

    def close(self) -> None:
        """Stop the thread and forget what it made."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):  # a producer that waits for room finds some
            while True:
                self._results.get_nowait()
        self._thread.join()

    def _produce(self, sample: int) -> None:
        while (self._end is None or sample < self._end) and not self._closed.is_set():
            try:
                item = (self._make(sample), None)
            except BaseException as error:  # it belongs to whoever waits for the batch
                self._put((None, error))
                return
            self._put(item)
            sample = self._after(sample)

    def _put(self, item: tuple[Any, BaseException | None]) -> None:
        while not self._closed.is_set():
            try:
                self._results.put(item, timeout=_LOOK_S)
            except queue.Full:
                continue
            return
