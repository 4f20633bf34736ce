"""MosaicML's shards of samples (MDS), which its StreamingDataset and so llm-foundry read.

```
corpuskit export data/mine/gpt2 --format mds --block-size 2048 -o mds
```

Each split is a folder; "valid" is called val:

- `train/shard.00000.mds`, ...: as uint32 the number of samples and where each begins and the last one ends in
  the file; what a sample is, as JSON; then the samples;
- `train/index.json`: each shard's size and number of samples.

A sample has one column, `tokens`, of `--block-size` ids as int32 (`ndarray:int32:2048`), which is what
llm-foundry writes and reads. The model makes the targets, so the size is that of the model. What is left at a
split's end fills no sample and is left out, which a line says.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from corpuskit.corpus.corpus import Corpus
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, row_bounds, short_name
from corpuskit.formats.limits import check_file_bytes, check_int32, checked_block_size
from corpuskit.formats.options import ExportOptions

log = logging.getLogger(__name__)

_ITEM_BYTES = 4
_MAX_BYTES = 2**32 - 1
#: What MDSWriter fills a shard to, unless it is told otherwise.
_SIZE_LIMIT = 2**26


class Mds(Format):
    """A folder a split, of samples of `block_size` ids as int32."""

    name: ClassVar[str] = "mds"
    options_taken: ClassVar[tuple[str, ...]] = ("block_size", "shard_tokens")

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse ids beyond int32, splits without a sample, and shards beyond 4 GiB."""
        check_int32(corpus, "MDS")
        block_size = checked_block_size(corpus, splits, options, self.name, 2048)
        for name in splits:
            bounds = _bounds(len(corpus[name]), block_size, options)
            num_samples = (bounds[1] - bounds[0]) // block_size
            size_bytes = len(_head(num_samples, block_size)) + num_samples * block_size * _ITEM_BYTES
            check_file_bytes(size_bytes, _MAX_BYTES, self.name)

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's shards, then their index."""
        num_tokens, options = len(export.corpus[split]), export.options
        assert options.block_size is not None
        bounds = _bounds(num_tokens, options.block_size, options)
        if num_tokens > bounds[-1]:
            log.info(
                "%s: the last %s tokens of split %s fill no row of %s and are not exported",
                export.corpus.path,
                f"{num_tokens - bounds[-1]:,}",
                split,
                f"{options.block_size:,}",
            )
        folder = short_name(split)
        shards: list[dict[str, Any]] = []
        for number, pieces in enumerate(divided(export.tokens(split), bounds)):
            num_samples = (bounds[number + 1] - bounds[number]) // options.block_size
            name = f"shard.{number:05d}.mds"
            with export.file(f"{folder}/{name}") as file:
                file.write(_head(num_samples, options.block_size))
                for ids in pieces:
                    file.write(ids.astype("<i4").data)
                size_bytes = file.size_bytes
            shards.append(
                {
                    **_config(options.block_size),
                    "raw_data": {"basename": name, "bytes": size_bytes, "hashes": {}},
                    "samples": num_samples,
                    "zip_data": None,
                }
            )
        with export.file(f"{folder}/index.json") as file:
            file.write(json.dumps({"shards": shards, "version": 2}, sort_keys=True).encode())


def _bounds(num_tokens: int, block_size: int, options: ExportOptions) -> list[int]:
    return row_bounds(num_tokens, block_size, options.shard_tokens or _SIZE_LIMIT // _ITEM_BYTES)


def _head(num_samples: int, block_size: int) -> bytes:
    """What is in a shard before its samples."""
    config = json.dumps(_config(block_size), sort_keys=True).encode()
    first = 4 + 4 * (num_samples + 1) + len(config)
    offsets = first + np.arange(num_samples + 1, dtype=np.uint64) * (block_size * _ITEM_BYTES)
    return struct.pack("<I", num_samples) + offsets.astype("<u4").tobytes() + config


def _config(block_size: int) -> dict[str, Any]:
    return {
        "column_encodings": [f"ndarray:int32:{block_size}"],
        "column_names": ["tokens"],
        "column_sizes": [block_size * _ITEM_BYTES],
        "compression": None,
        "format": "mds",
        "hashes": [],
        "size_limit": _SIZE_LIMIT,
        "version": 2,
    }


__all__ = ["Mds"]
