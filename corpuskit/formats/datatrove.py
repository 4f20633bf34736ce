"""datatrove's .ds files, whose ids nanotron reads: the ids, the documents, and which tokens are learned.

```
corpuskit export data/mine/gpt2 --format datatrove -o ds
```

Each split is one file, and a document never crosses a file:

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

from typing import ClassVar

from corpuskit.formats.base import Export, Format
from corpuskit.value_streams import LOSS

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_SHOWN_DIGITS = 3


class Datatrove(Format):
    """Files `train.ds`, `train.ds.index`, `train.ds.metadata` and perhaps `train.ds.loss`, for each split."""

    name: ClassVar[str] = "datatrove"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's ids and all that is beside them."""
        stream = export.corpus[split]
        with export.file(f"{split}.ds") as file:
            for ids in export.tokens(split):
                file.write(ids.data)
        with export.file(f"{split}.ds.index") as file:
            for ends in export.document_ends(split):
                file.write(ends.astype("<u8").data)
        if LOSS in stream.streams:
            with export.file(f"{split}.ds.loss") as file:
                for items in export.stream(split, LOSS):
                    file.write(items.data)
        with export.file(f"{split}.ds.metadata") as file:
            name, size = export.corpus.manifest.tokenizer.name, stream.dtype.itemsize
            lines = (f"{name}|{size}", str(len(stream)), _rounded(len(stream)))
            file.write("\n".join(lines).encode())


def _rounded(count: int) -> str:
    """A number of tokens with three digits and a prefix of the International System: `34.0 MT`."""
    thousands = (len(str(count)) - 1) // 3
    if round(count / 1000**thousands, _SHOWN_DIGITS - len(str(count // 1000**thousands))) >= 1000:
        thousands += 1
    value = count / 1000**thousands
    return f"{value:.{_SHOWN_DIGITS - len(str(int(value)))}f} {_PREFIXES[thousands]}T"


__all__ = ["Datatrove"]
