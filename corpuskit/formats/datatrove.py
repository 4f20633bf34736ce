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
from typing import ClassVar

from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, document_bounds
from corpuskit.value_streams import LOSS

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_SHOWN_DIGITS = 3


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


def _rounded(count: int) -> str:
    """A number of tokens with three digits and a prefix of the International System: `34.0 MT`."""
    thousands = (len(str(count)) - 1) // 3
    if round(count / 1000**thousands, _SHOWN_DIGITS - len(str(count // 1000**thousands))) >= 1000:
        thousands += 1
    value = count / 1000**thousands
    return f"{value:.{_SHOWN_DIGITS - len(str(int(value)))}f} {_PREFIXES[thousands]}T"


__all__ = ["Datatrove"]
