"""One export under way: the corpus's tokens and documents going in, the trainer's files coming out."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit import storage
from corpuskit.batches.stream import Tokens
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.index import ROW_BYTES, ends_of
from corpuskit.errors import ConfigError, CorpusFormatError

#: Called with (file of the corpus, bytes of ids read so far, bytes in all).
OnProgress = Callable[[str, int, int | None], None]

_CHUNK_BYTES = 4 * 2**20


class Export:
    """What a format is given to work with.

    Args:
        corpus: The corpus.
        folder: Where the files go; it takes the export's name when all are written.
        splits: The splits that are written.
        on_progress: See `Format.write`.

    Attributes:
        files: What was written so far: each file's name, size and sha256, as JSON values.
    """

    def __init__(
        self, corpus: Corpus, folder: Path, splits: Sequence[str], *, on_progress: OnProgress | None = None
    ) -> None:
        self.corpus = corpus
        self.splits = tuple(splits)
        self.files: list[dict[str, str | int]] = []
        self._folder = folder
        self._on_progress = on_progress
        self._done_bytes = 0
        self._total_bytes = sum(
            shard.size_bytes for name in self.splits for shard in corpus.manifest.splits[name].shards
        )

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[storage.FileWriter]:
        """A file to write, as a context manager; it is recorded when it is complete.

        Raises:
            ConfigError: If the export has a file of the name already.
        """
        if any(record["file"] == name for record in self.files):
            raise ConfigError(
                f"{self.corpus.path}: two splits would be written as {name}; export them one at a time, "
                "with --split",
                found=name,
            )
        with storage.FileWriter(self._folder / name) as file:
            yield file
        self.files.append({"file": name, "size_bytes": file.size_bytes, "sha256": file.sha256})

    def tokens(self, split: str, *, cuts: Sequence[int] = ()) -> Iterator[Tokens]:
        """A split's ids in order, a few MiB at a time, each shard compared with the manifest as it ends.

        Args:
            split: Its name.
            cuts: Offsets in tokens that no piece goes across.

        Yields:
            uint16[n] or uint32[n], n > 0, read-only and good until the next one is asked for.

        Raises:
            CorpusFormatError: If a shard's bytes are not those that were prepared; its last piece is then
                kept back.
        """
        stream, shards = self.corpus[split], self.corpus.manifest.splits[split].shards
        for number, record in enumerate(shards):
            tokens, digest = stream.shard(number), hashlib.sha256()
            inside = np.asarray(cuts, np.int64) - stream.shard_starts[number]
            for start, stop in itertools.pairwise(_edges(len(tokens), tokens.itemsize, inside)):
                piece = tokens[start:stop]
                digest.update(piece.data)
                if stop == len(tokens):
                    self._compare(record.file, record.sha256, digest.hexdigest())
                self._done_bytes += piece.nbytes
                if self._on_progress is not None:
                    self._on_progress(record.file, self._done_bytes, self._total_bytes)
                yield piece
                _forget(tokens, start, stop)

    def document_ends(self, split: str) -> Iterator[NDArray[np.int64]]:
        """Where the documents of a split end, a few hundred thousand at a time.

        Tokens after the last document's end, if there are any, count as one more document.

        Args:
            split: Its name.

        Yields:
            int64[d], d > 0: offsets in the split's stream, ascending over all pieces, the last one N.

        Raises:
            CorpusFormatError: If an index's bytes are not those that were prepared; its last piece is then
                kept back.
        """
        stream, shards = self.corpus[split], self.corpus.manifest.splits[split].shards
        last = 0
        for number, record in enumerate(shards):
            index, digest = stream.index(number), hashlib.sha256()
            for start, stop in itertools.pairwise(_edges(len(index), ROW_BYTES)):
                digest.update(index[start:stop].data)
                if stop == len(index):
                    self._compare(record.index_file, record.index_sha256, digest.hexdigest())
                ends = ends_of(index[start:stop]).astype(np.int64) + stream.shard_starts[number]
                last = int(ends[-1])
                yield ends
                _forget(index, start, stop)
        if last < len(stream):
            yield np.array([len(stream)], np.int64)

    def _compare(self, file: str, expected: str, found: str) -> None:
        if found != expected:
            raise CorpusFormatError(
                f"{self.corpus.path / file}: sha256 {found}, the manifest says {expected}; nothing was "
                "exported; prepare the corpus again with --overwrite",
                path=self.corpus.path / file,
                expected=expected,
                found=found,
            )


def _edges(length: int, item_bytes: int, cuts: NDArray[np.int64] | None = None) -> list[int]:
    """Where the pieces of an array begin and end: 0, then each few MiB and at each cut, then its length."""
    if not length:
        return []
    edges = np.append(np.arange(0, length, _CHUNK_BYTES // item_bytes), length)
    if cuts is not None:
        edges = np.union1d(edges, cuts[(cuts > 0) & (cuts < length)])
    return [int(edge) for edge in edges]


def _forget(array: NDArray[Any], start: int, stop: int) -> None:
    """Let the system take back what was read of a mapped array; else it counts as our memory."""
    mapped = getattr(array.base, "obj", array.base)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        item_bytes = array[:1].nbytes
        first = start * item_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        mapped.madvise(mmap.MADV_DONTNEED, first, stop * item_bytes - first)


__all__ = ["Export", "OnProgress"]
