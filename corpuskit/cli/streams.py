"""stdout and stderr that take any text, whatever they can show of it."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import Any, BinaryIO, TextIO, cast

from corpuskit.errors import StorageError

_STDOUT, _STDERR = 1, 2


class _Stdout(io.FileIO):
    """What data goes to; that it cannot be written is an error of its own."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(f"stdout: cannot write: {error.strerror}") from error


class _Stderr(io.FileIO):
    """What talk goes to; where nobody can hear it, nothing is said."""

    def write(self, data: Any) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def open_streams() -> None:
    """Have `sys.stdout` and `sys.stderr` show an escape for each character that their encoding lacks.

    A file name that is not valid UTF-8 leaves through a pipe as the bytes that it is. A stdout that was
    closed before this process began is an error when something is written to it.
    """
    codecs.register_error("corpuskit", _as_bytes)
    # No file that is opened later may be taken for a stream.
    while (fd := os.open(os.devnull, os.O_RDONLY)) <= _STDERR:
        continue
    os.close(fd)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _open(sys.stdout, _Stdout(_STDOUT, "w", closefd=False))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _open(sys.stderr, _Stderr(_STDERR, "w", closefd=False))


def give_up_stdout() -> None:
    """Let go of what stdout could not write, of which the interpreter would complain as it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDOUT)
    os.close(null)


def _open(like: TextIO | None, raw: io.FileIO) -> TextIO:
    """A stream of the same encoding, which is flushed as often."""
    unbuffered = isinstance(getattr(like, "buffer", None), io.RawIOBase)
    return io.TextIOWrapper(
        cast("BinaryIO", raw if unbuffered else io.BufferedWriter(raw)),
        encoding=like.encoding if like else "utf-8",
        errors="backslashreplace" if raw.isatty() else "corpuskit",
        line_buffering=bool(getattr(like, "line_buffering", False)),
        write_through=bool(getattr(like, "write_through", False)),
    )


def _as_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """What Python read of bytes that are not text as those bytes, everything else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeEncodeError:
        return codecs.lookup_error("backslashreplace")(error)


__all__ = ["give_up_stdout", "open_streams"]
