"""Reading every byte of a corpus and comparing it with what the manifest says."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.index import Index
from corpuskit.corpus.manifest import Manifest, ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.errors import HashMismatch
from corpuskit.urls import remote_path

_CHUNK_BYTES = 8 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a corpus: the file, and what was found and expected."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def verify(
    path: str | os.PathLike[str], *, on_progress: Callable[[str, int, int | None], None] | None = None
) -> list[Problem]:
    """Check every byte of a corpus against its manifest.

    Checks the sha256 of each shard and index, that every id is in the vocabulary, that the index is in
    order and covers its shard, and that it names inputs that exist.

    Args:
        path: The corpus's folder, or its URL: then every file is fetched, past the cache.
        on_progress: Called with (file, bytes checked so far, bytes in all).

    Returns:
        What is wrong, in the order of the files; empty for a sound corpus.

    Raises:
        CorpusFormatError: If the manifest cannot be read, or a file is missing or of the wrong size, so
            that there is nothing to compare.
    """
    if (place := remote_path(path)) is not None:
        from corpuskit.corpus.remote.split import open_afresh

        with open_afresh(place) as (manifest, splits):
            return _check(manifest, splits, on_progress)
    corpus = Corpus(path)
    return _check(corpus.manifest, corpus, on_progress)


def _check(
    manifest: Manifest,
    splits: Mapping[str, Split],
    on_progress: Callable[[str, int, int | None], None] | None,
) -> list[Problem]:
    total = sum(shard.size_bytes for split in manifest.splits.values() for shard in split.shards)
    problems: list[Problem] = []
    done = 0
    for name, record in manifest.splits.items():
        for number, shard in enumerate(record.shards):
            try:
                problems += _check_shard(manifest, splits[name], shard, number)
            except HashMismatch as error:  # it was compared when it was fetched
                problems.append(Problem(shard.file, str(error)))
            done += shard.size_bytes
            if on_progress is not None:
                on_progress(shard.file, done, total)
    return problems


def _check_shard(manifest: Manifest, split: Split, shard: ShardRecord, number: int) -> Iterator[Problem]:
    tokens = split.shard(number)
    vocab_size = manifest.tokenizer.vocab_size
    digest, largest = hashlib.sha256(), 0
    step = _CHUNK_BYTES // tokens.itemsize
    for start in range(0, len(tokens), step):
        chunk = tokens[start : start + step]
        digest.update(chunk.data)
        largest = max(largest, int(chunk.max()))
    yield from _compare(shard.file, shard.sha256, digest.hexdigest())
    if largest >= vocab_size:
        yield Problem(shard.file, f"id {largest:,} is outside the vocabulary of {vocab_size:,} ids")
    index = split.index(number)
    yield from _compare(shard.index_file, shard.index_sha256, hashlib.sha256(index.data).hexdigest())
    yield from _check_index(manifest, shard, index)


def _check_index(manifest: Manifest, shard: ShardRecord, index: Index) -> Iterator[Problem]:
    if not len(index):
        return
    ends, inputs = index[:, 0], index[:, 1]
    if (ends[1:] < ends[:-1]).any() or int(ends[-1]) > shard.num_tokens:
        yield Problem(shard.index_file, f"document ends are not in order within {shard.num_tokens:,} tokens")
    if int(inputs.max()) >= len(manifest.inputs):
        yield Problem(shard.index_file, f"names input {int(inputs.max())} of {len(manifest.inputs)} inputs")


def _compare(file: str, expected: str, found: Any) -> Iterator[Problem]:
    if found != expected:
        yield Problem(file, f"sha256 {found}, the manifest says {expected}")


__all__ = ["Problem", "verify"]
