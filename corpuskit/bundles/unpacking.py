"""`corpuskit.unpack`: the corpus in a file of `corpuskit.pack`, checked as it arrives.

The file is read once, from start to end, in bounded memory. Its first member is the manifest, which decides
what must follow, byte for byte: the headers of the other files are compared with those that `pack` writes for
them, so a path that leads elsewhere, a link, a device, a file too many, twice or too large is seen before
anything is written under its name. The corpus takes its name in one step, when all of it is there.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import BinaryIO

from corpuskit import folders, reading, sealed, storage
from corpuskit.bundles import tar
from corpuskit.bundles.packing import MAX_RUN_BYTES, RUN_DIGEST_FILE, RUN_FILE, digest_line
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, MAX_BYTES, FileRecord
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.corpus.new_folder import holds_corpus, new_folder
from corpuskit.corpus.writer import is_of_corpus
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import user_path
from corpuskit.temporary_names import temporary_name

log = logging.getLogger(__name__)

_PIECE_BYTES = 2**18
_SHOWN_BYTES = 40
#: What files begin with that somebody compressed, and what makes the packed corpus of them again.
_COMPRESSED = {b"\x1f\x8b": "gunzip", b"\x28\xb5\x2f\xfd": "zstd -d", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz"}
_AGAIN = "nothing was unpacked; copy the file again"


def unpack(
    file: str | os.PathLike[str] | BinaryIO,
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Make the corpus that `corpuskit.pack` wrote into a file; every byte is compared with its manifest.

    The corpus appears whole or not at all. If it is there already, nothing is done.

    Args:
        file: The file, or an open binary file, which is read from where it is.
        output: The corpus's folder to be; None is the file's name without its extension, in the current
            folder.
        overwrite: Whether a corpus that is there may be replaced; anything else never is.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The open corpus.

    Raises:
        ConfigError: If `output` is taken, or must be said.
        CorpusFormatError: If the file is cut short, changed, or nothing that `pack` wrote.
        StorageError: If reading or writing failed.

    Example:
        >>> file = corpuskit.pack("data/tinyshakespeare/gpt2", "tinyshakespeare-gpt2.tar")
        >>> corpus = corpuskit.unpack("tinyshakespeare-gpt2.tar", "data/tinyshakespeare/gpt2")
    """
    if not isinstance(file, (str, os.PathLike)):
        return _unpack(file, "the packed corpus", _output(output, None), overwrite, on_progress)
    path = user_path(file, what="FILE")
    try:
        place = path if output is None and path.is_dir() else _output(output, path)
        if stat.S_ISREG(path.stat().st_mode) or path.is_fifo():
            with path.open("rb", buffering=0) as opened:
                return _unpack(opened, str(path), place, overwrite, on_progress)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"{path}: cannot be read: {error.strerror or error}; name a file that 'corpuskit pack' wrote",
            path=path,
        ) from error
    raise ConfigError(f"{path}: not a file; name one that 'corpuskit pack' wrote", path=path)


def _output(output: str | os.PathLike[str] | None, file: Path | None) -> Path:
    """The folder to be.

    Raises:
        ConfigError: If it must be said, or is in an object store.
    """
    if output is not None:
        return new_folder(output)
    name = "" if file is None else Path(file.name).stem
    if file is None or name == file.name:
        what = "stdin" if file is None else str(file)
        raise ConfigError(f"{what}: nothing says what the corpus's folder is called; name it with --output")
    return Path(name)


def _unpack(
    file: BinaryIO, name: str, output: Path, overwrite: bool, on_progress: OnProgress | None
) -> Corpus:
    archive = _Archive(file, name)
    data = archive.manifest_bytes()
    if not sealed.is_whole(data):
        raise archive.refused(f"{FILE_NAME}: its last field is not the sha256 of the bytes before it")
    manifest = parse_manifest(data, where=f"{name}, {FILE_NAME}")
    if not overwrite and _has(output, data):
        corpus = Corpus(output)  # which looks at the size of every file
        log.info("%s holds this corpus already; nothing was changed", output)
        return corpus
    if holds_corpus(output) and not overwrite:
        raise ConfigError(
            f"{output} holds another corpus; choose another --output, or replace it with --overwrite",
            path=output,
        )
    storage.make_directory(output.parent)
    for folder in folders.remove_left_behind(output):
        log.warning("unless another unpack is running, delete %s: one that was stopped left it", folder)
    files = manifest.all_files()
    total_bytes = len(data) + sum(record.size_bytes for record in files)
    staged = temporary_name(output)
    storage.make_directory(staged)
    try:
        header = archive.header()
        if tar.named(header, RUN_FILE):
            run = archive.small(header, RUN_FILE, max_bytes=MAX_RUN_BYTES)
            digest = archive.small(archive.header(), RUN_DIGEST_FILE, max_bytes=tar.BLOCK_BYTES)
            if digest != digest_line(run):
                raise archive.refused(f"{RUN_FILE}: its sha256 is not the one in {RUN_DIGEST_FILE}")
            storage.write_bytes(staged / RUN_FILE, run)
            header = archive.header()
        done_bytes = len(data)
        for record in files:
            archive.check(header, record.name, record.size_bytes)
            with storage.FileWriter(staged / record.name, streaming=True) as writer:
                while left := record.size_bytes - writer.size_bytes:
                    writer.write(archive.read(min(left, _PIECE_BYTES)))
                    if on_progress is not None:
                        done = done_bytes + writer.size_bytes
                        on_progress(Progress("unpack", record.name, done, total_bytes))
                archive.check_digest(record, writer.sha256)
            done_bytes += record.size_bytes
            archive.skip_padding(record.size_bytes)
            header = archive.header()
        archive.check_end(header)
        storage.write_bytes(staged / FILE_NAME, data)
        try:
            storage.commit_directory(staged, output, replace=overwrite, ours=is_of_corpus)
        except StorageError:
            if not _has(output, data):  # another unpack of the same file was faster
                raise
    finally:
        storage.remove_tree(staged)  # which is not there any more if all went well
    return Corpus(output)


