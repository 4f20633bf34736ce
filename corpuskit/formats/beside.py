"""What an import does beside reading, in threads of their own: the corpus is written, the files are hashed.

Neither gets far ahead of the other. So memory is bounded, and what one of them has read of a large file is
still in the system's memory when the other reads it.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from corpuskit.formats.foreign_bytes import opened

#: Little enough to stay in the processor's cache while it is hashed.
_HASH_BYTES = 2**18


class Beside:
    """Calls in a thread beside this one, in order: each is made when the one before is done.

    As a context manager it ends when the last call has, so that nobody takes away what that one works on.
    """

    def __init__(self) -> None:
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._last: concurrent.futures.Future[Any] | None = None

    def run(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Make a call beside this one, once the one before is done.

        Raises:
            Exception: What that one raised.
        """
        self.wait()
        self._last = self._thread.submit(call, *arguments)

    def wait(self) -> None:
        """Return when the last call is done.

        Raises:
            Exception: What it raised.
        """
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if kind is None:
            self.wait()


class InputDigests:
    """The digests of files, made beside reading them.

    Args:
        sizes_bytes: The size of each file in bytes.
        beside: Where they are made.
    """

    def __init__(self, sizes_bytes: Mapping[Path, int], beside: Beside) -> None:
        self._sizes_bytes, self._beside = sizes_bytes, beside
        self._digests = {path: hashlib.sha256() for path in sizes_bytes}
        self._done_bytes = dict.fromkeys(sizes_bytes, 0)

    def follow(self, paths: Sequence[Path], share: float) -> None:
        """Hash files as far as they were read.

        Args:
            paths: The files, which are read one after another.
            share: How much of them, 0 to 1.

        Raises:
            CorpusFormatError: If one is gone.
            StorageError: If one cannot be read.
        """
        self._beside.run(self._hash, paths, share)

    def finished(self) -> list[str]:
        """The hexadecimal digest of each file, in their order, once all bytes of all are hashed.

        Raises:
            CorpusFormatError: If one is gone.
            StorageError: If one cannot be read.
        """
        self.follow([*self._sizes_bytes], 1)
        self._beside.wait()
        return [digest.hexdigest() for digest in self._digests.values()]

    def _hash(self, paths: Sequence[Path], share: float) -> None:
        left = int(share * sum(self._sizes_bytes[path] for path in paths))
        for path in paths:
            stop = min(left, self._sizes_bytes[path])
            left -= stop
            if stop > (at := self._done_bytes[path]):
                with opened(path) as file:
                    for start in range(at, stop, _HASH_BYTES):
                        piece = file.read(start, min(_HASH_BYTES, stop - start))
                        self._digests[path].update(piece.data)
                self._done_bytes[path] = stop


__all__ = ["Beside", "InputDigests"]
