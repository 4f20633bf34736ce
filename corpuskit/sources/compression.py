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

from corpuskit.distribution import install_command
from corpuskit.errors import ConfigError, SourceError

#: How much larger than the compressed bytes the text may be. Text compresses 2 to 20 times; what exceeds
#: this is a decompression bomb, or so repetitive that its owner knows.
MAX_RATIO = 1000
#: Less than this is never a bomb.
_HARMLESS_BYTES = 16 * 2**20
_INPUT_BYTES = 256 * 1024
#: zstandard's decompressor returns all that its input holds, and 4 bytes can hold a block of 128 KiB.
_ZSTD_INPUT_BYTES = 4096
_MAGIC_BYTES = 10


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
class Compression:
    """A compression format.

    Args:
        name: What messages call it.
        extension: The file name ending that means it.
        is_magic: Whether a file that begins with these bytes is in this format.
        new_decoder: Makes the decoder of one member.
        padding: Whether zero bytes may follow a member.
    """

    name: str
    extension: str
    is_magic: Callable[[bytes], bool]
    new_decoder: Callable[[], _Decoder]
    padding: bool = False


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
        max_ratio: More text than this many times the compressed bytes is an error.

    Raises:
        SourceError: While reading, if the data is damaged, cut off, followed by something else, or a bomb.
    """

    def __init__(
        self, raw: ByteStream, compression: Compression, *, name: str, max_ratio: int = MAX_RATIO
    ) -> None:
        self._raw = raw
        self._format = compression
        self._name = name
        self._max_ratio = max_ratio
        self._decoder: _Decoder | None = None
        self._input = b""
        self._text = memoryview(b"")  # what a decoder gave beyond what was asked for
        self._members = self._in = self._out = 0

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none only at the end of the last member."""
        while not self._text:
            if self._decoder is None and not self._next_member():
                return b""
            assert self._decoder is not None
            data = self._decode(self._decoder, size)
            if self._decoder.eof:
                self._input = self._decoder.unused_data or b""
                self._decoder = None
            if data:
                self._out += len(data)
                if self._out > max(_HARMLESS_BYTES, self._max_ratio * self._in):
                    raise self._error(
                        f"{self._in:,} bytes of {self._format.name} became more than {self._out:,}; "
                        f"raise the reader option max_ratio (now {self._max_ratio:,}) if this is right"
                    )
                self._text = memoryview(data)
        data, self._text = bytes(self._text[:size]), self._text[size:]
        return data

    def close(self) -> None:
        """Close the compressed stream."""
        self._raw.close()

    def _decode(self, decoder: _Decoder, size: int) -> bytes:
        data = b""
        if decoder.needs_input:
            data, self._input = self._input or self._more(), b""
            if not data:
                raise self._error(
                    f"the {self._format.name} data is cut off after {self._in:,} bytes; get the file again"
                )
        try:
            return decoder.decompress(data, size)
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError) as error:
            raise self._error(
                f"damaged {self._format.name} data near byte {self._in:,}: {error}; get the file again"
            ) from error

    def _next_member(self) -> bool:
        """Start on the next member; False at the end."""
        while True:
            if self._format.padding and self._members:
                self._input = self._input.lstrip(b"\0")
            if len(self._input) >= _MAGIC_BYTES:
                break
            more = self._more()
            if not more:
                break
            self._input += more
        if not self._input:
            if self._members:
                return False
            raise self._error(f"an empty file is not {self._format.name}; get the file again")
        if not self._format.is_magic(self._input):
            where = f"byte {self._in - len(self._input):,}"
            raise self._error(f"something that is not {self._format.name} at {where}; get the file again")
        self._members += 1
        self._decoder = self._format.new_decoder()
        return True

    def _more(self) -> bytes:
        data = self._raw.read(_INPUT_BYTES)
        self._in += len(data)
        return data

    def _error(self, message: str) -> SourceError:
        return SourceError(f"{self._name}: {message}", path=self._name)


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
    """One zstandard frame."""

    def __init__(self) -> None:
        zstandard = _optional("zstandard", "zstandard")
        self._error: type[Exception] = zstandard.ZstdError
        self._frame = zstandard.ZstdDecompressor().decompressobj()
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
                raise OSError(str(error)) from error
            self._input = self._input[_ZSTD_INPUT_BYTES:]
            size += len(pieces[-1])
        self.needs_input = not self._input
        if self._frame.eof:
            self.eof = True
            self.unused_data = self._frame.unused_data + bytes(self._input)
        return b"".join(pieces)


def _lz4() -> _Decoder:
    decoder: _Decoder = _optional("lz4.frame", "lz4").LZ4FrameDecompressor()
    return decoder


def _optional(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"reading {what} needs a package that is not installed; run: {install_command('formats')}"
        ) from error


def _is_zstd(head: bytes) -> bool:
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50
    return skippable or head.startswith(b"\x28\xb5\x2f\xfd")


COMPRESSIONS = (
    Compression("gzip", ".gz", lambda head: head.startswith(b"\x1f\x8b"), _Gzip, padding=True),
    Compression(
        "bzip2",
        ".bz2",
        lambda head: head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"),
        bz2.BZ2Decompressor,
    ),
    Compression(
        "xz",
        ".xz",
        lambda head: head.startswith(b"\xfd7zXZ\0"),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ),
        padding=True,
    ),
    Compression("zstandard", ".zst", _is_zstd, _Zstd),
    Compression("lz4", ".lz4", lambda head: head.startswith(b"\x04\x22\x4d\x18"), _lz4),
)
