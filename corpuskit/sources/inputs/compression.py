"""Compressed bytes to bytes, as a stream that notices when something is missing.

Each format is read member by member (frame by frame) through the decompressor that says where a member
ends. An input that ends before its last member does is cut off, and what follows a member must be another
one. Stream readers that libraries offer return what is there of a cut file and call it the end.
"""

from __future__ import annotations

import bz2
import dataclasses
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from corpuskit.errors import SourceError, reason_of
from corpuskit.sources.inputs.decoders import (
    HEADER_BYTES,
    Decoder,
    Gzip,
    Limits,
    WindowTooLarge,
    Xz,
    is_zstd,
    lz4,
    lz4_refusal,
    window_refusal,
    zstd,
    zstd_refusal,
)

#: Less than this is never a bomb.
_HARMLESS_BYTES = 16 * 2**20
#: How many compressed bytes are read at once.
INPUT_BYTES = 256 * 1024
#: A decoder hands back what follows its member, so it is given about as much as the last member had, or this,
#: and more and more: what is handed back is never much more than what was decoded.
_FIRST_INPUT_BYTES = 1024


class ByteStream(Protocol):
    """What readers read from: `read(n)` gives at most n bytes, and none only at the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, in order."""

    def close(self) -> None:
        """Let go of what is held open."""


class SeekableStream(ByteStream, Protocol):
    """A stream that can be read from any place on."""

    def seek(self, position: int, /) -> int:
        """Go on reading at a byte; returns it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Compression:
    """A compression format.

    Args:
        name: What messages call it.
        extension: The file name ending that means it.
        is_magic: Whether a file that begins with these bytes is in this format.
        decoders: Given the limits, what makes the decoder of each member.
        padding: Whether zero bytes may follow a member.
        refusal: Why a member that begins with these bytes cannot be read, or "".
    """

    name: str
    extension: str
    is_magic: Callable[[bytes], bool]
    decoders: Callable[[Limits], Callable[[], Decoder]]
    padding: bool = False
    refusal: Callable[[bytes, Limits], str] = lambda head, limits: ""


def by_extension(name: str) -> Compression | None:
    """The compression that a file's name says, or None for a plain file."""
    return next((c for c in COMPRESSIONS if name.lower().endswith(c.extension)), None)


def by_magic(head: bytes) -> Compression | None:
    """The compression that a file's first bytes say, or None."""
    return next((c for c in COMPRESSIONS if c.is_magic(head)), None)


