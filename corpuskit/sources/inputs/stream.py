"""An input's bytes with its compression taken off, and what can be told about an input from outside."""

from __future__ import annotations

import codecs
import contextlib
import re
from types import TracebackType

from corpuskit import reading
from corpuskit.errors import SourceError
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.archives import open_archive, open_raw
from corpuskit.sources.inputs.compression import (
    INPUT_BYTES,
    ByteStream,
    Compression,
    Decompressed,
    Limits,
    SeekableStream,
    by_extension,
    by_magic,
)
from corpuskit.sources.inputs.files import open_file
from corpuskit.sources.inputs.signatures import HEAD_BYTES, other_than_stored, other_than_text
from corpuskit.urls import is_remote

#: Fewer bytes than this may be the beginning of anything that is compressed.
_MAGIC_BYTES = 16
_OTHER_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_COPY_BYTES = 2**18


class InputStream:
    """The bytes of one input from some place on, decompressed; a context manager.

    Leaving it in peace checks that the file did not change under the reader.

    Args:
        item: The input.
        start: Where to begin, in decompressed bytes.
        stop: Where to end (exclusive); None is the end.
        limits: What compressed data may ask for.
        block_bytes: How much is read at once: a quarter of it is decompressed at once, if it is compressed.

    Raises:
        SourceError: If the file is gone, is no regular file, is not what its name says, or changes.
        StorageError: If the machine does not give it.
    """

    def __init__(
        self,
        item: Input,
        *,
        start: int = 0,
        stop: int | None = None,
        limits: Limits | None = None,
        block_bytes: int = 4 * INPUT_BYTES,
    ) -> None:
        self.closed = False
        self._item = item
        self._left = None if stop is None else max(stop - start, 0)
        self._file = open_raw(item)
        self._unread = b""
        try:
            self._stream: ByteStream = _decode(self._file, item, limits, block_bytes)
            if start and self._stream is self._file:
                self._file.seek(start)
            else:
                _skip(self._stream, start, item)
        except BaseException:
            self._file.close()
            raise

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none only at the end."""
        if not self._unread:
            return self._read(size)
        unread, self._unread = self._unread[:size], self._unread[size:]
        return unread + self._read(size - len(unread))

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, which stay to be read; fewer only at the end."""
        while len(self._unread) < size and (data := self._read(size - len(self._unread))):
            self._unread += data
        return self._unread[:size]

    def _read(self, size: int) -> bytes:
        if self._left is not None:
            size = min(size, self._left)
        data = self._stream.read(size) if size else b""
        if self._left is not None:
            self._left -= len(data)
        return data

    def skip_bom(self) -> int:
        """Skip a byte order mark at the beginning of the input; returns its size, 0 or 3.

        Raises:
            SourceError: If it is one of another encoding, or if the input is no text at all.
        """
        head = self.peek(HEAD_BYTES)
        for bom, encoding in _OTHER_BOMS:
            if head.startswith(bom):
                raise SourceError(
                    f"{self._item.name}: begins with a byte order mark of {encoding}; convert it to UTF-8 "
                    f"(iconv -f {encoding} -t UTF-8)",
                    path=self._item.name,
                    expected="UTF-8",
                    found=encoding,
                )
        if words := other_than_text(head):
            raise SourceError(f"{self._item.name}: this is {words}", path=self._item.name)
        skipped = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        self._unread = self._unread[skipped:]
        return skipped

    def stored_position(self) -> int:
        """Up to which of its own bytes, compressed ones where it is compressed, the file has been read."""
        unused = self._stream.unused_bytes() if isinstance(self._stream, Decompressed) else len(self._unread)
        return self._file.tell() - unused

    def close(self) -> None:
        """Let go of the file."""
        self.closed = True
        self._file.close()

    def __enter__(self) -> InputStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._file.check_unchanged()
        finally:
            self.close()


def is_plain(item: Input) -> bool:
    """Whether the input's bytes are the text's bytes, so that it can be read from any place on."""
    return item.member is None and by_extension(base_name(item)) is None


def base_name(item: Input) -> str:
    """The file name that says what the input is; of a zip archive's member, its own."""
    return _last_part(item.member) if item.member is not None else file_name(item.name)


def file_name(location: str) -> str:
    """The name of the file at a path or a URL, without a URL's query."""
    if is_remote(location):
        schemes, _, rest = location.partition("://")
        location = rest.partition("::")[0]
        if schemes.rpartition("::")[2].lower() in ("http", "https"):
            location = re.split(r"[?#]", location)[0]
    return _last_part(location)


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def text_bytes(item: Input) -> int:
    """About how many bytes of text an input has, as far as that is known without reading it."""
    if item.member is None:
        return item.size_bytes
    with open_archive(item) as archive:
        return archive.getinfo(item.member).file_size


def hash_input(item: Input) -> str:
    """The sha256 of an input's file, read once in bounded memory.

    Raises:
        SourceError: If the file is not the one that was listed, or changes.
        StorageError: If it cannot be read.
    """
    with contextlib.closing(open_file(item)) as file:
        sha256, _ = reading.hashed(file.read)
        file.check_unchanged()
    return sha256


def _decode(file: SeekableStream, item: Input, limits: Limits | None, block_bytes: int) -> ByteStream:
    """The stream with the compression that the name says taken off; a name that lies is an error."""
    says = by_extension(base_name(item))
    head = file.read(HEAD_BYTES)
    file.seek(0)
    shows = by_magic(head)
    cut_off = says is not None and shows is None and len(head) < _MAGIC_BYTES  # decoding says so better
    if says != shows and not cut_off:
        words = other_than_stored(head) or other_than_text(head)
        if words is not None and shows is None:
            raise SourceError(f"{item.name}: this is {words}", path=item.name)
        raise SourceError(
            f"{item.name}: its name says {_name_of(says)} but its bytes are {_name_of(shows)}; rename it",
            path=item.name,
            expected=_name_of(says),
            found=_name_of(shows),
        )
    if says is None:
        return file
    input_bytes = min(max(block_bytes // 4, 1), INPUT_BYTES)
    return Decompressed(file, says, name=item.name, limits=limits, input_bytes=input_bytes)


def _name_of(compression: Compression | None) -> str:
    return compression.name if compression else "not compressed"


def _skip(stream: ByteStream, count: int, item: Input) -> None:
    while count:
        data = stream.read(min(count, _COPY_BYTES))
        if not data:
            raise SourceError(f"{item.name}: ends {count:,} bytes before a place to be read", path=item.name)
        count -= len(data)
