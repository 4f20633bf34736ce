"""Streams of Arrow's record batches: the files that Hugging Face's datasets keeps, mapped as they are.

```
corpuskit export data/mine/gpt2 --format arrow -o tables
python -c "import datasets; datasets.Dataset.from_file('tables/train-00000.arrow')"
```

The columns are those of `--format parquet`; nothing is compressed. The files are of Arrow's streaming format,
as datasets' own are: `pyarrow.ipc.open_stream` reads them.

Files of others are read in either of Arrow's formats, also compressed, if they have `input_ids`. A
`state.json` beside them, which datasets writes, says which they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.foreign import ForeignFile, ForeignPlace
from corpuskit.formats.foreign_arrow import ArrowTable, arrow_schema_of
from corpuskit.formats.foreign_bytes import beside, read_json
from corpuskit.formats.foreign_tables import read_tables
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

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .arrow whose rows have `input_ids`; the fields beside them are kept."""
        import_pyarrow(f"--format {self.name}")
        files = place.files_of_splits(".arrow")
        if place.path.is_dir():
            files = _data_files(files)
        return read_tables(place, files, arrow_schema_of, ArrowTable)


def _data_files(files: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """Those that a `state.json` beside them names, in its order: datasets keeps others there, too.

    Raises:
        CorpusFormatError: If it is not what datasets writes.
    """
    found: dict[Path, str] = {}
    for split, path in files:
        state = path.with_name("state.json")
        if not os.path.lexists(state):
            found[path] = split
            continue
        try:
            names = [one["filename"] for one in read_json(state)["_data_files"]]
        except (LookupError, TypeError) as error:
            raise CorpusFormatError(
                f"{state}: names no files as datasets does; delete it to read every .arrow beside it",
                path=state,
            ) from error
        found |= dict.fromkeys((beside(state, name) for name in names), split)
    return [(split, path) for path, split in found.items()]


__all__ = ["Arrow"]