class Decompressed:
    """The decompressed bytes of a stream.

    Args:
        raw: The compressed bytes.
        compression: Their format.
        name: What messages call the input.
        limits: What they may ask for.
        input_bytes: How many compressed bytes are read at once; fewer make `unused_bytes` exacter.

    Raises:
        SourceError: While reading, if the data is damaged, cut off, followed by something else, a bomb, or
            asks for too much.
    """

    def __init__(
        self,
        raw: ByteStream,
        compression: Compression,
        *,
        name: str,
        limits: Limits | None = None,
        input_bytes: int = INPUT_BYTES,
    ) -> None:
        self._raw = raw
        self._input_bytes = input_bytes
        self._format = compression
        self._name = name
        self._limits = limits or Limits()
        self._new_decoder = compression.decoders(self._limits)
        self._decoder: Decoder | None = None
        self._input, self._used = b"", 0  # what was read, and how much of it was decoded
        self._next_bytes = input_bytes  # how much the decoder is given next
        self._text = memoryview(b"")  # what a decoder gave beyond what was asked for
        self._members = self._member_at = self._in = self._out = 0

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer than half only at the end of the last member, none only after it."""
        pieces, left = [self._text[:size]], size
        self._text = self._text[size:]
        left -= len(pieces[0])
        while left > size // 2:
            if self._decoder is None and not self._next_member():
                break
            data = memoryview(self._decode(left))
            self._text = data[left:]
            pieces.append(data[:left])
            left -= len(pieces[-1])
        return b"".join(pieces)

    def unused_bytes(self) -> int:
        """How many of the compressed bytes that were read are not decoded yet."""
        return len(self._input) - self._used

    def close(self) -> None:
        """Close the compressed stream."""
        self._raw.close()

    def _decode(self, size: int) -> bytes:
        """About so much more of the member that is read; perhaps nothing yet."""
        decoder = self._decoder
        assert decoder is not None
        given = self._given() if decoder.needs_input else b""
        try:
            data = decoder.decompress(given, size)
        except (MemoryError, WindowTooLarge) as error:
            raise self._error(self._asks_for_too_much(error)) from error
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError) as error:
            raise self._error(
                f"damaged {self._format.name} data near byte {self._in:,}: {reason_of(error)}; get the file "
                "again"
            ) from error
        if decoder.eof:
            self._used -= len(decoder.unused_data or b"")
            self._decoder = None
            length = self._in - len(self._input) + self._used - self._member_at
            self._next_bytes = min(max(2 * length, _FIRST_INPUT_BYTES), self._input_bytes)
        self._out += len(data)
        if self._out > max(_HARMLESS_BYTES, self._limits.max_ratio * self._in):
            raise self._error(
                f"{self._in:,} bytes of {self._format.name} became more than {self._out:,}; if this "
                f"is right, raise the limit with --reader-option max_ratio={2 * self._limits.max_ratio}"
            )
        return data

    def _given(self) -> bytes:
        """The next compressed bytes for a decoder."""
        if self._used == len(self._input) and not self._more():
            raise self._error(
                f"the {self._format.name} data is cut off after {self._in:,} bytes; get the file again"
            )
        given = self._input[self._used : self._used + self._next_bytes]
        self._used += len(given)
        self._next_bytes = min(2 * self._next_bytes, self._input_bytes)
        return given

    def _next_member(self) -> bool:
        """Start on the next member; False at the end."""
        self._skip_padding()
        while len(self._input) - self._used < HEADER_BYTES and self._more():
            self._skip_padding()
        head = self._input[self._used : self._used + HEADER_BYTES]
        if not head:
            if self._members:
                return False
            raise self._error(f"an empty file is not {self._format.name}; get the file again")
        self._member_at = self._in - len(self._input) + self._used
        if not self._format.is_magic(head):
            where = f"byte {self._member_at:,}"
            raise self._error(f"something that is not {self._format.name} at {where}; get the file again")
        if refusal := self._format.refusal(head, self._limits):
            raise self._error(refusal)
        self._members += 1
        self._decoder = self._new_decoder()
        return True

    def _skip_padding(self) -> None:
        """Pass over the zero bytes that may follow a member."""
        if not (self._format.padding and self._members):
            return
        while self._input[self._used : self._used + 1] == b"\0":
            piece = self._input[self._used : self._used + _FIRST_INPUT_BYTES]
            self._used += len(piece) - len(piece.lstrip(b"\0"))

    def _more(self) -> bool:
        """Read more; False at the end."""
        data = self._raw.read(self._input_bytes)
        self._in += len(data)
        self._input, self._used = self._input[self._used :] + data, 0
        return bool(data)

    def _asks_for_too_much(self, error: Exception) -> str:
        if isinstance(error, WindowTooLarge):
            return window_refusal(self._format.name, str(error), self._limits)
        return (
            f"there is not enough memory for the window of the {self._format.name} data near byte "
            f"{self._in:,}; use fewer --workers, or compress it again with a smaller window"
        )

    def _error(self, message: str) -> SourceError:
        return SourceError(f"{self._name}: {message}", path=self._name)


COMPRESSIONS = (
    Compression("gzip", ".gz", lambda head: head.startswith(b"\x1f\x8b"), lambda limits: Gzip, padding=True),
    Compression(
        "bzip2",
        ".bz2",
        lambda head: head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"),
        lambda limits: bz2.BZ2Decompressor,
    ),
    Compression(
        "xz",
        ".xz",
        lambda head: head.startswith(b"\xfd7zXZ\0"),
        lambda limits: lambda: Xz(limits),
        padding=True,
    ),
    Compression("zstandard", ".zst", is_zstd, zstd, refusal=zstd_refusal),
    Compression("lz4", ".lz4", lambda head: head.startswith(b"\x04\x22\x4d\x18"), lz4, refusal=lz4_refusal),
)

__all__ = ["COMPRESSIONS", "ByteStream", "Compression", "Decompressed", "Limits", "SeekableStream"]
__all__ += ["by_extension", "by_magic"]
