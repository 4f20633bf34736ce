"""llm.c's token files: shards of a header and ids, as dev/data/data_common.py writes them.

```
corpuskit export data/tinyshakespeare/gpt2 --format llmc -o llm.c/dev/data/mine
./train_gpt2cu -i 'dev/data/mine/train_*.bin' -j 'dev/data/mine/val_*.bin'
```

A file begins with 256 int32: a magic number, a version and the number of ids; the rest are 0. There are two
kinds: magic 20240520, version 1, ids of uint16, which the C programs read; and magic 20240801, version 7,
ids of uint32, which train_llama3.py reads. All is little-endian.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import ForeignFile, MappedFile, Place, head, size_of, truncated

_HEADER_INTS = 256
_HEADER_BYTES = 4 * _HEADER_INTS
_HEADERS = {"<u2": (20240520, 1), "<u4": (20240801, 7)}

#: As many as llm.c's own scripts put into one file. Its loader seeks with 32-bit offsets: never 2 GiB.
_SHARD_TOKENS = 10**8


class LlmC(Format):
    """Files `train_000000.bin`, `train_000001.bin`, ... of uint16 or uint32 ids; "valid" is called val.

    llm.c's loader stops at a file that is smaller than a batch, so the files of a split are of one size,
    give or take a token, rather than all full but the last.
    """

    name: ClassVar[str] = "llmc"
    splits_read: ClassVar[tuple[str, ...]] = ("train", "valid")

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's shards."""
        num_tokens = len(export.corpus[split])
        num_shards = -(-num_tokens // _SHARD_TOKENS)
        bounds = [num_tokens * number // num_shards for number in range(num_shards + 1)]
        magic, version = _HEADERS[export.corpus.manifest.dtype]
        pieces = export.tokens(split, cuts=bounds)
        for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
            header = np.zeros(_HEADER_INTS, "<i4")
            header[:3] = magic, version, stop - start
            with export.file(f"{'val' if split == 'valid' else split}_{number:06d}.bin") as file:
                file.write(header.data)
                while start < stop:
                    ids = next(pieces)
                    file.write(ids.data)
                    start += len(ids)

    def read(self, place: Place) -> Sequence[ForeignFile]:
        """Each .bin whose header is one of the two."""
        return [_file(place, path) for path in place.files(".bin")]


def _file(place: Place, path: Path) -> MappedFile:
    """What a file's header says.

    Raises:
        CorpusFormatError: If it is no such header, or the file has another size.
    """
    start = head(path, _HEADER_BYTES)
    numbers = np.frombuffer(start[: len(start) // 4 * 4], "<i4").tolist()
    known = {values: dtype for dtype, values in _HEADERS.items()}
    found = tuple(numbers[:2])
    if found not in known or len(start) < _HEADER_BYTES or numbers[2] < 0:
        raise CorpusFormatError(
            f"{path}: does not begin with llm.c's header: expected magic and version "
            f"{' or '.join(map(str, known))}, found {found}; name other files, or choose another --format",
            path=path,
            expected=list(known),
            found=found,
        )
    dtype, num_tokens = np.dtype(known[found]), numbers[2]
    expected = _HEADER_BYTES + num_tokens * dtype.itemsize
    if size_of(path) != expected:
        raise truncated(path, expected=expected, found=size_of(path))
    return MappedFile(
        split=place.split_of(path.stem),
        paths=(path,),
        dtype=dtype,
        offset=_HEADER_BYTES,
        num_tokens=num_tokens,
        continues=True,
    )


__all__ = ["LlmC"]
