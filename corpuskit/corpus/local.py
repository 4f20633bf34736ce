"""Splits of a corpus on this machine: every file is mapped when the corpus is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.corpus.folder import Folder, read_folder
from corpuskit.corpus.index import DTYPE, Index, rows
from corpuskit.corpus.manifest import Manifest
from corpuskit.corpus.split import Split, check_not_replaced


class LocalSplit(Split):
    """A split whose files are in a folder of this machine."""

    def __init__(self, folder: Folder, manifest: Manifest, name: str) -> None:
        super().__init__(folder.path, manifest, name)
        self._folder = folder.path
        shards = manifest.splits[name].shards
        self._streams: dict[str, list[NDArray[Any] | None]] = {
            stream: [
                folder.map(file, np.dtype(record.dtype), shard.num_tokens * record.info.item_bytes)
                if stream in shard.streams
                else None
                for shard in shards
                for file in [shard.stream_file(stream)]
            ]
            for stream, record in manifest.streams.items()
        }
        self._shards: list[Tokens] = [
            folder.map(shard.file, self.dtype, shard.size_bytes) for shard in shards
        ]
        self._fields: list[NDArray[np.uint8]] = [
            folder.map(shard.fields_file, np.dtype(np.uint8), shard.fields.size_bytes)
            for shard in shards
            if shard.fields is not None
        ]
        self._indexes: list[Index] = [
            rows(folder.map(shard.index_file, DTYPE, shard.index_bytes)) for shard in shards
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._folder, self.name, self.fingerprint)

    def shard(self, number: int) -> Tokens:
        """One shard's ids, [N] in the corpus's dtype, mapped from disk and read-only."""
        return self._shards[number]

    def index(self, number: int) -> Index:
        """One shard's document index, uint64[D, 4]: see `corpuskit.corpus.index`."""
        return self._indexes[number]

    def fields_data(self, number: int) -> NDArray[np.uint8]:
        """The bytes of one shard's file of kept fields, mapped from disk and read-only."""
        return self._fields[number]

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One shard's items of a stream, mapped from disk and read-only; None where all are the fill."""
        return self._streams[name][number]


def open_local(path: Path) -> tuple[Manifest, dict[str, Split]]:
    """The manifest and the splits of a corpus on this machine.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is missing or of the wrong size.
        StorageError: If a file cannot be read.
    """
    return read_folder(path, _read)


def _read(folder: Folder) -> tuple[Manifest, dict[str, Split]]:
    manifest = folder.manifest()
    return manifest, {name: LocalSplit(folder, manifest, name) for name in manifest.splits}


def _reopen(path: Path, name: str, fingerprint: str) -> Split:
    _, splits = open_local(path)
    return check_not_replaced(splits.get(name), path, name, fingerprint)
