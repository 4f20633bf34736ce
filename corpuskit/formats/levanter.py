"""Levanter's caches of tokens: arrays of zarr, and a ledger that says they are finished.

```
corpuskit export data/mine/gpt2 --format levanter -o cache
```

Each split is a folder, `train` or, of valid, `validation`:

- `input_ids/data`: the ids as int32, one document after another;
- `input_ids/offsets`: int64: the number of documents D, then where each of them ends;
- `assistant_masks/data` and `assistant_masks/offsets`: the same of the mask, 1 where a token is learned, only
  of a corpus that has the stream `loss`;
- `shard_ledger.json`: how many rows and tokens there are.

Caches that Levanter made are read, too.

Levanter puts end-of-text ids and the like in when it makes a cache itself; here they are what the corpus has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpusFormatError
from corpuskit.formats import foreign
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import DocumentEnds, ForeignBlock, ForeignFile, ForeignPlace
from corpuskit.formats.foreign_bytes import read_json
from corpuskit.formats.foreign_zarr import ForeignArray
from corpuskit.formats.limits import check_int32
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.zarr_array import write_array
from corpuskit.storage import json_bytes
from corpuskit.value_streams import LOSS, LOSS_INFO

_FOLDERS = {"valid": "validation"}
_LEDGER = "shard_ledger.json"


class Levanter(Format):
    """A folder a split, of arrays of int32 ids and of int64 documents' ends."""

    name: ClassVar[str] = "levanter"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse ids beyond int32."""
        check_int32(corpus, "Levanter")

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's arrays, then its ledger."""
        stream, folder = export.corpus[split], _FOLDERS.get(split, split)
        num_documents = sum(len(ends) for ends in export.document_ends(split))
        fields: dict[str, Callable[[], Iterator[NDArray[Any]]]] = {"input_ids": lambda: export.tokens(split)}
        if LOSS in stream.streams:
            fields["assistant_masks"] = lambda: export.stream(split, LOSS)
        for name, items in fields.items():
            write_array(export, f"{folder}/{name}/data", "<i4", items(), len(stream))
            first = np.array([num_documents])
            ends = itertools.chain([first], export.document_ends(split))
            write_array(export, f"{folder}/{name}/offsets", "<i8", ends, num_documents + 1)
        ledger = {
            "total_num_rows": num_documents,
            "shard_rows": {"0": num_documents},
            "is_finished": True,
            "finished_shards": ["0"],
            "field_counts": dict.fromkeys(fields, len(stream)),
            "metadata": {"preprocessor_metadata": None},
        }
        with export.file(f"{folder}/{_LEDGER}") as file:
            file.write(json_bytes(ledger))

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each cache that is finished: the folder that was named, or those in it."""
        return [_Cache(place.split_of(path.parent.name), path) for _, path in place.files_of_splits(_LEDGER)]


class _Cache(ForeignFile):
    """A cache of one split.

    Args:
        split: The split.
        ledger: The file that says that it is finished.

    Raises:
        CorpusFormatError: If it is not, or is damaged.
    """

    def __init__(self, split: str, ledger: Path) -> None:
        self.split, self.fields = split, {}
        about, folder = read_json(ledger), ledger.parent
        if not isinstance(about, dict) or about.get("is_finished") is not True:
            raise CorpusFormatError(
                f"{ledger}: does not say that the cache is finished; let Levanter finish it, or name the "
                "folder of another",
                path=ledger,
            )
        self._ids, self._offsets = (ForeignArray(folder / "input_ids" / name) for name in ("data", "offsets"))
        self._rows, self.num_tokens = _counts(self._offsets)
        said = about.get("total_num_rows")
        if self._rows != said or self._rows < 0:
            raise CorpusFormatError(
                f"{ledger}: {said!r:.20} rows, and {self._rows:,} in input_ids; get the cache again",
                path=ledger,
                expected=said,
                found=self._rows,
            )
        masks = folder / "assistant_masks"
        self._mask = ForeignArray(masks / "data", sparse=True) if masks.exists() else None
        if self._mask and _counts(ForeignArray(masks / "offsets")) != (self._rows, self.num_tokens):
            raise CorpusFormatError(f"{masks}: not as long as input_ids; get the cache again", path=masks)
        self.streams = {} if self._mask is None else {LOSS: LOSS_INFO}
        arrays = [self._ids, self._offsets, *([] if self._mask is None else [self._mask])]
        self.paths = [ledger, *(path for array in arrays for path in array.paths)]

    @property
    def has_documents(self) -> bool:
        """A row is a document."""
        return True

    def blocks(self) -> Iterator[ForeignBlock]:
        """See `ForeignFile`."""
        num_tokens = self.num_tokens or 0
        documents = DocumentEnds(self._offsets.pieces(1, self._rows + 1), self)
        for start in range(0, max(num_tokens, 1), foreign.BLOCK_TOKENS):
            stop = min(start + foreign.BLOCK_TOKENS, num_tokens)
            streams = {}
            if self._mask is not None:
                streams[LOSS] = _joined(self._mask, start, stop).astype(np.uint8)
            yield ForeignBlock(_joined(self._ids, start, stop), documents.until(stop) - start, streams)


def _counts(offsets: ForeignArray) -> tuple[int, int]:
    """The rows and the items of a field."""
    (rows,) = (int(piece[0]) for piece in offsets.pieces(0, 1))
    return rows, sum(int(piece[0]) for piece in offsets.pieces(rows, rows + 1)) if rows > 0 else 0


def _joined(array: ForeignArray, start: int, stop: int) -> NDArray[Any]:
    return np.concatenate([np.empty(0, "<i4"), *array.pieces(start, stop)])


__all__ = ["Levanter"]
