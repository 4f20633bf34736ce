"""Megatron-Core's indexed data set: the ids in a .bin, the documents in an .idx.

```
corpuskit export data/mine/gpt2 --format megatron -o megatron
torchrun pretrain_gpt.py --train-data-path megatron/train --valid-data-path megatron/valid ...
```

The .bin holds the ids one after another. The .idx holds, little-endian:

- the text `MMIDIDX` and two zero bytes, the version 1 as uint64, and the ids' type as uint8: 8 is uint16, 4
  is int32;
- the number of sequences S and the number of document bounds D + 1, as uint64;
- int32[S], the tokens of each sequence; int64[S], the byte where it begins in the .bin;
- int64[D + 1], the first sequence of each document, and S.

Each document is one sequence here, so document i is the corpus's document i, empty ones included. There is no
type for uint32: ids that need four bytes are written as int32, which holds the same bytes below 2**31.

Megatron's own tool would write int32 from 65,500 ids on. The header decides which is read, and the readers
that guess from the vocabulary guess uint16 up to 65,536 ids, as corpuskit writes them.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import head, items_of, opened, size_of, truncated
from corpuskit.formats.limits import check_int32
from corpuskit.formats.options import ExportOptions

_MAGIC = b"MMIDIDX\x00\x00"
_VERSION = 1
_TYPES = {"<u2": 8, "<u4": 4}
#: The types of ids that are read: whole numbers, by their code.
_READ_TYPES = {1: "|u1", 2: "|i1", 3: "<i2", 4: "<i4", 5: "<i8", 8: "<u2"}
_HEAD = struct.Struct("<9sQBQQ")
_MAX_LENGTH = 2**31 - 1
_CHUNK = 2**18


class Megatron(Format):
    """Files `train.bin` and `train.idx`, and so on for each split: the prefix is the split's name."""

    name: ClassVar[str] = "megatron"

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse vocabularies whose ids do not fit int32."""
        check_int32(corpus, "Megatron")

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's ids, then its index."""
        item_bytes = export.corpus[split].dtype.itemsize
        num_documents = _count(export, split)
        with export.file(f"{split}.bin") as file:
            for ids in export.tokens(split):
                file.write(ids.data)
        with export.file(f"{split}.idx") as file:
            file.write(_MAGIC + struct.pack("<QB", _VERSION, _TYPES[export.corpus.manifest.dtype]))
            file.write(struct.pack("<QQ", num_documents, num_documents + 1))
            for starts, ends in _documents(export, split):
                file.write((ends - starts).astype("<i4").data)
            for starts, _ in _documents(export, split):
                file.write((starts * item_bytes).astype("<i8").data)
            for first in range(0, num_documents + 1, _CHUNK):
                file.write(np.arange(first, min(first + _CHUNK, num_documents + 1), dtype="<i8").data)

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .idx with the .bin beside it; what was named may also be what both names begin with."""
        prefix = place.path.with_name(f"{place.path.name}.idx")
        if not place.path.is_dir() and prefix.exists():
            place = dataclasses.replace(place, path=prefix)
        return [_file(place, path.with_suffix(".idx")) for path in place.files(".idx")]


def _file(place: ForeignPlace, path: Path) -> MappedFile:
    """What an .idx says of its .bin.

    Raises:
        CorpusFormatError: If it is no such index, or the two do not belong together.
    """
    start = head(path, _HEAD.size)
    if len(start) < _HEAD.size or start[: len(_MAGIC)] != _MAGIC:
        raise CorpusFormatError(
            f"{path}: does not begin with {_MAGIC!r} as Megatron's index does; name other files, or choose "
            "another --format",
            path=path,
            expected=_MAGIC,
            found=start[: len(_MAGIC)],
        )
    _, version, code, num_sequences, num_bounds = _HEAD.unpack(start)
    if version != _VERSION or code not in _READ_TYPES:
        raise CorpusFormatError(
            f"{path}: version {version} with ids of type {code}; expected version {_VERSION} and types "
            f"{', '.join(map(str, _READ_TYPES))}",
            path=path,
            found=(version, code),
        )
    expected = _HEAD.size + num_sequences * 12 + num_bounds * 8
    found = size_of(path)
    if found not in (expected, expected + num_sequences):  # a byte a sequence says what kind it is
        raise truncated(path, expected=expected, found=found)
    index = _Index(path, num_sequences, num_bounds)
    ids, dtype = path.with_suffix(".bin"), np.dtype(_READ_TYPES[code])
    if size_of(ids) != index.num_tokens * dtype.itemsize:
        raise truncated(ids, expected=index.num_tokens * dtype.itemsize, found=size_of(ids))
    return MappedFile(
        split=place.split_of(path.stem),
        paths=(ids, path),
        dtype=dtype,
        num_tokens=index.num_tokens,
        ends=partial(index.ends, dtype.itemsize),
    )


class _Index:
    """The arrays of an .idx, one after another: lengths and begins of sequences, and bounds of documents."""

    def __init__(self, path: Path, num_sequences: int, num_bounds: int) -> None:
        self._path, self._num_sequences, self._num_bounds = path, num_sequences, num_bounds
        self._begins_at = _HEAD.size + num_sequences * 4
        self._bounds_at = self._begins_at + num_sequences * 8
        self.num_tokens = 0
        for lengths in items_of(path, "<i4", num_sequences, _CHUNK, offset=_HEAD.size):
            if int(lengths.min()) < 0:
                raise self._damaged("a sequence of fewer than 0 tokens")
            self.num_tokens += int(lengths.sum(dtype=np.int64))

    def ends(self, item_bytes: int) -> Iterator[Ints]:
        """Where documents end, in ids; sequences of one document are joined."""
        last = tokens = 0
        with opened(self._path) as file:
            first_bound, last_bound = (
                file.items("<i8", self._bounds_at, at, at + 1).tolist() for at in (0, self._num_bounds - 1)
            )
            if first_bound != [0] or last_bound != [self._num_sequences]:
                raise self._damaged("documents that do not hold all sequences")
            for at in range(1, self._num_bounds, _CHUNK):
                bounds = file.items("<i8", self._bounds_at, at, min(at + _CHUNK, self._num_bounds))
                if bounds[0] < last or (bounds[1:] < bounds[:-1]).any() or bounds[-1] > self._num_sequences:
                    raise self._damaged("documents that end before they begin")
                until = int(bounds[-1])
                lengths = file.items("<i4", _HEAD.size, last, until).astype(np.int64)
                sums = np.concatenate(([0], np.cumsum(lengths))) + tokens
                if not np.array_equal(
                    file.items("<i8", self._begins_at, last, until), sums[:-1] * item_bytes
                ):
                    raise self._damaged("sequences that do not follow one another in the .bin")
                yield sums[bounds - last]
                last, tokens = until, int(sums[-1])

    def _damaged(self, found: str) -> CorpusFormatError:
        return CorpusFormatError(f"{self._path}: the index has {found}; get it again", path=self._path)


def _count(export: Export, split: str) -> int:
    """How many documents there are; they are also measured, before anything is written.

    Raises:
        ConfigError: If one is too long for Megatron's int32.
    """
    num_documents = 0
    for starts, ends in _documents(export, split):
        longest = int((ends - starts).argmax())
        length = int(ends[longest] - starts[longest])
        if length > _MAX_LENGTH:
            raise ConfigError(
                f"{export.corpus.path}: document {num_documents + longest:,} of split {split!r} has "
                f"{length:,} tokens, and Megatron's index counts to {_MAX_LENGTH:,}; prepare it with a "
                "--separator",
                expected=_MAX_LENGTH,
                found=length,
            )
        num_documents += len(ends)
    return num_documents


def _documents(export: Export, split: str) -> Iterator[tuple[Ints, Ints]]:
    """Where documents begin and end in the stream, a piece of them at a time."""
    last = 0
    for ends in export.document_ends(split):
        yield np.concatenate(([last], ends[:-1])), ends
        last = int(ends[-1])


__all__ = ["Megatron"]
