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

Levanter puts end-of-text ids and the like in when it makes a cache itself; here they are what the corpus has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.corpus import Corpus
from corpuskit.formats.base import Export, Format
from corpuskit.formats.limits import check_int32
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.zarr_array import write_array
from corpuskit.storage import json_bytes
from corpuskit.value_streams import LOSS

_FOLDERS = {"valid": "validation"}


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
        with export.file(f"{folder}/shard_ledger.json") as file:
            file.write(json_bytes(ledger))


__all__ = ["Levanter"]
