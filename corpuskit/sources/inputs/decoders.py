"""Decoders of one member of compressed data, and what the header of a member may ask for."""

from __future__ import annotations

import dataclasses
import importlib
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from corpuskit.errors import ConfigError
from corpuskit.registry.distribution import install_command

#: zstandard's decompressor returns all that its input holds, and 4 bytes can hold a block of 128 KiB.
_ZSTD_INPUT_BYTES = 4096
#: A member's first bytes: all that its magic bytes and its header may have.
HEADER_BYTES = 18
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: The largest window that zstandard reads, on a machine of 64 bits.
_LARGEST_WINDOW_BYTES = 2**31
#: What an xz decoder takes beside its window.
_XZ_BYTES = 2**20


class Decoder(Protocol):
    """The interface that bz2, lzma and lz4 decompressors share; one decodes one member."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What compressed data may ask for.

    Args:
        max_ratio: How many times larger than the compressed bytes the text may be. Text compresses 2 to 20
            times; what exceeds this is a decompression bomb, or so repetitive that its owner knows.
        max_window_bytes: The largest window, of which a decoder takes as much memory as the text fills:
            2 GiB is the largest that zstandard reads and writes.
    """

    max_ratio: int = 1000
    max_window_bytes: int = 2**31


class WindowTooLarge(Exception):
    """A member asks for a larger window than is allowed; the message says which, as far as it is known."""


def window_refusal(name: str, window: str, limits: Limits) -> str:
    limit = limits.max_window_bytes
    remedy = f"raise the limit with --reader-option max_window_bytes={_LARGEST_WINDOW_BYTES}, or "
    return (
        f"its {name} data needs a window of {window}, and the limit is {limit:,}; "
        f"{remedy if limit < _LARGEST_WINDOW_BYTES else ''}compress it again with a smaller one"
    )


class Gzip:
    """One gzip member; zlib checks its CRC and length."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        text = self._zlib.decompress(self._zlib.unconsumed_tail + data, max(max_length, 0))
        # A full buffer may leave text inside zlib even when all of its input is taken.
        self.needs_input = not self._zlib.unconsumed_tail and len(text) < max_length
        return text


class _Zstd:
    """One zstandard frame.

    Args:
        decompressor: The stream's; it keeps its memory from frame to frame.
        error: What it raises.
    """

    def __init__(self, decompressor: Any, error: type[Exception]) -> None:
        self._frame = decompressor.decompressobj()
        self._error = error
        self._input = memoryview(b"")
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if data:
            self._input = memoryview(data)
        pieces, size = [], 0
        while self._input and not self._frame.eof and (size < max_length or max_length < 0):
            try:
                pieces.append(self._frame.decompress(self._input[:_ZSTD_INPUT_BYTES]))
            except self._error as error:
                if "not enough memory" in str(error):
                    raise MemoryError(str(error)) from error
                raise OSError(str(error)) from error
            self._input = self._input[_ZSTD_INPUT_BYTES:]
            size += len(pieces[-1])
        self.needs_input = not self._input
        if self._frame.eof:
            self.eof = True
            self.unused_data = self._frame.unused_data + bytes(self._input)
        return b"".join(pieces)


def zstd(limits: Limits) -> Callable[[], Decoder]:
    zstandard = _optional("zstandard", "zstandard")
    # Windows are compared with the limit before: the library's own would be taken for damage.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << zstandard.WINDOWLOG_MAX)
    return lambda: _Zstd(decompressor, zstandard.ZstdError)


def zstd_refusal(head: bytes, limits: Limits) -> str:
    """What a frame's header asks for that it does not get (RFC 8878, 3.1.1.1)."""
    if not head.startswith(_ZSTD_MAGIC) or len(head) < HEADER_BYTES:
        return ""  # a skippable frame, or one too short to need anything
    descriptor, single_segment = head[4], head[4] & 0x20
    dictionary_bytes = (0, 1, 2, 4)[descriptor & 3]
    at = 5 if single_segment else 6
    dictionary = int.from_bytes(head[at : at + dictionary_bytes], "little")
    if dictionary:
        return (
            f"its zstandard data was compressed with a dictionary (id {dictionary}), which is not in it; "
            "decompress it with zstd -D first"
        )
    if single_segment:
        at += dictionary_bytes
        size_bytes = (1, 2, 4, 8)[descriptor >> 6]
        window = int.from_bytes(head[at : at + size_bytes], "little") + (256 if size_bytes == 2 else 0)
    else:
        base = 1 << (10 + (head[5] >> 3))
        window = base + base // 8 * (head[5] & 7)
    if window <= min(limits.max_window_bytes, _LARGEST_WINDOW_BYTES):
        return ""
    return window_refusal("zstandard", f"{window:,} bytes", limits) + " (zstd --long=27)"


class Xz:
    """One xz stream, whose window may not be larger than allowed."""

    def __init__(self, limits: Limits) -> None:
        self._xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.max_window_bytes + _XZ_BYTES)

    @property
    def eof(self) -> bool:
        return self._xz.eof

    @property
    def needs_input(self) -> bool:
        return self._xz.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._xz.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            return self._xz.decompress(data, max_length)
        except lzma.LZMAError as error:
            if "limit" in str(error):
                raise WindowTooLarge("more bytes than that") from error
            raise


def lz4(limits: Limits) -> Callable[[], Decoder]:
    new_decoder: Callable[[], Decoder] = _optional("lz4.frame", "lz4").LZ4FrameDecompressor
    return new_decoder


def lz4_refusal(head: bytes, limits: Limits) -> str:
    """A frame whose descriptor says that it needs a dictionary."""
    if len(head) > 4 and head[4] & 1:
        return "its lz4 data was compressed with a dictionary, which is not in it; decompress it first"
    return ""


def _optional(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"reading {what} needs a package that is not installed; run: {install_command('formats')}"
        ) from error


def is_zstd(head: bytes) -> bool:
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50
    return skippable or head.startswith(_ZSTD_MAGIC)
