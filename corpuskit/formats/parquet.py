"""Parquet files, as Hugging Face's datasets and every data frame read them, and nanochat those of text.

```
corpuskit export data/mine/gpt2 --format parquet -o tables
python -c "import datasets; datasets.load_dataset('parquet', data_dir='tables')"
```

A row is a document: `input_ids`, a list of uint16 or uint32; `assistant_masks`, 1 where a token is learned,
of a corpus that has the stream `loss`; and the kept fields. A row group has 8 MiB.

With `--text` a row has `text` rather than the ids, and the kept fields. Files and row groups are then those
of nanochat: `shard_00000.parquet` and so on, 1,024 rows in a row group, and it validates with the last file.

Files of others are read that have `input_ids`, lists of whole numbers; a row is a document.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.errors import ConfigError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import ForeignFile, ForeignPlace
from corpuskit.formats.foreign_bytes import size_of
from corpuskit.formats.foreign_tables import TableFile, read_tables
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.rows import IDS, MASK, Rows, check_names
from corpuskit.formats.table_files import SHARD_TOKENS, open_parquet, write_files
from corpuskit.formats.text_rows import TEXT, TextRows
from corpuskit.value_streams import LOSS

if TYPE_CHECKING:
    import pyarrow

log = logging.getLogger(__name__)

#: Rows that are read at once, at most; what they have, about; and what is read of a column at once.
_ROWS, _BATCH_BYTES, _BUFFER_BYTES = 4096, 2**21, 2**20


class Parquet(Format):
    """Files `train-00000.parquet`, ... of ids, or `shard_00000.parquet`, ... of text."""

    name: ClassVar[str] = "parquet"
    streams_written: ClassVar[tuple[str, ...]] = (LOSS,)
    options_taken: ClassVar[tuple[str, ...]] = ("shard_tokens", "text")

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse names of columns that are taken, and splits that nanochat would take for others."""
        import_pyarrow(f"--format {self.name}")
        if not options.text:
            check_names(corpus, [IDS, MASK], self.name)
            return
        check_names(corpus, [TEXT], self.name)
        _ = corpus.tokenizer
        others = [name for name in splits if name not in ("train", "valid")]
        if others or "valid" in splits[:-1]:
            raise ConfigError(
                f"--text: nanochat takes the last file as its validation split and all others as train, so "
                f"{others[0] if others else 'valid'!r} cannot be where it is; export "
                "--split train --split valid",
                found=[*splits],
            )

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's files, a row group at a time."""
        text, first = export.options.text, len(export.files)
        table = functools.partial(
            open_parquet,
            columns_with_statistics=[*export.corpus.manifest.field_types],
        )
        write_files(
            export,
            TextRows(export, split) if text else Rows(export, split),
            table,
            lambda n: f"shard_{first + n:05d}.parquet" if text else f"{split}-{n:05d}.parquet",
            None if text and split == "valid" else export.options.shard_tokens or SHARD_TOKENS,
        )
        if text:
            _say_what_is_missing(export, split)

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .parquet whose rows have `input_ids`; the fields beside them are kept."""
        import_pyarrow(f"--format {self.name}")
        return read_tables(
            place, place.files_of_splits(".parquet"), lambda path: _open(path).schema_arrow, _Table
        )


class _Table(TableFile):
    """A Parquet file of ids, read a part of a row group at a time."""

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows of each row group, a few MiB at a time."""
        file = _open(self.path)
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(
                number
            )  # whose columns say more, but damaged ones end the process
            row_bytes = max(group.total_byte_size // max(group.num_rows, 1), 1)
            rows = min(max(_BATCH_BYTES // row_bytes, 1), _ROWS)
            yield from file.iter_batches(rows, row_groups=[number], columns=self.columns.names)


def _open(path: Path) -> Any:
    """A file, of which the end is read: its schema, and where its columns are."""
    pa = import_pyarrow("importing Parquet")
    from pyarrow import parquet

    size_of(path)  # a named pipe would keep the next line waiting
    source = pa.OSFile(os.fsencode(path), "rb")
    return parquet.ParquetFile(source, buffer_size=_BUFFER_BYTES, page_checksum_verification=True)


def _say_what_is_missing(export: Export, split: str) -> None:
    """Say what text has no place for, and what nanochat does without a split of its own to validate with."""
    path = export.corpus.path
    if LOSS in export.corpus[split].streams:
        log.warning("%s: --text has no place for the stream 'loss' of split %r, which is lost", path, split)
    if "valid" not in export.splits:
        log.warning(
            "%s: no valid split is exported, and nanochat takes the last file of train as one; make one with "
            "'corpuskit split', or prepare the corpus with --split valid=0.01",
            path,
        )


__all__ = ["Parquet"]
