"""LitData's chunks of tokens, which its TokensLoader and so litgpt read.

```
corpuskit export data/mine/gpt2 --format litdata --block-size 2049 -o chunks
```

Each split is a folder, as the reader wants it; "valid" is called val:

- `train/chunk-0-0.bin`, `train/chunk-0-1.bin`, ...: as uint32 the number of items, which is 1, and where it
  begins and ends in the file; then the ids;
- `train/index.json`: each chunk's size and tokens, and the type of the ids.

The block size counts the token more that makes targets: 2,049 for a model of 2,048. A reader takes whole
blocks of each chunk, so each has a multiple of it, and the last one also what is left. LitData has no name
for uint32: ids that need four bytes are int32.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, row_bounds, short_name
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import beside, count_of, head, opened, read_json, size_of, truncated
from corpuskit.formats.limits import check_file_bytes, check_int32, checked_block_size
from corpuskit.formats.options import ExportOptions

#: torch.uint16 and torch.int32, by their numbers in LitData's list of types.
_TYPES = {"<u2": "no_header_tensor:20", "<u4": "no_header_tensor:15"}
#: The types that are read: those of torch's tensors and of NumPy's arrays, by LitData's names. Its list has
#: torch.int (16) and torch.long (18) too, and those are the numbers that its own writer gives.
_READ_TYPES = {
    "no_header_tensor:15": "<i4",
    "no_header_tensor:16": "<i4",
    "no_header_tensor:17": "<i8",
    "no_header_tensor:18": "<i8",
    "no_header_tensor:20": "<u2",
    "no_header_numpy:2": "<i4",
    "no_header_numpy:3": "<i8",
    "no_header_numpy:5": "<u2",
    "no_header_numpy:6": "<u4",
}
_HEADER_BYTES = 12
_MAX_BYTES = 2**32 - 1
#: About 64 MB of uint16.
_SHARD_TOKENS = 2**25


class LitData(Format):
    """A folder a split, of chunks of uint16 or int32 ids."""

    name: ClassVar[str] = "litdata"
    options_taken: ClassVar[tuple[str, ...]] = ("block_size", "shard_tokens")

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse ids beyond int32, splits without a block, and chunks beyond 4 GiB."""
        check_int32(corpus, "LitData")
        block_size = checked_block_size(corpus, splits, options, self.name, 2049)
        for name in splits:
            bounds = _bounds(len(corpus[name]), block_size, options)
            longest = max(stop - start for start, stop in itertools.pairwise(bounds))
            check_file_bytes(longest * corpus[name].dtype.itemsize + _HEADER_BYTES, _MAX_BYTES, self.name)

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's chunks, then their index."""
        stream, options = export.corpus[split], export.options
        assert options.block_size is not None
        bounds = _bounds(len(stream), options.block_size, options)
        folder = short_name(split)
        chunks: list[dict[str, Any]] = []
        for number, pieces in enumerate(divided(export.tokens(split), bounds)):
            num_tokens = bounds[number + 1] - bounds[number]
            size_bytes = _HEADER_BYTES + num_tokens * stream.dtype.itemsize
            name = f"chunk-0-{number}.bin"
            with export.file(f"{folder}/{name}") as file:
                file.write(struct.pack("<3I", 1, _HEADER_BYTES, size_bytes))
                for ids in pieces:
                    file.write(ids.data)
            chunks.append({"chunk_bytes": size_bytes, "chunk_size": 1, "dim": num_tokens, "filename": name})
        config = {
            "chunk_bytes": None,
            "chunk_size": chunks[0]["dim"],
            "compression": None,
            "data_format": [_TYPES[export.corpus.manifest.dtype]],
            "data_spec": '[1, {"type": null, "context": null, "children_spec": []}]',
            "encryption": None,
            "item_loader": "TokensLoader",
        }
        with export.file(f"{folder}/index.json") as file:
            index = {"chunks": chunks, "config": config, "updated_at": "0"}
            file.write(json.dumps(index, sort_keys=True).encode())

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """The chunks that each index.json names. Items are documents where a chunk has several."""
        return [file for split, path in place.files_of_splits("index.json") for file in _files(split, path)]


def _files(split: str, path: Path) -> Iterator[MappedFile]:
    """The chunks of an index.

    Raises:
        CorpusFormatError: If it is no index of such chunks, or one is damaged.
    """
    index = read_json(path)
    try:
        chunks, config = index["chunks"], index["config"]
        packing, kinds = (config.get("compression"), config.get("encryption")), config["data_format"]
        parts = [(one["filename"], count_of(one["chunk_size"]), count_of(one["dim"])) for one in chunks]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CorpusFormatError(
            f"{path}: is no index of LitData's chunks of tokens: {error!r:.80}; name the folder of "
            "the chunks, or choose another --format",
            path=path,
        ) from error
    if packing != (None, None) or kinds not in [[kind] for kind in _READ_TYPES]:
        raise CorpusFormatError(
            f"{path}: compression {packing[0]!r:.20}, encryption {packing[1]!r:.20}, ids of type "
            f"{kinds!r:.60}; expected None, None and one of {', '.join(_READ_TYPES)}",
            path=path,
            found=(*packing, kinds),
        )
    dtype = np.dtype(_READ_TYPES[kinds[0]])
    has_items = any(num_items > 1 for _, num_items, _ in parts)
    for name, num_items, num_tokens in parts:
        chunk = beside(path, name)
        start = 4 + 4 * (num_items + 1)
        expected, found = start + num_tokens * dtype.itemsize, size_of(chunk)
        if found != expected:
            raise truncated(chunk, expected=expected, found=found)
        if np.frombuffer(head(chunk, 8), "<u4").tolist() != [num_items, start]:
            raise CorpusFormatError(f"{chunk}: does not begin as a chunk of {num_items:,} items", path=chunk)
        yield MappedFile(
            split=split,
            paths=(chunk, path),
            dtype=dtype,
            offset=start,
            num_tokens=num_tokens,
            ends=partial(_ends, chunk, num_items, dtype.itemsize) if has_items else None,
            continues=not has_items,
        )


def _ends(chunk: Path, num_items: int, item_bytes: int) -> Iterator[Ints]:
    """Where the items of a chunk end, in ids."""
    with opened(chunk) as file:
        offsets = file.items("<u4", 4, 0, num_items + 1).astype(np.int64)
    ends, rest = np.divmod(offsets - offsets[0], item_bytes)
    if rest.any():
        raise CorpusFormatError(f"{chunk}: an item ends inside an id; get it again", path=chunk)
    yield ends[1:]


def _bounds(num_tokens: int, block_size: int, options: ExportOptions) -> list[int]:
    """The chunks' bounds; the last chunk also has what fills no block."""
    bounds = row_bounds(num_tokens, block_size, options.shard_tokens or _SHARD_TOKENS)
    return [*bounds[:-1], num_tokens]


__all__ = ["LitData"]
