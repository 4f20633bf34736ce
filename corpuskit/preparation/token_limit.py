"""--max-tokens: stopping at an exact document, whatever the order in which parts finished."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.fields import FieldsWriter, open_rows
from corpuskit.corpus.index import fields_file, read_rows, stream_file
from corpuskit.preparation.parts.field_file import copy_rows
from corpuskit.preparation.parts.record import KeptFile, PartRecord, PartShard, streams_of
from corpuskit.storage import FileWriter
from corpuskit.value_streams import LOSS, StreamInfo

_COPY_BYTES = 4 * 2**20


class TokenLimit:
    """Knows when the parts have as many tokens as are asked for, and drops what is past them.

    Tokens count over all splits, in the order of the plan's documents. The last document kept is the first
    one with which the count reaches the limit.

    Args:
        max_tokens: The limit, or None for all there are.
    """

    def __init__(self, max_tokens: int | None) -> None:
        self._max_tokens = max_tokens
        self._num_tokens = self._num_parts = 0  # of the first parts, without a gap
        self._reached = False

    def reached(self, records: Mapping[int, PartRecord]) -> bool:
        """Whether the parts from the first on, without a gap, reach the limit.

        Args:
            records: The parts that are finished, by their numbers; all that were there at an earlier call.
        """
        if self._max_tokens is None:
            return False
        while not self._reached and self._num_parts in records:
            record = records[self._num_parts]
            self._num_parts += 1
            self._num_tokens += record.num_tokens
            ended = self._num_tokens - record.num_open_tokens
            self._reached = record.num_documents > 0 and ended >= self._max_tokens
        return self._reached

    def cut(self, records: Sequence[PartRecord], folder: Path) -> list[PartRecord]:
        """The records that make the corpus: whole up to the part where the limit is, which is cut."""
        if self._max_tokens is None:
            return list(records)
        kept: list[PartRecord] = []
        left = self._max_tokens
        for record in records:
            if record.num_tokens >= left:
                documents = _documents(record, folder)
                reaching = np.flatnonzero(documents.tokens_through >= left)
                if len(reaching):
                    kept.append(_cut(record, documents, int(reaching[0]), folder))
                    return kept
            kept.append(record)
            left -= record.num_tokens
        return kept


@dataclasses.dataclass(frozen=True, slots=True)
class _Documents:
    """The documents of a part in the order of its text.

    Args:
        splits: int64[D], the number of each document's split in `names`.
        tokens_through: int64[D], the part's tokens in all splits up to each document's end.
        places: int64[D, 2], the number of each document's input, and where it starts there.
        names: The names of the part's splits.
    """

    splits: NDArray[np.int64]
    tokens_through: NDArray[np.int64]
    places: NDArray[np.int64]
    names: list[str]


def _documents(record: PartRecord, folder: Path) -> _Documents:
    names = list(record.shards)
    rows = []
    for number, name in enumerate(names):
        ends, base = [], 0
        for shard in record.shards[name]:
            index = read_rows(folder / shard.index_file)
            index[:, 0] += np.uint64(base)
            ends.append(index)
            base += shard.num_tokens
        table = np.concatenate(ends).astype(np.int64)
        lengths = np.diff(table[:, 0], prepend=0)
        rows.append(np.column_stack([table[:, 1], table[:, 2], np.full(len(table), number), lengths]))
    table = np.concatenate(rows) if rows else np.empty((0, 4), np.int64)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return _Documents(table[:, 2], np.cumsum(table[:, 3]), table[:, :2], names)


def _cut(record: PartRecord, documents: _Documents, last: int, folder: Path) -> PartRecord:
    """A part without the documents after number `last`."""
    kept = {
        name: int((documents.splits[: last + 1] == number).sum())
        for number, name in enumerate(documents.names)
    }
    shards = {
        name: tuple(_first(record.shards[name], count, folder, record.streams))
        for name, count in kept.items()
    }
    streams = streams_of(shards, record.streams)
    item, start = documents.places[last].tolist()
    fields = {name: first.until((item, start)) for name, first in record.fields.items()}
    return dataclasses.replace(
        record,
        shards=shards,
        streams=streams,
        fields={name: first for name, first in fields.items() if first is not None},
        num_documents=sum(kept.values()),
        num_open_tokens=0,
        open_text_bytes={},
        num_targets=_num_targets(shards, folder, streams) if LOSS in streams else None,
    )


def _num_targets(
    shards: Mapping[str, Sequence[PartShard]], folder: Path, infos: Mapping[str, StreamInfo]
) -> int:
    """The tokens of some shards that are to be learned."""
    count = 0
    for shard in (shard for made in shards.values() for shard in made):
        if LOSS in shard.streams and shard.num_tokens:
            loss = np.memmap(folder / shard.stream_file(LOSS), infos[LOSS].dtype, "r")
            count += int(np.count_nonzero(loss))
        else:
            count += shard.num_tokens
    return count


def _first(
    shards: Sequence[PartShard], count: int, folder: Path, infos: Mapping[str, StreamInfo]
) -> list[PartShard]:
    """The shards that hold a split's first `count` documents, the last one cut after them."""
    made = []
    for shard in shards:
        if count <= 0:
            break
        made.append(shard if count > shard.num_documents else _first_of(shard, count, folder, infos))
        count -= shard.num_documents
    return made


def _first_of(shard: PartShard, count: int, folder: Path, infos: Mapping[str, StreamInfo]) -> PartShard:
    index = read_rows(folder / shard.index_file)[:count]
    num_tokens = int(index[-1, 0])
    item_bytes = shard.size_bytes // shard.num_tokens if num_tokens else 0
    name = shard.file.removesuffix(".bin") + "-cut"
    sha256 = _copy(folder / shard.file, folder / f"{name}.bin", num_tokens * item_bytes)
    with FileWriter(folder / f"{name}.idx") as rows:
        rows.write(np.ascontiguousarray(index).view(np.uint8).data)
    streams = {
        stream: _copy(
            folder / shard.stream_file(stream),
            folder / stream_file(f"{name}.bin", stream),
            num_tokens * infos[stream].item_bytes,
        )
        for stream in shard.streams
    }
    return PartShard(
        f"{name}.bin",
        num_tokens,
        count,
        num_tokens * item_bytes,
        sha256,
        rows.sha256,
        streams,
        _first_fields(shard, count, folder, fields_file(f"{name}.bin")),
    )


def _first_fields(shard: PartShard, count: int, folder: Path, file: str) -> KeptFile | None:
    """A file with the fields of a shard's first documents, if it has any."""
    if shard.fields is None:
        return None
    with open_rows(folder / shard.fields_file) as (types, _), FieldsWriter(folder / file, types) as rows:
        copy_rows(folder / shard.fields_file, rows, most=count)
    return KeptFile(rows.size_bytes, rows.sha256)


def _copy(source: Path, target: Path, size_bytes: int) -> str:
    """Copy a file's beginning; returns the copy's sha256."""
    with FileWriter(target) as copy, source.open("rb") as whole:
        while size_bytes and (data := whole.read(min(size_bytes, _COPY_BYTES))):
            copy.write(data)
            size_bytes -= len(data)
    return copy.sha256
