"""Streams of Arrow's record batches: the files that Hugging Face's datasets keeps, mapped as they are.

```
corpuskit export data/mine/gpt2 --format arrow -o tables
python -c "import datasets; datasets.Dataset.from_file('tables/train-00000.arrow')"
```

The columns are those of `--format parquet`; nothing is compressed. The files are of Arrow's streaming format,
as datasets' own are: `pyarrow.ipc.open_stream` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.formats.base import Export, Format
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.rows import IDS, MASK, Rows, check_names
from corpuskit.formats.table_files import SHARD_TOKENS, open_arrow, write_files
from corpuskit.value_streams import LOSS


class Arrow(Format):
    """Files `train-00000.arrow`, `train-00001.arrow`, ..., of whole documents."""

    name: ClassVar[str] = "arrow"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)
    options_taken: ClassVar[tuple[str, ...]] = ("shard_tokens",)

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse kept fields that would have the name of a column of ids."""
        import_pyarrow(f"--format {self.name}")
        check_names(corpus, [IDS, MASK], self.name)

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's files, a record batch at a time."""
        shard_tokens = export.options.shard_tokens or SHARD_TOKENS
        write_files(export, Rows(export, split), open_arrow, lambda n: f"{split}-{n:05d}.arrow", shard_tokens)


__all__ = ["Arrow"]
