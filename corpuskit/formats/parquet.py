"""Parquet files, as Hugging Face's datasets and every data frame read them, and nanochat those of text.

```
corpuskit export data/mine/gpt2 --format parquet -o tables
python -c "import datasets; datasets.load_dataset('parquet', data_dir='tables')"
```

A row is a document: `input_ids`, a list of uint16 or uint32; `assistant_masks`, 1 where a token is learned,
of a corpus that has the stream `loss`; and the kept fields. A row group has 8 MiB.

With `--text` a row has `text` rather than the ids, and the kept fields. Files and row groups are then those
of nanochat: `shard_00000.parquet` and so on, 1,024 rows in a row group, and it validates with the last file.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from typing import ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.errors import ConfigError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.rows import IDS, MASK, Rows, check_names
from corpuskit.formats.table_files import SHARD_TOKENS, open_parquet, write_files
from corpuskit.formats.text_rows import TEXT, TextRows
from corpuskit.value_streams import LOSS

log = logging.getLogger(__name__)

#: Of ids little more is to be had, and of text nanochat's own files have this.
_IDS_LEVEL, _TEXT_LEVEL = 1, 3


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
            compression_level=_TEXT_LEVEL if text else _IDS_LEVEL,
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


def _say_what_is_missing(export: Export, split: str) -> None:
    """Say what text has no place for, and what nanochat does without a split of its own to validate with."""
    path = export.corpus.path
    if LOSS in export.corpus[split].streams:
        log.warning("%s: --text has no place for the stream 'loss' of split %r, which is lost", path, split)
    if "valid" not in export.splits:
        log.warning(
            "%s: no valid split is exported, and nanochat takes the last file of train as one; prepare the "
            "corpus with --split valid=0.01",
            path,
        )


__all__ = ["Parquet"]
