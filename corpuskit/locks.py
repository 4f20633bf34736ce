"""Locks between processes. They only save duplicate work: where one does nothing, nothing is wrong."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.file_errors import storage_error

log = logging.getLogger(__name__)


@contextlib.contextmanager
def lock_or_go_on(
    path: Path, *, timeout_s: float = -1, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Hold a lock where that works, and go on without it where it does not.

    Args:
        path: The lock's file; it stays behind.
        timeout_s: Seconds to wait for it, and then to go on without it; negative waits for ever.
        on_wait: Called once if somebody else holds it, before waiting.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock(path, timeout_s=timeout_s, on_wait=on_wait))
        except StorageError as error:
            log.debug("going on without a lock: %s", error)
        yield


@contextlib.contextmanager
def lock(path: Path, *, timeout_s: float = -1, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an advisory lock, which the system releases when its holder dies.

    Args:
        path: The lock's file; it stays behind.
        timeout_s: How long to wait for it; negative waits for ever.
        on_wait: Called once if somebody else holds it, before waiting.

    Raises:
        StorageError: If the file cannot be made or locked, or is still held after `timeout_s`.
    """
    import filelock

    storage.make_directory(path.parent)
    if path.is_symlink():
        raise StorageError(f"cannot lock {path}: it is a link; delete it", path=path)
    held = filelock.FileLock(path)
    try:
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            if on_wait is not None:
                on_wait()
            held.acquire(timeout=timeout_s)
    except filelock.Timeout as error:
        raise StorageError(
            f"another process holds {path}; wait for it to end, or stop it", path=path
        ) from error
    except OSError as error:
        raise storage_error(path, "lock", error) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the system releases it when this process ends
            held.release()
