"""A corpus that is written from tokens: what imports and derived corpora are made with.

Blocks of tokens come in order, with the documents that end in them, and go into shards as they come. The
folder is written under a temporary name beside the place it is for and takes its name in one step, manifest
and all, so it is there whole or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from corpuskit import folders, storage
from corpuskit.arrays import Tokens
from corpuskit.corpus.fields import Columns, FieldsWriter
from corpuskit.corpus.index import Index, fields_file, index_file, stream_file
from corpuskit.corpus.manifest import (
    FILE_NAME,
    SHARD_FILE,
    FieldRecord,
    FieldsRecord,
    InputRecord,
    Manifest,
    ShardRecord,
    SplitRecord,
    StreamRecord,
    TokenizerRecord,
)
from corpuskit.errors import ConfigError
from corpuskit.sources.kept_fields import FieldType
from corpuskit.temporary_names import temporary_name
from corpuskit.value_streams import StreamInfo
from corpuskit.version import __version__

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

#: How large shards get, where nothing else is said.
SHARD_BYTES: Final = 2**30
RUN_FILE: Final = "run.json"
#: What a corpus's files are called, and those that a run leaves that is killed, as a regular expression.
CORPUS_FILE: Final = rf"manifest\.json|run\.json|{SHARD_FILE}|\.[^/]+\.tmp"
_IN_CORPUS = re.compile(CORPUS_FILE)


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Tokens of a split that follow those of the block before, and the documents that end in them.

    Args:
        ids: uint16[n] or uint32[n], n >= 0.
        rows: uint64[d, 4], the index rows of the documents that end here: see `corpuskit.corpus.index`. Ends
            are counted from the block's start, 0 to n.
        streams: The items of each stream, [n]; a stream that is missing has its fill.
        fields: The values of each kept field, d of them; a field that is missing is null.
        table: These as a table, instead.
    """

    ids: Tokens
    rows: Index
    streams: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)
    fields: Columns = dataclasses.field(default_factory=dict)
    table: pyarrow.Table | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Description:
    """What a corpus is, but for its splits; see `corpuskit.corpus.manifest.Manifest`.

    Args:
        dataset: Its name.
        tokenizer: What made the ids.
        dtype: "<u2" or "<u4".
        options: What decided the bytes. It says where the corpus comes from.
        inputs: The files that index rows name by their number.
        streams: The streams of values, by their names.
        fields: The type of each kept field, in order.
        left_out: Documents that were left out, by kind.
        left_out_files: Files that were left out, by kind.
    """

    dataset: str
    tokenizer: TokenizerRecord
    dtype: Literal["<u2", "<u4"]
    options: Mapping[str, Any]
    inputs: Sequence[InputRecord] = ()
    streams: Mapping[str, StreamInfo] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, FieldType] = dataclasses.field(default_factory=dict)
    left_out: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_out_files: Mapping[str, int] = dataclasses.field(default_factory=dict)


