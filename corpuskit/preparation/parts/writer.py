"""The files of one part: ids, where documents end, and streams of values."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.fields import Columns, FieldsWriter
from corpuskit.corpus.index import fields_file, stream_file
from corpuskit.preparation.parts.encoding import EncodedDocuments
from corpuskit.preparation.parts.field_file import FieldFile
from corpuskit.preparation.parts.field_types import FieldTypes
from corpuskit.preparation.parts.job import Job
from corpuskit.preparation.parts.record import KeptFile, PartShard, shard_name
from corpuskit.storage import FileWriter
from corpuskit.value_streams import LOSS, StreamInfo

_NO_FIELDS: Columns = {}


class PartWriter:
    """The files of one part: each split's ids, index and fields, in shards of bounded size.

    Every document has its row in an index, those that a tokenizer gives no ids too: their end repeats the
    end before it. The row is in the file where that end is, which is 0 before a part's first id.

    Args:
        folder: Where the files go.
        job: What the part is of.
        number: The number of the part.
        field_types: The types of kept fields, which grow as documents come.
    """

    def __init__(self, folder: Path, job: Job, number: int, field_types: FieldTypes | None = None) -> None:
        self.field_types = field_types or FieldTypes((), lambda item, start: "")
        self._folder = folder
        self._number = number
        self._streams = job.streams
        self.num_targets = 0  # as the loss stream says it
        self._shard_tokens = max(job.shard_bytes // np.dtype(job.dtype).itemsize, 1)
        self._open: dict[str, _ShardWriter] = {}
        self._finished: dict[str, list[PartShard]] = {}
        self.open_tokens: dict[str, int] = {}  # of each split, after its last document's end
        self.open_text_bytes: dict[str, int] = {}  # the text of those tokens

    def add(
        self, split: str, encoded: EncodedDocuments, index: NDArray[np.uint64], fields: Columns = _NO_FIELDS
    ) -> None:
        """Append documents to a split.

        Args:
            split: The split's name.
            encoded: N ids in the corpus's dtype, and their streams.
            index: uint64[D, 4]: each document's end within the ids, its input, its start there, and the bytes
                of its text that are not in an earlier call; changed.
            fields: The kept fields of the D documents.
        """
        ids = encoded.ids
        last_end = int(index[-1, 0]) if len(index) else -self.open_tokens.get(split, 0)
        self.open_tokens[split] = len(ids) - last_end
        open_bytes = self.open_text_bytes.get(split, 0)
        if len(index):
            index[0, 3] += np.uint64(open_bytes)
            open_bytes = 0
        self.open_text_bytes[split] = open_bytes + encoded.open_text_bytes
        if not len(ids) and not len(index):
            return
        loss = encoded.streams.get(LOSS)
        self.num_targets += len(ids) if loss is None else int(np.count_nonzero(loss))
        done = row = 0
        while True:
            shard = self._shard(split)
            take = min(len(ids) - done, self._shard_tokens - shard.num_tokens)
            stop = row + int(np.searchsorted(index[row:, 0], np.uint64(done + take), side="right"))
            ending = index[row:stop]  # a view: what is written is changed on the way, what is left is not
            ending[:, 0] -= np.uint64(done)
            streams = {name: items[done : done + take] for name, items in encoded.streams.items()}
            kept = {name: values[row:stop] for name, values in fields.items()}
            shard.add(ids[done : done + take], ending, streams, kept, self.field_types.types)
            done, row = done + take, stop
            if done == len(ids):
                return
            self._finished[split].append(self._open.pop(split).finish())

    def _shard(self, split: str) -> _ShardWriter:
        """The file that a split goes on in. A full one stays open: documents without ids may follow."""
        shard = self._open.get(split)
        if shard is None:
            finished = self._finished.setdefault(split, [])
            name = shard_name(self._number, split, len(finished))
            shard = self._open[split] = _ShardWriter(self._folder, name, self._streams)
        return shard

    def finish(self) -> dict[str, tuple[PartShard, ...]]:
        """Commit every file that is still open and return all of them."""
        for split in list(self._open):
            self._finished[split].append(self._open.pop(split).finish())
        return {split: tuple(shards) for split, shards in sorted(self._finished.items())}

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.abort()


class _ShardWriter:
    """One file of ids, the index beside it, its fields, and a file for each stream that is not its fill."""

    def __init__(self, folder: Path, name: str, infos: Mapping[str, StreamInfo]) -> None:
        self.num_tokens = 0
        self._num_documents = 0
        self._folder = folder
        self._infos = infos
        self._streams: dict[str, FileWriter] = {}
        self._fields = FieldFile(folder / fields_file(f"{name}.bin"))
        with contextlib.ExitStack() as stack:
            self._ids = FileWriter(folder / f"{name}.bin", streaming=True)
            stack.callback(self._ids.abort)
            self._index = FileWriter(folder / f"{name}.idx")
            stack.pop_all()

    def add(
        self,
        ids: NDArray[Any],
        index: NDArray[np.uint64],
        streams: Mapping[str, NDArray[Any]],
        fields: Columns,
        field_types: Mapping[str, str],
    ) -> None:
        """Append ids, and the documents that end among them; `index` is changed in place."""
        self._fields.add(fields, len(index), field_types)
        index[:, 0] += np.uint64(self.num_tokens)
        self._ids.write(ids.view(np.uint8).data)
        self._index.write(index.view(np.uint8).data)
        for name, info in self._infos.items():
            items = streams.get(name)
            if items is None and name in self._streams:
                items = np.full(len(ids), info.fill, info.dtype)
            if items is not None:
                self._stream(name).write(items.view(np.uint8).data)
        self.num_tokens += len(ids)
        self._num_documents += len(index)

    def _stream(self, name: str) -> FileWriter:
        """The file of a stream; one that begins late begins with the fill."""
        if name not in self._streams:
            info = self._infos[name]
            path = self._folder / stream_file(self._ids.path.name, name)
            self._streams[name] = FileWriter(path, streaming=True)
            for filled in info.filled(self.num_tokens):
                self._streams[name].write(filled.view(np.uint8).data)
        return self._streams[name]

    def finish(self) -> PartShard:
        """Commit all files; that they have their names is safe only once the part's record is."""
        try:
            for file in self._files():
                file.commit(flush_name=False)
        finally:
            self.abort()
        return PartShard(
            self._ids.path.name,
            self.num_tokens,
            self._num_documents,
            self._ids.size_bytes,
            self._ids.sha256,
            self._index.sha256,
            {name: file.sha256 for name, file in sorted(self._streams.items())},
            None if (kept := self._fields.written) is None else KeptFile(kept.size_bytes, kept.sha256),
        )

    def _files(self) -> list[FileWriter | FieldsWriter]:
        kept = self._fields.written
        return [self._ids, self._index, *self._streams.values(), *([] if kept is None else [kept])]

    def abort(self) -> None:
        """Leave nothing of what is not committed."""
        for file in self._files():
            file.abort()
