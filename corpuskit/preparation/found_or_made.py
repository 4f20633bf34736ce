"""Finding what is there, or making it in turn with other processes, which may be faster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from corpuskit.errors import ConfigError, CorpuskitError, WorkerError
from corpuskit.locks import lock_or_go_on

Thing = TypeVar("Thing")


def found_or_made(
    find: Callable[[], Thing | None],
    make: Callable[[], Thing],
    *,
    replaces: bool,
    lock: Path,
    on_wait: Callable[[], None],
    is_taken: Callable[[Exception], bool],
) -> Thing:
    """What is there already; else what is made now, by this process or by one that was faster.

    Args:
        find: Gives what is there, or None. It is asked first, and again once the lock is held.
        make: Makes it.
        replaces: Whether what is there may be replaced. Finding it reads much then, and waits for the lock.
        lock: The file of a lock that all who make it hold meanwhile, where locks work.
        on_wait: Called once if another process holds the lock, before waiting.
        is_taken: Whether an error of `make` may mean that another process has made it first, as can be where
            locks do nothing. It is looked for once more then.

    Raises:
        Exception: What `find` or `make` raises; if both do, what `make` raised, which came first.
    """
    if not replaces and (found := find()) is not None:
        return found
    with lock_or_go_on(lock, on_wait=on_wait):
        if (found := find()) is not None:
            return found
        try:
            return make()
        except (OSError, ConfigError, WorkerError) as error:
            if is_taken(error):
                with contextlib.suppress(CorpuskitError, OSError):
                    found = find()
            if found is None:
                raise
            return found


__all__ = ["found_or_made"]
