"""`corpuskit.pack`: a prepared corpus as one file.

The file is a tar archive without compression: the manifest first, which says the name, the size and the
sha256 of every file after it, in that order. It depends on the folder's files alone, and any tar program
reads it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from corpuskit import reading
from corpuskit.bundles import tar
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.folder import Folder, open_folder
from corpuskit.corpus.manifest import FILE_NAME, FileRecord
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.file_errors import reading_from
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import output_file, user_path
from corpuskit.storage import FileWriter, make_directory
from corpuskit.urls import remote_path

log = logging.getLogger(__name__)

#: Says how the corpus was made. No reader needs it, and the manifest does not know it.
RUN_FILE = "run.json"
MAX_RUN_BYTES = 2**24
#: So its digest follows it, as sha256sum writes one.
RUN_DIGEST_FILE = "run.json.sha256"
_PIECE_BYTES = 2**18

#: Takes the archive's bytes.
_Write = Callable[[bytes | memoryview], object]


def pack(
    corpus: Corpus | str | os.PathLike[str],
    file: str | os.PathLike[str] | BinaryIO,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Path | None:
    """Write a prepared corpus as one file, which `corpuskit.unpack` makes the same corpus of.

    Every byte is compared with the manifest on the way. The file appears whole or not at all; it is a tar
    archive whose bytes depend on those of the folder alone. If just that is there already, nothing is done.

    Args:
        corpus: An open corpus, or its folder.
        file: The file to be, or an open binary file that takes the bytes.
        overwrite: Whether a file that is there may be replaced.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The file; None for an open one.

    Raises:
        ConfigError: If the corpus is in an object store, or `file` is taken or in the corpus's folder.
        CorpusFormatError: If the corpus is damaged.
        StorageError: If reading or writing failed.

    Example:
        >>> corpuskit.pack("data/tinyshakespeare/gpt2", "tinyshakespeare-gpt2.tar")
        PosixPath('tinyshakespeare-gpt2.tar')
    """
    with open_folder(_local(corpus)) as folder:
        packed = _Packed(folder, on_progress)
        if not isinstance(file, (str, os.PathLike)):
            packed.write(file.write)
            return None
        place = _place(file)
        if folder.path.resolve() in place.resolve().parents:
            raise ConfigError(
                f"{place}: is in the corpus's own folder; choose a place outside of it with --output",
                path=place,
            )
        if not overwrite and packed.is_in(place):
            log.info("%s holds this corpus already; nothing was changed", place)
            return place
        place = output_file(place, overwrite=overwrite)
        make_directory(place.parent)
        with FileWriter(place, replace=overwrite, streaming=True, hashed=False) as writer:
            packed.write(writer.write)
        return place


class _Packed:
    """The archive of one corpus.

    Args:
        folder: The corpus's folder.
        on_progress: Called often.
    """

    def __init__(self, folder: Folder, on_progress: OnProgress | None) -> None:
        self._folder = folder
        self._on_progress = on_progress
        data = folder.manifest_bytes()
        manifest = parse_manifest(data, where=str(folder.path / FILE_NAME))
        run = folder.optional_bytes(RUN_FILE, max_bytes=MAX_RUN_BYTES)
        self._first = _member(FILE_NAME, data)
        if run is not None:
            self._first += _member(RUN_FILE, run) + _member(RUN_DIGEST_FILE, digest_line(run))
        self._files: Sequence[FileRecord] = manifest.all_files()
        sizes = [file.size_bytes for file in self._files]
        self._size_bytes = len(self._first) + tar.archive_bytes(sizes)
        self._done_bytes = 0

    def is_in(self, place: Path) -> bool:
        """Whether a file has this archive's size and manifest."""
        with contextlib.suppress(OSError), os.fdopen(reading.open_file(place, follow=True), "rb") as found:
            return os.fstat(found.fileno()).st_size == self._size_bytes and (
                found.read(len(self._first)) == self._first
            )
        return False

    def write(self, write: _Write) -> None:
        """Write all of it, in bounded memory."""
        self._told(write, self._first, FILE_NAME)
        buffer = memoryview(bytearray(_PIECE_BYTES))
        for file in self._files:
            self._told(write, tar.header(file.name, file.size_bytes), file.name)
            self._write_file(write, file, buffer)
            self._told(write, tar.padding(file.size_bytes), file.name)
        self._told(write, tar.END, FILE_NAME)

    def _write_file(self, write: _Write, file: FileRecord, buffer: memoryview) -> None:
        path, digest, left = self._folder.path / file.name, hashlib.sha256(), file.size_bytes
        with os.fdopen(self._open(file), "rb", buffering=0) as opened:
            while left:
                with reading_from(path):
                    count = opened.readinto(buffer[: min(left, _PIECE_BYTES)])
                if not count:
                    break
                left -= count
                digest.update(buffer[:count])
                if not left and digest.hexdigest() != file.sha256:
                    break
                self._told(write, buffer[:count], file.name)
        if left or digest.hexdigest() != file.sha256:
            raise CorpusFormatError(
                f"{path}: sha256 {digest.hexdigest()}, the manifest says {file.sha256}; nothing was packed; "
                "make the corpus again with --overwrite",
                path=path,
                expected=file.sha256,
                found=digest.hexdigest(),
            )

    def _open(self, file: FileRecord) -> int:
        try:
            return self._folder.open(file.name, file.size_bytes)
        except (CorpusFormatError, StorageError) as error:
            if self._folder.is_current():
                raise
            path = self._folder.path
            raise StorageError(
                f"{path}: it was replaced while it was packed; pack it again", path=path
            ) from error

    def _told(self, write: _Write, data: bytes | memoryview, label: str) -> None:
        view = memoryview(data)
        while view:  # a stream that is not buffered may take less
            count = write(view)
            view = view[count if isinstance(count, int) else len(view) :]
        self._done_bytes += len(data)
        if self._on_progress is not None:
            self._on_progress(Progress("pack", label, self._done_bytes, self._size_bytes))


def digest_line(run: bytes) -> bytes:
    """The content of the digest's file."""
    return f"{hashlib.sha256(run).hexdigest()}  {RUN_FILE}\n".encode()


def _member(name: str, data: bytes) -> bytes:
    return tar.header(name, len(data)) + data + tar.padding(len(data))


def _local(corpus: Corpus | str | os.PathLike[str]) -> Path:
    """The folder of a corpus.

    Raises:
        ConfigError: If it is in an object store.
    """
    place = corpus.path if isinstance(corpus, Corpus) else corpus
    if (remote := remote_path(place)) is not None:
        raise ConfigError(
            f"{remote}: pack takes a corpus of this machine; copy it here first with the store's own tool, "
            "such as 'aws s3 cp --recursive'",
            path=str(remote),
        )
    return user_path(place, what="corpus")


def _place(file: str | os.PathLike[str]) -> Path:
    if (remote := remote_path(file)) is not None:
        raise ConfigError(
            f"--output {remote}: pack writes a file of this machine, or '-' for stdout; choose one",
            path=str(remote),
        )
    return user_path(file, what="--output")


__all__ = ["MAX_RUN_BYTES", "RUN_DIGEST_FILE", "RUN_FILE", "digest_line", "pack"]
