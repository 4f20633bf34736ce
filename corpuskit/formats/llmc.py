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
from typing import ClassVar

import numpy as np

from corpuskit.formats.base import Export, Format

_HEADER_INTS = 256
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


__all__ = ["LlmC"]
