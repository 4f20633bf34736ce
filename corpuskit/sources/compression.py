"""Compressed bytes to bytes, as a stream that notices when something is missing.

Each format is read member by member (frame by frame) through the decompressor that says where a member
ends. An input that ends before its last member does is cut off, and what follows a member must be another
one. Stream readers that libraries offer return what is there of a cut file and call it the end.
"""

from __future__ import annotations

import bz2
import dataclasses
import importlib
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from corpuskit.errors import ConfigError, SourceError

#: Less than this is never a bomb.
_HARMLESS_BYTES = 16 * 2**20
_INPUT_BYTES = 256 * 1024
#: A decoder hands back what follows its member, so it is given about as much as the last member had, or this,
#: and more and more: what is handed back is never much more than what was decoded.
_FIRST_INPUT_BYTES = 1024
#: zstandard's decompressor returns all that its input holds, and 4 bytes can hold a block of 128 KiB.
_ZSTD_INPUT_BYTES = 4096
#: A member's first bytes: all that its magic bytes and its header may have.
_HEADER_BYTES = 18
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: The largest window that zstandard reads, on a machine of 64 bits.
_LARGEST_WINDOW_BYTES = 2**31
#: What an xz decoder takes beside its window.
_XZ_BYTES = 2**20


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


class _Decoder(Protocol):
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
    decoders: Callable[[Limits], Callable[[], _Decoder]]
    padding: bool = False
    refusal: Callable[[bytes, Limits], str] = lambda head, limits: ""


class _WindowTooLarge(Exception):
    """A member asks for a larger window than is allowed; the message says which, as far as it is known."""


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

    Raises:
        SourceError: While reading, if the data is damaged, cut off, followed by something else, a bomb, or
            asks for too much.
    """

    def __init__(
        self, raw: ByteStream, compression: Compression, *, name: str, limits: Limits | None = None
    ) -> None:
        self._raw = raw
        self._format = compression
        self._name = name
        self._limits = limits or Limits()
        self._new_decoder = compression.decoders(self._limits)
        self._decoder: _Decoder | None = None
        self._input, self._used = b"", 0  # what was read, and how much of it was decoded
        self._next_bytes = _INPUT_BYTES  # how much the decoder is given next
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
        except (MemoryError, _WindowTooLarge) as error:
            raise self._error(self._asks_for_too_much(error)) from error
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError) as error:
            raise self._error(
                f"damaged {self._format.name} data near byte {self._in:,}: {error}; get the file again"
            ) from error
        if decoder.eof:
            self._used -= len(decoder.unused_data or b"")
            self._decoder = None
            length = self._in - len(self._input) + self._used - self._member_at
            self._next_bytes = min(max(2 * length, _FIRST_INPUT_BYTES), _INPUT_BYTES)
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
        self._next_bytes = min(2 * self._next_bytes, _INPUT_BYTES)
        return given

    def _next_member(self) -> bool:
        """Start on the next member; False at the end."""
        self._skip_padding()
        while len(self._input) - self._used < _HEADER_BYTES and self._more():
            self._skip_padding()
        head = self._input[self._used : self._used + _HEADER_BYTES]
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
        data = self._raw.read(_INPUT_BYTES)
        self._in += len(data)
        self._input, self._used = self._input[self._used :] + data, 0
        return bool(data)

    def _asks_for_too_much(self, error: Exception) -> str:
        if isinstance(error, _WindowTooLarge):
            return _window_refusal(self._format.name, str(error), self._limits)
        return (
            f"there is not enough memory for the window of the {self._format.name} data near byte "
            f"{self._in:,}; use fewer --workers, or compress it again with a smaller window"
        )

    def _error(self, message: str) -> SourceError:
        return SourceError(f"{self._name}: {message}", path=self._name)


def _window_refusal(name: str, window: str, limits: Limits) -> str:
    limit = limits.max_window_bytes
    remedy = f"raise the limit with --reader-option max_window_bytes={_LARGEST_WINDOW_BYTES}, or "
    return (
        f"its {name} data needs a window of {window}, and the limit is {limit:,}; "
        f"{remedy if limit < _LARGEST_WINDOW_BYTES else ''}compress it again with a smaller one"
    )


class _Gzip:
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


def _zstd(limits: Limits) -> Callable[[], _Decoder]:
    zstandard = _optional("zstandard", "zstandard")
    # Windows are compared with the limit before: the library's own would be taken for damage.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << zstandard.WINDOWLOG_MAX)
    return lambda: _Zstd(decompressor, zstandard.ZstdError)


def _zstd_refusal(head: bytes, limits: Limits) -> str:
    """What a frame's header asks for that it does not get (RFC 8878, 3.1.1.1)."""
    if not head.startswith(_ZSTD_MAGIC) or len(head) < _HEADER_BYTES:
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
    return _window_refusal("zstandard", f"{window:,} bytes", limits) + " (zstd --long=27)"


class _Xz:
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
                raise _WindowTooLarge("more bytes than that") from error
            raise


def _lz4(limits: Limits) -> Callable[[], _Decoder]:
    new_decoder: Callable[[], _Decoder] = _optional("lz4.frame", "lz4").LZ4FrameDecompressor
    return new_decoder


def _lz4_refusal(head: bytes, limits: Limits) -> str:
    """A frame whose descriptor says that it needs a dictionary."""
    if len(head) > 4 and head[4] & 1:
        return "its lz4 data was compressed with a dictionary, which is not in it; decompress it first"
    return ""


def _optional(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"reading {what} needs a package that is not installed; run: pip install 'corpuskit[formats]'"
        ) from error


def _is_zstd(head: bytes) -> bool:
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50
    return skippable or head.startswith(_ZSTD_MAGIC)


COMPRESSIONS = (
    Compression("gzip", ".gz", lambda head: head.startswith(b"\x1f\x8b"), lambda limits: _Gzip, padding=True),
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
        lambda limits: lambda: _Xz(limits),
        padding=True,
    ),
    Compression("zstandard", ".zst", _is_zstd, _zstd, refusal=_zstd_refusal),
    Compression("lz4", ".lz4", lambda head: head.startswith(b"\x04\x22\x4d\x18"), _lz4, refusal=_lz4_refusal),
)