class _Archive:
    """What is read of a packed corpus.

    Args:
        file: The open file.
        name: What to call it in errors.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._at = 0  # bytes read so far
        self._buffer = bytearray(_PIECE_BYTES)

    def read(self, size_bytes: int) -> memoryview:
        """The next bytes, at most `_PIECE_BYTES`; good until the next call."""
        view, count = memoryview(self._buffer)[:size_bytes], 0
        while count < size_bytes:
            got = self._file.readinto(view[count:])  # type: ignore[attr-defined]
            if not got:
                raise self.refused(f"it ends after {self._at + count:,} bytes, and more must follow")
            count += got
        self._at += size_bytes
        return view

    def header(self) -> bytes:
        """The next block."""
        return bytes(self.read(tar.BLOCK_BYTES))

    def manifest_bytes(self) -> bytes:
        """The bytes of the first member, which must be a manifest."""
        return self.small(self.header(), FILE_NAME, max_bytes=MAX_BYTES)

    def small(self, header: bytes, name: str, *, max_bytes: int) -> bytes:
        """The bytes of a member whose size only its header says."""
        size_bytes = tar.size_in(header)
        if not 0 <= size_bytes <= max_bytes:
            raise self._unexpected(header, f"{name} of at most {max_bytes:,} bytes")
        self.check(header, name, size_bytes)
        data, left = bytearray(), size_bytes
        while left:
            data += self.read(min(left, _PIECE_BYTES))
            left = size_bytes - len(data)
        self.skip_padding(size_bytes)
        return bytes(data)

    def check(self, header: bytes, name: str, size_bytes: int) -> None:
        """Refuse a header that is not the one `pack` writes for a file."""
        if header != tar.header(name, size_bytes):
            raise self._unexpected(header, f"{name} of {size_bytes:,} bytes")

    def check_digest(self, record: FileRecord, found: str) -> None:
        """Refuse a file that has other bytes than the manifest says."""
        if found != record.sha256:
            raise self.refused(f"{record.name}: sha256 {found}, the manifest says {record.sha256}")

    def skip_padding(self, size_bytes: int) -> None:
        """Read what follows so many bytes of a member."""
        zeros = tar.padding(size_bytes)
        if self.read(len(zeros)) != zeros:
            raise self.refused(f"byte {self._at - len(zeros):,}: zeros must follow a file")

    def check_end(self, header: bytes) -> None:
        """Refuse anything but the end, of which the first block is read."""
        rest = tar.END[len(header) :]
        if header != tar.END[: len(header)]:
            raise self._unexpected(header, "the end")
        if self.read(len(rest)) != rest:
            raise self.refused(f"byte {self._at - len(rest):,}: zeros must end the file")
        if self._file.read(1):
            raise self.refused(f"something follows its end at byte {self._at:,}")

    def _unexpected(self, header: bytes, expected: str) -> CorpusFormatError:
        at, found = self._at - len(header), header.rstrip(b"\0")[:_SHOWN_BYTES].split(b"\0")[0]
        if at or found == FILE_NAME.encode():
            return self.refused(f"byte {at:,}: expected {expected}, found {found!r}")
        # Another file to begin with, so that a second copy of it is no better.
        tool = next((tool for magic, tool in _COMPRESSED.items() if header.startswith(magic)), None)
        remedy = f"decompress it first, with {tool}" if tool else "name a file that 'corpuskit pack' wrote"
        return self.refused(f"expected {expected}, found {found!r}", f"nothing was unpacked; {remedy}")

    def refused(self, reason: str, remedy: str = _AGAIN) -> CorpusFormatError:
        """The error for what is no packed corpus."""
        return CorpusFormatError(f"{self._name}: not a whole packed corpus: {reason}; {remedy}")


def _has(output: Path, data: bytes) -> bool:
    """Whether a folder has this very manifest."""
    try:
        return reading.read_file(output / FILE_NAME, max_bytes=len(data)) == data
    except OSError:
        return False


__all__ = ["unpack"]
