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
"""

from __future__ import annotations

import json
import math
import struct
from typing import ClassVar

import numpy as np

from corpuskit.formats.base import Export, Format
from corpuskit.value_streams import LOSS

_TYPES = {"<i8": "I64", "<u2": "U16", "<u4": "U32", "|u1": "U8"}
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
