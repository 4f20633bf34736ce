"""Shards that are taken as they are: their files get second names where the file system has them.

Shards never change, so two corpora may have the same files. Each file is compared with the manifest under its
new name, which is then known to be that of the right bytes, whatever happens to the old one.
"""

from __future__ import annotations

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
from corpuskit.derivation.pieces import SO, check_index, of_shard, whole


def carry(
    corpus: Corpus,
    name: str,
    written: SplitWriter,
    description: Description,
    watch: Watch,
    numbers: Ints | None = None,
) -> None:
    """Append a split shard by shard.

    Args:
        corpus: The corpus.
        name: The split's name.
        written: What it is appended to.
        description: What the new corpus is.
        watch: Is told of what is done.
        numbers: What the corpus's inputs are numbered now; None for what they were.

    Raises:
        CorpusFormatError: If a file's bytes are not those that were prepared, or make no sense.
    """
    manifest, split = corpus.manifest, corpus[name]
    if numbers is not None and (numbers == np.arange(len(numbers))).all():
        numbers = None
    columns = [*description.fields.items()]  # in order, as the files have them
    is_alike = manifest.dtype == description.dtype and [*manifest.field_types.items()] == columns
    for number, record in enumerate(manifest.splits[name].shards):
        if is_alike and _linked(corpus, split, number, record, written, numbers):
            watch.add(record.size_bytes, name)
            continue
        written.end_shard()
        for piece in of_shard(corpus, split, number, record):
            block = whole(piece)
            if numbers is not None:
                _renumber(block.rows, numbers)
            written.add(block)
            watch.add(piece.block.ids.nbytes, name)
    written.end_shard()


def _linked(
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
    refuse = scan.refuser(split, SO)
    index_sha256 = record.index_sha256
    for file in corpus.manifest.files(record):
        if file.name == record.index_file and numbers is not None:
            continue
        new = target.parent / file.name.replace(Path(record.file).stem, target.stem, 1)
        if not storage.try_link(corpus.path / file.name, new):
            return False
        if (found := _sha256(new)) != file.sha256:
            refuse(scan.Mismatch(file.name, file.sha256, found))
    if numbers is not None:
        with storage.FileWriter(target.parent / index_file(target.name), streaming=True) as index:
            for rows in scan.index(split, number, record, refuse):
                own = rows.copy()
                _renumber(own, numbers)
                index.write(own.view(np.uint8).data)
        index_sha256 = index.sha256
    written.add_shard(record.model_copy(update={"file": target.name, "index_sha256": index_sha256}))
    return True


def _renumber(rows: Index, numbers: Ints) -> None:
    """Give rows of an index, which are changed, the new numbers of their inputs."""
    rows[:, 1] = numbers.astype(np.uint64)[rows[:, 1].astype(np.int64)]


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return reading.sha256_of_file(file)


__all__ = ["carry"]