class CorpusWriter:
    """Writes a corpus of tokens. As a context manager it leaves nothing behind but what was committed.

    Args:
        output: The folder to be. Next to it, a run that is killed leaves a hidden folder, which the next run
            deletes, or names if another machine made it a moment ago.
        description: What the corpus is. Its inputs may be another list when it is committed.
        shard_bytes: How many bytes of ids a shard has at most.

    Raises:
        StorageError: If nothing can be written there.
    """

    def __init__(self, output: Path, description: Description, *, shard_bytes: int = SHARD_BYTES) -> None:
        self.output = output
        self.description = description
        self._shard_tokens = max(1, shard_bytes // np.dtype(description.dtype).itemsize)
        self._splits: dict[str, SplitRecord] = {}
        self._without_tokens = 0  # documents of splits without a single token
        storage.make_directory(output.parent)
        for folder in folders.remove_left_behind(output):
            log.warning(
                "unless another run is writing %s, delete %s: one that was stopped left it", output, folder
            )
        self._staged = temporary_name(output)
        storage.make_directory(self._staged)

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        storage.remove_tree(self._staged)

    @contextlib.contextmanager
    def split(self, name: str) -> Iterator[SplitWriter]:
        """The writer of a split, which is recorded when the block ends in peace. Splits keep their order.

        Args:
            name: The split's name.
        """
        with SplitWriter(self._staged, name, self.description, self._shard_tokens) as writer:
            yield writer
        self._splits[name] = record = writer.record()
        self._without_tokens += writer.num_documents - record.num_documents

    def commit(
        self, *, run: Mapping[str, Any], description: Description | None = None, overwrite: bool = False
    ) -> Manifest:
        """Give the corpus its name.

        Args:
            run: What `run.json` says beside the version.
            description: What the corpus is, where that is only known now: its inputs and options may differ.
            overwrite: Whether a corpus that is there may be replaced.

        Raises:
            ConfigError: If there is not a single token.
            StorageError: If something is there and may not be replaced, or writing failed.
        """
        described = description or self.description
        if self._without_tokens:
            left_out = Counter(described.left_out) + Counter({"no-tokens": self._without_tokens})
            described = dataclasses.replace(described, left_out=left_out)
        manifest = manifest_of(described, self._splits)
        if not any(split.num_tokens for split in self._splits.values()):
            raise ConfigError(
                f"{self.output}: no tokens are left, and a corpus needs one; choose more documents", found=0
            )
        storage.write_json(self._staged / RUN_FILE, {"corpuskit": __version__, **run})
        storage.write_bytes(self._staged / FILE_NAME, manifest.to_bytes())
        storage.commit_directory(self._staged, self.output, replace=overwrite, ours=is_of_corpus)
        return manifest


class SplitWriter:
    """Writes the shards of one split; see `CorpusWriter.split`.

    Args:
        folder: Where the files go.
        name: The split's name.
        description: What the corpus is.
        shard_tokens: How many ids a shard has at most.

    Attributes:
        num_tokens: Ids that were added.
        num_documents: Documents that were added.
    """

    def __init__(self, folder: Path, name: str, description: Description, shard_tokens: int) -> None:
        self.num_tokens = self.num_documents = 0
        self._folder, self._name, self._description = folder, name, description
        self._shard_tokens = shard_tokens
        self._shards: list[ShardRecord] = []
        self._open: _Shard | None = None

    def __enter__(self) -> SplitWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._close()
        finally:
            if self._open is not None:
                self._open.abort()

    def add(self, block: Block) -> None:
        """Append tokens and documents.

        A shard that is full takes documents without a token that come next; the next token begins another.
        """
        at = row = 0
        ends = block.rows[:, 0]
        while True:
            if self._open is not None and self._open.num_tokens == self._shard_tokens and at < len(block.ids):
                self._close()
            if self._open is None:
                self._open = _Shard(self._folder, self._next_file(), self._description)
            take = min(len(block.ids) - at, self._shard_tokens - self._open.num_tokens)
            # The last piece takes every document that is left; another one those that end in it.
            last = at + take == len(block.ids)
            until = len(ends) if last else int(np.searchsorted(ends, np.uint64(at + take), side="right"))
            self._open.add(block, at, at + take, row, until)
            at, row = at + take, until
            if last:
                break
        self.num_tokens += len(block.ids)
        self.num_documents += len(ends)

    def end_shard(self) -> Path:
        """Have the next token begin another shard, and what comes before it end this one.

        Returns:
            The file of the next shard's ids.
        """
        self._close()
        return self._folder / self._next_file()

    def add_shard(self, shard: ShardRecord) -> None:
        """Take a shard whose files are there under the names that `end_shard` gave.

        Args:
            shard: What the manifest is to say of it.
        """
        assert self._open is None
        assert shard.file == self._next_file()
        self._shards.append(shard)
        self.num_tokens += shard.num_tokens
        self.num_documents += shard.num_documents

    def record(self) -> SplitRecord:
        """What the manifest says of the split; one without a token has no shard and no document."""
        return split_of(self._shards)

    def _next_file(self) -> str:
        return f"{self._name}-{len(self._shards):05d}.bin"

    def _close(self) -> None:
        if self._open is None:
            return
        if self._open.num_tokens:
            self._shards.append(self._open.commit())
        else:
            self._open.abort()
        self._open = None


class _Shard:
    """The files of one shard while they are written."""

    def __init__(self, folder: Path, file: str, description: Description) -> None:
        self.file, self.num_tokens, self.num_documents = file, 0, 0
        self._infos = description.streams
        self._dtype = np.dtype(description.dtype)
        self._folder = folder
        self._streams: dict[str, storage.FileWriter] = {}
        self._fields: FieldsWriter | None = None
        self._ids = storage.FileWriter(folder / file, streaming=True, hash_beside=True)
        self._index: storage.FileWriter | None = None
        try:
            self._index = storage.FileWriter(folder / index_file(file), streaming=True)
            if description.fields:
                self._fields = FieldsWriter(folder / fields_file(file), description.fields)
        except BaseException:
            self.abort()
            raise

    def add(self, block: Block, start: int, stop: int, first: int, last: int) -> None:
        """Append some tokens of a block, and some of its documents."""
        assert self._index is not None
        rows = block.rows[first:last].copy()
        rows[:, 0] = rows[:, 0].astype(np.int64) + (self.num_tokens - start)
        self._ids.write(np.ascontiguousarray(block.ids[start:stop], self._dtype).data)
        self._index.write(rows.view(np.uint8).data)
        for name in self._infos:
            self._add_items(name, block.streams.get(name), start, stop)
        if self._fields is not None and block.table is not None:
            self._fields.add_table(block.table.slice(first, last - first))
        elif self._fields is not None:
            self._fields.add({name: all[first:last] for name, all in block.fields.items()}, last - first)
        self.num_tokens += stop - start
        self.num_documents += last - first

    def _add_items(self, name: str, items: NDArray[Any] | None, start: int, stop: int) -> None:
        """Append items of a stream. Its file is made with the first; those before are the fill."""
        info = self._infos[name]
        if name not in self._streams:
            if items is None:
                return
            self._streams[name] = storage.FileWriter(
                self._folder / stream_file(self.file, name), streaming=True, hash_beside=True
            )
            self._fill(name, self.num_tokens)
        if items is None:
            self._fill(name, stop - start)
        else:
            self._streams[name].write(np.ascontiguousarray(items[start:stop], info.dtype).data)

    def _fill(self, name: str, count: int) -> None:
        for items in self._infos[name].filled(count):
            self._streams[name].write(items.view(np.uint8).data)

    def commit(self) -> ShardRecord:
        """Finish the files; the manifest's commit flushes their names."""
        assert self._index is not None
        writers = (self._ids, self._index, *self._streams.values(), self._fields)
        for writer in writers:
            if writer is not None:
                writer.commit(flush_name=False)
        fields = self._fields
        return ShardRecord(
            file=self.file,
            num_tokens=self.num_tokens,
            num_documents=self.num_documents,
            size_bytes=self._ids.size_bytes,
            sha256=self._ids.sha256,
            index_sha256=self._index.sha256,
            streams={name: writer.sha256 for name, writer in sorted(self._streams.items())},
            fields=None
            if fields is None
            else FieldsRecord(size_bytes=fields.size_bytes, sha256=fields.sha256),
        )

    def abort(self) -> None:
        """Leave nothing of files that are not committed."""
        for writer in (self._ids, self._index, *self._streams.values(), self._fields):
            if writer is not None:
                writer.abort()


def is_of_corpus(name: str) -> bool:
    """Whether a corpus has files of a name."""
    return _IN_CORPUS.fullmatch(name) is not None


def split_of(shards: Sequence[ShardRecord]) -> SplitRecord:
    """What a manifest says of a split that has these shards."""
    return SplitRecord(
        num_tokens=sum(shard.num_tokens for shard in shards),
        num_documents=sum(shard.num_documents for shard in shards),
        shards=list(shards),
    )


def manifest_of(description: Description, splits: Mapping[str, SplitRecord]) -> Manifest:
    """The manifest of a corpus."""
    streams = sorted(description.streams.items())
    return Manifest(
        corpuskit_version=__version__,
        dataset=description.dataset,
        inputs=list(description.inputs),
        tokenizer=description.tokenizer,
        dtype=description.dtype,
        options=dict(description.options),
        left_out=dict(sorted(description.left_out.items())),
        left_out_files=dict(sorted(description.left_out_files.items())),
        streams={name: StreamRecord(dtype=info.dtype, fill=info.fill, of=info.of) for name, info in streams},
        fields=[FieldRecord(name=name, type=type) for name, type in description.fields.items()],
        splits=dict(splits),
    )


__all__ = [
    "CORPUS_FILE",
    "RUN_FILE",
    "SHARD_BYTES",
    "Block",
    "CorpusWriter",
    "Description",
    "SplitWriter",
    "is_of_corpus",
    "manifest_of",
    "split_of",
]
