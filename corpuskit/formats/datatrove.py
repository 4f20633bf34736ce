"""datatrove's .ds files, whose ids nanotron reads: the ids, the documents, and which tokens are learned.

```
corpuskit export data/mine/gpt2 --format datatrove -o ds
```

Each split is one file, or with `--shard-tokens` several, `train_00000.ds` and so on. A document never
crosses a file:

- `train.ds`: the ids, raw little-endian uint16 or uint32, without a header;
- `train.ds.index`: where each document ends, in tokens from the file's start, as uint64;
- `train.ds.loss`: a byte for each token, 1 where it is learned and 0 where it is not; only of a corpus that
  has the stream `loss`;
- `train.ds.metadata`: three lines without a last newline: the tokenizer and the bytes of an id, the number of
  tokens, and that number rounded.

A reader of a folder is told which split by a pattern of names: `DatatroveFolderDataset("ds",
filename_pattern="train*.ds", ...)`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, document_bounds
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import head, items_of, size_of, truncated, whole_items
from corpuskit.value_streams import LOSS, LOSS_INFO

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_SHOWN_DIGITS = 3
_MAX_METADATA_BYTES = 4096
_INDEX_ITEMS = 2**18


class Datatrove(Format):
    """Files `train.ds`, `train.ds.index`, `train.ds.metadata` and perhaps `train.ds.loss`, for each split."""

    name: ClassVar[str] = "datatrove"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)
    options_taken: ClassVar[tuple[str, ...]] = ("shard_tokens",)

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's ids and all that is beside them."""
        stream, shard_tokens = export.corpus[split], export.options.shard_tokens
        token_bounds, index_bounds = document_bounds(export, split, shard_tokens)
        names = [
            split if shard_tokens is None else f"{split}_{number:05d}"
            for number in range(len(token_bounds) - 1)
        ]
        for name, pieces in zip(names, divided(export.tokens(split), token_bounds), strict=True):
            with export.file(f"{name}.ds") as file:
                for ids in pieces:
                    file.write(ids.data)
        documents = divided(export.document_ends(split), index_bounds)
        for name, start, pieces in zip(names, token_bounds, documents, strict=False):
            with export.file(f"{name}.ds.index") as file:
                for ends in pieces:
                    file.write((ends - start).astype("<u8").data)
        if LOSS in stream.streams:
            for name, pieces in zip(names, divided(export.stream(split, LOSS), token_bounds), strict=True):
                with export.file(f"{name}.ds.loss") as file:
                    for items in pieces:
                        file.write(items.data)
        for name, (start, stop) in zip(names, itertools.pairwise(token_bounds), strict=True):
            with export.file(f"{name}.ds.metadata") as file:
                tokenizer, size = export.corpus.manifest.tokenizer.name, stream.dtype.itemsize
                lines = (f"{tokenizer}|{size}", str(stop - start), _rounded(stop - start))
                file.write("\n".join(lines).encode())

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .ds, with the files beside it; without a .ds.index, its documents are found by their ids."""
        return [_file(place, path) for path in place.files(".ds")]


def _file(place: ForeignPlace, path: Path) -> MappedFile:
    """A .ds file and those beside it.

    Raises:
        CorpusFormatError: If they do not belong together.
    """
    beside = {kind: path.with_name(f"{path.name}.{kind}") for kind in ("index", "loss", "metadata")}
    there = {kind: one for kind, one in beside.items() if os.path.lexists(one)}
    dtype = place.item_type() if "metadata" not in there else _item_type(there["metadata"])
    num_tokens = whole_items(path, size_of(path), dtype.itemsize)
    if "loss" in there and size_of(there["loss"]) != num_tokens:
        raise truncated(there["loss"], expected=num_tokens, found=size_of(there["loss"]))
    index = there.get("index")
    return MappedFile(
        split=place.split_of(path.stem),
        paths=(path, *there.values()),
        dtype=dtype,
        num_tokens=num_tokens,
        ends=None if index is None else partial(_ends, index),
        streams={LOSS: LOSS_INFO} if "loss" in there else {},
        stream_paths={LOSS: there["loss"]} if "loss" in there else {},
    )


def _item_type(path: Path) -> np.dtype[Any]:
    """The type of an id, which a .ds.metadata says in its first line."""
    first = head(path, _MAX_METADATA_BYTES).split(b"\n")[0].decode("utf-8", "replace")
    size = first.rpartition("|")[2]
    if size not in ("2", "4"):
        raise CorpusFormatError(
            f"{path}: its first line should end with |2 or |4, an id's bytes, and is {first!r:.60}; delete "
            "it and say --dtype, or choose another --format",
            path=path,
            found=first,
        )
    return np.dtype(f"<u{size}")


def _ends(path: Path) -> Iterator[Ints]:
    """Where documents end, as a .ds.index says."""
    for ends in items_of(path, "<u8", whole_items(path, size_of(path), 8), _INDEX_ITEMS):
        yield np.minimum(ends, np.uint64(2**63 - 1)).astype(np.int64)


def _rounded(count: int) -> str:
    """A number of tokens with three digits and a prefix of the International System: `34.0 MT`."""
    thousands = (len(str(count)) - 1) // 3
    if round(count / 1000**thousands, _SHOWN_DIGITS - len(str(count // 1000**thousands))) >= 1000:
        thousands += 1
    value = count / 1000**thousands
    return f"{value:.{_SHOWN_DIGITS - len(str(int(value)))}f} {_PREFIXES[thousands]}T"


__all__ = ["Datatrove"]
