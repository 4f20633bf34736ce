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

import struct
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.limits import check_int32
from corpuskit.formats.options import ExportOptions

_MAGIC = b"MMIDIDX\x00\x00"
_VERSION = 1
_TYPES = {"<u2": 8, "<u4": 4}
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
