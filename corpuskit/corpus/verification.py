"""Reading every byte of a corpus and comparing it with what the manifest says."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
from collections.abc import Iterator, Mapping

from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.field_tables import check_footer, shard_table
from corpuskit.corpus.index import ends_of
from corpuskit.corpus.manifest import Manifest, ShardRecord
from corpuskit.corpus.scan import Mismatch, OnMismatch
from corpuskit.corpus.split import Split
from corpuskit.errors import CorpusFormatError, HashMismatch, reason_of
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.urls import remote_path
from corpuskit.value_streams import LOSS


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a corpus: the file, and what was found and expected."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def verify(path: Corpus | str | os.PathLike[str], *, on_progress: OnProgress | None = None) -> list[Problem]:
    """Check every byte of a corpus against its manifest.

    Checks the sha256 of each shard, index, stream and file of kept fields, that every id is in the
    vocabulary, that the index is in order and covers its shard, and that it names inputs that exist.

    Args:
        path: The corpus's folder, or an open corpus, or its URL: then every file is fetched, past the cache.
        on_progress: Called after each shard, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        What is wrong, in the order of the files; empty for a sound corpus.

    Raises:
        CorpusFormatError: If the manifest cannot be read, or a file is missing or of the wrong size, so
            that there is nothing to compare.
    """
    if (place := remote_path(path.path if isinstance(path, Corpus) else path)) is not None:
        from corpuskit.corpus.remote.split import open_afresh

        with open_afresh(place) as (manifest, splits):
            return _check(manifest, splits, on_progress)
    corpus = path if isinstance(path, Corpus) else Corpus(path)
    return _check(corpus.manifest, corpus, on_progress)


def _check(manifest: Manifest, splits: Mapping[str, Split], on_progress: OnProgress | None) -> list[Problem]:
    total = sum(shard.size_bytes for split in manifest.splits.values() for shard in split.shards)
    problems: list[Problem] = []
    done = 0
    for name, split in manifest.splits.items():
        for number, record in enumerate(split.shards):
            problems += _check_shard(manifest, splits[name], record, number)
            done += record.size_bytes
            if on_progress is not None:
                on_progress(Progress("verify", record.file, done, total))
    return problems


@contextlib.contextmanager
def _fetched(file: str, problems: list[Problem]) -> Iterator[None]:
    """Note that a file was compared when it was fetched, and is not as it should be."""
    try:
        yield
    except HashMismatch as error:
        problems.append(Problem(file, str(error)))


def _check_shard(manifest: Manifest, split: Split, record: ShardRecord, number: int) -> list[Problem]:
    """What is wrong with one shard: the bytes of its files, its ids, streams, fields, its index's rows."""
    problems: list[Problem] = []

    def note(mismatch: Mismatch) -> None:
        problems.append(Problem(mismatch.file, str(mismatch)))

    vocab_size = manifest.tokenizer.vocab_size
    with _fetched(record.file, problems):
        largest = max((int(ids.max()) for ids in scan.shard(split, number, record, note)), default=0)
        if largest >= vocab_size:
            problems.append(
                Problem(record.file, f"id {largest:,} is outside the vocabulary of {vocab_size:,} ids")
            )
    for name in sorted(record.streams):
        with _fetched(record.stream_file(name), problems):
            largest = max(
                (items.max() for items in scan.stream(split, number, record, name, note)), default=0
            )
            if name == LOSS and largest > 1:
                problems.append(Problem(record.stream_file(name), f"item {largest:,} is neither 0 nor 1"))
    if record.fields is not None:
        problems += _check_fields(manifest, split, record, number, note)
    wrong: set[str] = set()
    last = 0
    with _fetched(record.index_file, problems):
        for rows in scan.index(split, number, record, note):
            ends, inputs = ends_of(rows), rows[:, 1]
            if int(ends[0]) < last or (ends[1:] < ends[:-1]).any() or int(ends[-1]) > record.num_tokens:
                wrong.add(f"document ends are not in order within {record.num_tokens:,} tokens")
            if (most := int(inputs.max())) >= len(manifest.inputs):
                wrong.add(f"names input {most} of {len(manifest.inputs)} inputs")
            last = int(ends[-1])
    return problems + [Problem(record.index_file, message) for message in sorted(wrong)]


def _check_fields(
    manifest: Manifest, split: Split, record: ShardRecord, number: int, note: OnMismatch
) -> list[Problem]:
    """What is wrong with a shard's kept fields: their bytes, and, where pyarrow is installed, their rows."""
    try:
        for _ in scan.fields(split, number, record, note):
            pass
        if importlib.util.find_spec("pyarrow") is not None:
            shard_table(split, number, manifest.field_types)
            check_footer(split, number, manifest.field_types)
    except (CorpusFormatError, HashMismatch) as error:
        return [Problem(record.fields_file, reason_of(error))]
    return []


__all__ = ["Problem", "verify"]
