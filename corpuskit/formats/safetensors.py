"""safetensors: a short header, and arrays that every framework maps.

```
corpuskit export data/mine/gpt2 --format safetensors -o tensors
python -c "from safetensors.torch import load_file; load_file('tensors/train.safetensors')"
```

A file begins with the length of its header as uint64, then comes the header, as JSON: of each tensor its
type, its shape and where it is behind the header. All is little-endian. A split is one file of these tensors:

- `document_ends`: int64[D], where each document ends among the ids;
- `input_ids`: uint16[N] or uint32[N];
- `loss`: uint8[N], 1 where a token is learned and 0 where it is not; only of a corpus that has the stream.

Files of others are read that have `input_ids` of any whole numbers, of one dimension or of rows, which then
follow one another.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import BLOCK_TOKENS, ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import items_of, opened, truncated
from corpuskit.value_streams import LOSS, LOSS_INFO

_IDS, _ENDS = "input_ids", "document_ends"
_TYPES = {"<i8": "I64", "<u2": "U16", "<u4": "U32", "|u1": "U8"}
#: Those of whole numbers, as files may have them.
_READ_TYPES = {"I8": "|i1", "I16": "<i2", "I32": "<i4", "U64": "<u8"} | {
    name: dtype for dtype, name in _TYPES.items()
}
#: The longest header that the library reads, too.
_MAX_HEADER_BYTES = 100_000_000
#: The tensors begin at a multiple of it, so that they can be mapped; the header ends with spaces.
_ALIGNMENT = 8


class SafeTensors(Format):
    """A file `train.safetensors` for each split."""

    name: ClassVar[str] = "safetensors"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)

    def write_split(self, export: Export, split: str) -> None:
        """Write the header, then the documents' ends, the ids and the mask."""
        stream = export.corpus[split]
        num_documents = sum(len(ends) for ends in export.document_ends(split))
        tensors = {
            "document_ends": ("<i8", num_documents),
            "input_ids": (export.corpus.manifest.dtype, len(stream)),
        }
        has_mask = LOSS in stream.streams
        if has_mask:
            tensors[LOSS] = ("|u1", len(stream))
        with export.file(f"{split}.safetensors") as file:
            file.write(_header(export, tensors))
            for ends in export.document_ends(split):
                file.write(ends.astype("<i8").data)
            for ids in export.tokens(split):
                file.write(ids.data)
            if has_mask:
                for items in export.stream(split, LOSS):
                    file.write(items.data)

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .safetensors; without `document_ends`, its documents are found by their ids."""
        return [_file(place, split, path) for split, path in place.files_of_splits(".safetensors")]


def _file(place: ForeignPlace, split: str, path: Path) -> MappedFile:
    """A file of ids, and what is beside them in it.

    Raises:
        CorpusFormatError: If it is no file of tensors, or has no ids.
    """
    header, start = _read_header(path)
    place.check_tokenizer(path, header.get("__metadata__"))
    ids = _tensor(path, header, _IDS, [*_READ_TYPES], most_dimensions=2)
    num_tokens = math.prod(ids["shape"])
    ends = _tensor(path, header, _ENDS, ["I64", "U64", "I32", "U32"]) if _ENDS in header else None
    mask = _tensor(path, header, LOSS, ["U8", "BOOL"], most_dimensions=2) if LOSS in header else None
    if mask is not None and mask["shape"] != ids["shape"]:
        raise _damaged(path, f"{LOSS!r} has the shape {mask['shape']}, and {_IDS!r} {ids['shape']}")
    return MappedFile(
        split=split,
        paths=(path,),
        dtype=np.dtype(_READ_TYPES[ids["dtype"]]),
        offset=start + ids["data_offsets"][0],
        num_tokens=num_tokens,
        ends=None if ends is None else partial(_document_ends, path, start, ends),
        streams={} if mask is None else {LOSS: LOSS_INFO},
        stream_paths={} if mask is None else {LOSS: path},
        stream_offsets={} if mask is None else {LOSS: start + mask["data_offsets"][0]},
    )


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """What a file says of its tensors, and the byte where they begin; their places are checked.

    Raises:
        CorpusFormatError: If it says something that cannot be.
    """
    with opened(path) as file:
        length = int(file.items("<u8", 0, 0, 1)[0])
        if length > _MAX_HEADER_BYTES:
            raise _damaged(path, f"a header of {length:,} bytes, of {_MAX_HEADER_BYTES:,} at most")
        start, text = 8 + length, file.read(8, length).tobytes()
    try:
        header = json.loads(text)
        places = sorted((*_place(value), name) for name, value in header.items() if name != "__metadata__")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, f"a header that describes no tensors ({error!s:.60})") from error
    last = 0
    for first, stop, name in places:
        if first != last or stop < first:
            raise _damaged(path, f"{name!r:.60} at {first:,} to {stop:,}, and {last:,} is where it begins")
        last = stop
    if start + last != file.size_bytes:
        raise truncated(path, expected=start + last, found=file.size_bytes)
    return header, start


def _place(tensor: Any) -> tuple[int, int]:
    """Where a tensor begins and ends behind the header."""
    first, stop = tensor["data_offsets"]
    if type(first) is not int or type(stop) is not int:
        raise TypeError(f"offsets {first!r:.20} and {stop!r:.20}")
    return first, stop


def _tensor(
    path: Path, header: dict[str, Any], name: str, types: Sequence[str], *, most_dimensions: int = 1
) -> dict[str, Any]:
    """What a header says of a tensor.

    Raises:
        CorpusFormatError: If it is not there, of another type, or not as large as its place.
    """
    if name not in header:
        raise CorpusFormatError(
            f"{path}: no tensor {name!r}; it has {', '.join(map(repr, header)):.80}: rename the one of ids",
            path=path,
            expected=name,
            found=[*header],
        )
    tensor: dict[str, Any] = header[name]
    dtype, shape = tensor.get("dtype"), tensor.get("shape")
    if (
        dtype not in types
        or not isinstance(shape, list)
        or not 1 <= len(shape) <= most_dimensions
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise CorpusFormatError(
            f"{path}: {name!r} is {dtype!r:.20} of shape {shape!r:.60}; expected {' or '.join(types)} of "
            f"{'one dimension' if most_dimensions == 1 else 'one or two dimensions'}: write it again so",
            path=path,
            found=(dtype, shape),
        )
    first, stop = tensor["data_offsets"]
    item_bytes = np.dtype(_READ_TYPES.get(str(dtype), "|u1")).itemsize
    if stop - first != math.prod(shape) * item_bytes:
        raise _damaged(path, f"{name!r} of {shape!r:.60} in {stop - first:,} bytes")
    return tensor


def _document_ends(path: Path, start: int, tensor: dict[str, Any]) -> Iterator[Ints]:
    """Where documents end, as a file says."""
    first, stop = (start + at for at in tensor["data_offsets"])
    dtype = np.dtype(_READ_TYPES[tensor["dtype"]])
    for ends in items_of(path, dtype, (stop - first) // dtype.itemsize, BLOCK_TOKENS, offset=first):
        yield (np.minimum(ends, np.uint64(2**63 - 1)) if dtype.kind == "u" else ends).astype(np.int64)


def _damaged(path: Path, found: str) -> CorpusFormatError:
    return CorpusFormatError(
        f"{path}: {found}; it is damaged, or of another format: get it again, or choose another --format",
        path=path,
    )


def _header(export: Export, tensors: dict[str, tuple[str, int]]) -> bytes:
    """The header of a file.

    Args:
        export: Whose corpus it is.
        tensors: The type and the length of each tensor, in their order behind the header.
    """
    tokenizer = export.corpus.manifest.tokenizer
    about = {
        "encoding": tokenizer.name,
        "vocab_size": str(tokenizer.vocab_size),
        "tokenizer_fingerprint": tokenizer.fingerprint,
    }
    if tokenizer.eot_id is not None:
        about["eot_id"] = str(tokenizer.eot_id)
    header: dict[str, object] = {"__metadata__": about}
    start = 0
    for name, (dtype, length) in tensors.items():
        stop = start + length * np.dtype(dtype).itemsize
        header[name] = {"dtype": _TYPES[dtype], "shape": [length], "data_offsets": [start, stop]}
        start = stop
    text = json.dumps(header, separators=(",", ":")).encode()
    text = text.ljust(math.ceil(len(text) / _ALIGNMENT) * _ALIGNMENT)
    return struct.pack("<Q", len(text)) + text


__all__ = ["SafeTensors"]
