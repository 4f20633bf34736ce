"""Shards that are taken as they are: their files get second names where the file system has them.

Shards never change, so two corpora may have the same files. Each file is compared with the manifest under its
new name, which is then known to be that of the right bytes, whatever happens to the old one.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from corpuskit import reading, storage
from corpuskit.arrays import Ints
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.index import Index, index_file
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.corpus.writer import Description, SplitWriter
from corpuskit.derivation.making import Watch
from corpuskit.derivation.pieces import SO, check_index, of_shard


class Carrier:
    """Appends splits shard by shard. Left in peace as a context manager, all files have been compared.

    Two threads compare them: nothing else is done that takes as long.

    Args:
        description: What the new corpus is.
        watch: Is told of what is done.
    """

    def __init__(self, description: Description, watch: Watch) -> None:
        self._description, self._watch = description, watch
        self._hashing = ThreadPoolExecutor(2)
        self._linked: deque[_Linked] = deque()

    def __enter__(self) -> Carrier:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            while self._linked and kind is None:
                self._compare(self._linked.popleft())
        finally:
            self._hashing.shutdown(cancel_futures=True)

    def carry(self, corpus: Corpus, name: str, written: SplitWriter, numbers: Ints | None = None) -> None:
        """Append a split.

        Args:
            corpus: The corpus.
            name: The split's name.
            written: What it is appended to.
            numbers: What the corpus's inputs are numbered now; None for what they were.

        Raises:
            CorpusFormatError: If the bytes of a file, of this split or of one before, are not those that were
                prepared, or make no sense.
        """
        manifest, split, new = corpus.manifest, corpus[name], self._description
        if numbers is not None and (numbers == np.arange(len(numbers))).all():
            numbers = None
        columns = [*new.fields.items()]  # in order, as the files have them
        is_alike = manifest.dtype == new.dtype and [*manifest.field_types.items()] == columns
        for number, record in enumerate(manifest.splits[name].shards):
            if is_alike and self._link(corpus, split, number, record, written, numbers):
                continue
            written.end_shard()
            for piece in of_shard(corpus, split, number, record):
                if numbers is not None:
                    _renumber(piece.block.rows, numbers)
                written.add(piece.block)
                self._watch.add(piece.block.ids.nbytes, name)
        written.end_shard()

    def _link(
        self,
        corpus: Corpus,
        split: Split,
        number: int,
        record: ShardRecord,
        written: SplitWriter,
        numbers: Ints | None,
    ) -> bool:
        """Append a shard by second names of its files; False if they are not here, or can have none."""
        if not isinstance(corpus.path, Path):
            return False
        check_index(corpus, split, number, record)
        target = written.end_shard()
        linked = []
        for file in corpus.manifest.files(record):
            if file.name == record.index_file and numbers is not None:
                continue
            new = target.parent / file.name.replace(Path(record.file).stem, target.stem, 1)
            if not storage.try_link(corpus.path / file.name, new):
                return False
            linked.append((file, new))
        for file, new in linked:
            size_bytes = record.size_bytes if file.name == record.file else 0
            found = self._hashing.submit(_sha256, new)
            self._linked.append(_Linked(split, file.name, file.sha256, found, size_bytes))
        while len(self._linked) > _MOST_LINKED:
            self._compare(self._linked.popleft())
        index_sha256 = record.index_sha256
        if numbers is not None:
            with storage.FileWriter(target.parent / index_file(target.name), streaming=True) as index:
                for rows in scan.index(split, number, record, scan.refuser(split, SO)):
                    own = rows.copy()
                    _renumber(own, numbers)
                    index.write(own.view(np.uint8).data)
            index_sha256 = index.sha256
        written.add_shard(record.model_copy(update={"file": target.name, "index_sha256": index_sha256}))
        return True

    def _compare(self, linked: _Linked) -> None:
        """See that a file has the bytes that its manifest says."""
        if (found := linked.found.result()) != linked.expected:
            scan.refuser(linked.split, SO)(scan.Mismatch(linked.file, linked.expected, found))
        self._watch.add(linked.size_bytes, linked.split.name)


@dataclasses.dataclass(frozen=True, slots=True)
class _Linked:
    """A file that has its second name, and is being compared.

    Args:
        split: The split that it is of.
        file: Its name there.
        expected: What its sha256 should be.
        found: What it is.
        size_bytes: How many bytes of ids it has.
    """

    split: Split
    file: str
    expected: str
    found: Future[str]
    size_bytes: int


#: How many files are compared at a time or wait for it.
_MOST_LINKED = 16


def _renumber(rows: Index, numbers: Ints) -> None:
    """Give rows of an index, which are changed, the new numbers of their inputs."""
    rows[:, 1] = numbers.astype(np.uint64)[rows[:, 1].astype(np.int64)]


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return reading.sha256_of_file(file)


__all__ = ["Carrier"]
