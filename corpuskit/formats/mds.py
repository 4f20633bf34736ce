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
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, row_bounds, short_name
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import beside, count_of, head, read_json, size_of, truncated
from corpuskit.formats.limits import check_file_bytes, check_int32, checked_block_size
from corpuskit.formats.options import ExportOptions

log = logging.getLogger(__name__)

_ITEM_BYTES = 4
#: A column of arrays of one length: MDS names the type as NumPy does.
_COLUMN = re.compile(r"ndarray:((?:u?int)(?:8|16|32|64)):([1-9][0-9]{0,9})")
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

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """The shards that each index.json names, of samples of one column of so many ids."""
        return [
            _file(split, path, shard)
            for split, path in place.files_of_splits("index.json")
            for shard in _shards(path)
        ]


def _shards(path: Path) -> list[Any]:
    """What an index says of its shards.

    Raises:
        CorpusFormatError: If it is no index of shards.
    """
    index: Any = read_json(path)
    if not isinstance(index, dict) or index.get("version") != 2 or not isinstance(index.get("shards"), list):
        raise CorpusFormatError(
            f"{path}: is no index of MosaicML's shards; name the folder of the shards, or choose "
            "another --format",
            path=path,
        )
    return list(index["shards"])


def _file(split: str, path: Path, shard: Any) -> MappedFile:
    """A shard as an index describes it.

    Raises:
        CorpusFormatError: If its samples are something else, or it is damaged.
    """
    try:
        columns, num_samples, raw = shard["column_encodings"], count_of(shard["samples"]), shard["raw_data"]
        found = _COLUMN.fullmatch(columns[0]) if len(columns) == 1 else None
        name, size_bytes = raw["basename"], count_of(raw["bytes"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CorpusFormatError(f"{path}: describes no shard: {error!r:.80}", path=path) from error
    if found is None:
        raise CorpusFormatError(
            f"{path}: samples of {columns!r:.80}; expected one column of whole numbers of one length, such "
            "as ['ndarray:int32:2048']: write the shards again with it",
            path=path,
            found=columns,
        )
    file = beside(path, name)
    dtype, num_tokens = np.dtype(found[1]).newbyteorder("<"), num_samples * int(found[2])
    if size_of(file) != size_bytes:
        raise truncated(file, expected=size_bytes, found=size_of(file))
    start = size_bytes - num_tokens * dtype.itemsize
    if num_samples < 1 or start < 8 or np.frombuffer(head(file, 8), "<u4").tolist() != [num_samples, start]:
        raise CorpusFormatError(
            f"{file}: does not begin as a shard of {num_samples:,} samples of {found[2]} ids; get it again",
            path=file,
        )
    return MappedFile(
        split=split, paths=(file, path), dtype=dtype, offset=start, num_tokens=num_tokens, continues=True
    )


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
