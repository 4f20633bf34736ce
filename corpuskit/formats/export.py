"""One export under way: the corpus's tokens and documents going in, the trainer's files coming out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit import storage
from corpuskit.arrays import Tokens
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.field_tables import shard_tables
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.index import ends_of
from corpuskit.errors import ConfigError
from corpuskit.fetching.places import hash_file
from corpuskit.formats.options import ExportOptions
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.registry.blame import not_theirs

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

#: What damage means for an export.
_SO = "nothing was exported; "


class Export:
    """What a format is given to work with.

    Args:
        corpus: The corpus.
        folder: Where the files go; it takes the export's name when all are written.
        splits: The splits that are written.
        options: What was asked for, of the options that the format takes; None is nothing.
        on_progress: See `Format.write`.

    Attributes:
        files: What was written so far: each file's name, size and sha256, as JSON values.
    """

    def __init__(
        self,
        corpus: Corpus,
        folder: Path,
        splits: Sequence[str],
        *,
        options: ExportOptions | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.corpus = corpus
        self.options = options or ExportOptions()
        self.splits = tuple(splits)
        self.files: list[dict[str, str | int]] = []
        self._folder = folder
        self._on_progress = on_progress and not_theirs(on_progress)
        self._done_bytes = 0
        self._total_bytes = sum(
            shard.size_bytes for name in self.splits for shard in corpus.manifest.splits[name].shards
        )

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[storage.FileWriter]:
        """A file to write, as a context manager; it is recorded when it is complete.

        Args:
            name: Its name; `a/b` is in a folder of the export.

        Raises:
            ConfigError: If the export has a file of the name already.
        """
        self._check_new(name)
        path = self._folder / name
        if path.parent != self._folder:
            storage.make_directory(path.parent)
        with storage.FileWriter(path, streaming=True, hash_beside=True) as file:
            yield file
        self.files.append({"file": name, "size_bytes": file.size_bytes, "sha256": file.sha256})

    def link(self, split: str, name: str) -> bool:
        """Give a split's one shard a second name in the export, where that can be; its bytes are compared.

        Args:
            split: The split's name.
            name: What the file is called in the export.

        Returns:
            False if it cannot be: there are several shards, the corpus is elsewhere, or the file system has
            no hard links. A line says which.

        Raises:
            ConfigError: If the export has a file of the name already.
            CorpusFormatError: If its bytes are not those that were prepared.
        """
        self._check_new(name)
        stream, records = self.corpus[split], self.corpus.manifest.splits[split].shards
        if len(records) != 1 or not isinstance(stream.path, Path):
            log.info(
                "--link: %s is a copy: the split %s is not one shard on this machine; prepare it with a "
                "larger --shard-bytes to have one",
                name,
                split,
            )
            return False
        if not storage.try_link(stream.path / records[0].file, self._folder / name):
            log.info("--link: %s is a copy: no hard links lead from there to %s", name, stream.path)
            return False
        # What was linked, and not what was opened: somebody may have replaced the corpus meanwhile.
        sha256, size_bytes = hash_file(self._folder / name)
        if sha256 != records[0].sha256:
            scan.refuser(stream, _SO)(scan.Mismatch(records[0].file, records[0].sha256, sha256))
        self._done_bytes += size_bytes
        self._tell(records[0].file)
        self.files.append({"file": name, "size_bytes": size_bytes, "sha256": sha256})
        return True

    def _check_new(self, name: str) -> None:
        if any(record["file"] == name for record in self.files):
            raise ConfigError(
                f"{self.corpus.path}: two splits would be written as {name}; export them one at a time, "
                "with --split",
                found=name,
            )

    def _tell(self, label: str) -> None:
        if self._on_progress is not None:
            self._on_progress(Progress("export", label, self._done_bytes, self._total_bytes))

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
        records = self.corpus.manifest.splits[split].shards
        for number, piece in scan.tokens(
            self.corpus[split], records, scan.refuser(self.corpus[split], _SO), cuts=cuts
        ):
            self._done_bytes += piece.nbytes
            self._tell(records[number].file)
            yield piece

    def stream(self, split: str, name: str) -> Iterator[NDArray[Any]]:
        """A split's items of a stream of values in order, a few MiB at a time; see `tokens`.

        Args:
            split: The split's name.
            name: The stream's, one of `corpus[split].streams`.

        Yields:
            Items in the stream's dtype, read-only; those of a shard without the stream are its fill.
        """
        stream = self.corpus[split]
        for number, record in enumerate(self.corpus.manifest.splits[split].shards):
            yield from scan.stream(stream, number, record, name, scan.refuser(stream, _SO))

    def fields(self, split: str) -> Iterator[pyarrow.Table]:
        """The kept fields of a split's documents in order, 16,384 rows or fewer at a time.

        Each file is compared with the manifest before the first of its rows. Nothing is given of a corpus
        without fields.

        Args:
            split: Its name.

        Yields:
            Tables over the corpus's mapped files: good until the next one is asked for.

        Raises:
            ConfigError: If pyarrow is not installed.
            CorpusFormatError: If a file's bytes are not those that were prepared.
        """
        stream, manifest = self.corpus[split], self.corpus.manifest
        if not manifest.fields:
            return
        read: list[NDArray[np.uint8]] = []
        for number, record in enumerate(manifest.splits[split].shards):
            for _ in scan.fields(stream, number, record, scan.refuser(stream, _SO)):
                pass
            read = [*read[-1:], stream.fields_data(number)]
            for table in shard_tables(stream, number, manifest.field_types):
                yield table
                for data in read:  # the last rows of the shard before may have been looked at only now
                    forget(data, 0, len(data))

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
        stream, last = self.corpus[split], 0
        records = self.corpus.manifest.splits[split].shards
        for number, rows in scan.indexes(stream, records, scan.refuser(stream, _SO)):
            ends = ends_of(rows).astype(np.int64) + stream.shard_starts[number]
            last = int(ends[-1])
            yield ends
        if last < len(stream):
            yield np.array([len(stream)], np.int64)


__all__ = ["Export"]
