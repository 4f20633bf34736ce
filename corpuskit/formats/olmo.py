"""OLMo-core's token files, which are Dolma's: bare ids in .npy, the documents in .csv.gz.

```
corpuskit export data/mine/gpt2 --format olmo -o olmo
```

Each split is a folder, and a document never crosses a file:

- `train/part-0-00000.npy`, ...: the ids, raw little-endian uint16 or uint32. There is no header, whatever the
  name says: numpy.memmap reads it, and numpy.load does not;
- `train/part-0-00000.csv.gz`, ...: a line for each document, `start,end,id,source,line`. The first two are in
  tokens from the file's start; the id and the line are the document's number in the split.

OLMo-core takes the smallest type that holds the vocabulary, unless it is told one. It reads the .csv.gz of
files that are in a store, or if it is told no end-of-text id; otherwise it looks for that id.
"""

from __future__ import annotations

import csv
import io
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, document_bounds
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import head, items_of, size_of, whole_items
from corpuskit.formats.limits import check_smallest_type
from corpuskit.formats.options import ExportOptions

log = logging.getLogger(__name__)

_SHARD_TOKENS = 2**29
_UINT8_IDS = 2**8
#: Documents whose lines are made at once.
_CHUNK = 2**14
#: zlib's window with gzip's header, which has no time and no name in it.
_GZIP = 16 + zlib.MAX_WBITS
_NUMPY = b"\x93NUMPY"
#: What is read and unpacked at once, and what a line may have.
_PACKED_BYTES, _UNPACKED_BYTES, _MAX_LINE_BYTES = 2**16, 2**20, 2**16


class Olmo(Format):
    """A folder a split, of files of uint16 or uint32 ids and of their documents."""

    name: ClassVar[str] = "olmo"
    options_taken: ClassVar[tuple[str, ...]] = ("shard_tokens",)

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Say where OLMo-core has to be told the ids' type, and refuse another than it takes."""
        check_smallest_type(corpus, "OLMo-core")
        vocab_size = corpus.manifest.tokenizer.vocab_size
        if vocab_size <= _UINT8_IDS:
            log.warning(
                "OLMo-core takes uint8 for a vocabulary of %d ids, and these files have uint16; give its "
                "data set dtype=NumpyDatasetDType.uint16",
                vocab_size,
            )

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's files of ids, then those of documents."""
        shard_tokens = export.options.shard_tokens or _SHARD_TOKENS
        token_bounds, index_bounds = document_bounds(export, split, shard_tokens)
        for number, pieces in enumerate(divided(export.tokens(split), token_bounds)):
            with export.file(f"{split}/part-0-{number:05d}.npy") as file:
                for ids in pieces:
                    file.write(ids.data)
        source = _csv_field(export.corpus.manifest.dataset)
        first = 0
        with ThreadPoolExecutor(1) as packing:
            for number, pieces in enumerate(divided(export.document_ends(split), index_bounds)):
                packer, last = zlib.compressobj(1, zlib.DEFLATED, _GZIP), token_bounds[number]
                packed = packing.submit(packer.compress, b"")
                with export.file(f"{split}/part-0-{number:05d}.csv.gz") as file:
                    for ends in _chunks(pieces):
                        bounds = np.concatenate(([last], ends)) - token_bounds[number]
                        lines = _lines(bounds[:-1], bounds[1:], first, source)
                        file.write(packed.result())
                        packed = packing.submit(packer.compress, lines)
                        first, last = first + len(ends), int(ends[-1])
                    file.write(packed.result())
                    file.write(packer.flush())

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .npy, with the documents of the .csv.gz beside it, or those that its ids tell."""
        return [_file(place, split, path) for split, path in place.files_of_splits(".npy")]


def _chunks(pieces: Iterator[Ints]) -> Iterator[Ints]:
    """Ends of documents, fewer at a time."""
    for ends in pieces:
        for start in range(0, len(ends), _CHUNK):
            yield ends[start : start + _CHUNK]


def _file(place: ForeignPlace, split: str, path: Path) -> MappedFile:
    """A file of ids, and the one of its documents.

    Raises:
        CorpusFormatError: If it is one of NumPy's own files, or its last id is cut.
    """
    if head(path, len(_NUMPY)) == _NUMPY:
        raise CorpusFormatError(
            f"{path}: begins with NumPy's header, and OLMo-core's files have none; save the ids with "
            "numpy.ndarray.tofile",
            path=path,
        )
    dtype = place.item_type()
    lines = path.with_name(f"{path.stem}.csv.gz")
    there = (lines,) if os.path.lexists(lines) else ()
    return MappedFile(
        split=split,
        paths=(path, *there),
        dtype=dtype,
        num_tokens=whole_items(path, size_of(path), dtype.itemsize),
        ends=partial(_ends, lines) if there else None,
    )


def _ends(path: Path) -> Iterator[Ints]:
    """Where documents end, as a .csv.gz says: the second number of each line."""
    last = 0
    for lines in _unpacked(path):
        try:
            starts, ends = np.array([line.split(b",", 2)[:2] for line in lines], np.int64).T
        except (ValueError, OverflowError) as error:
            raise _damaged(path, "a line that does not begin with two numbers") from error
        if starts[0] != last or (starts[1:] != ends[:-1]).any():
            raise _damaged(path, "documents that do not follow one another")
        last = int(ends[-1])
        yield ends


def _unpacked(path: Path) -> Iterator[list[bytes]]:
    """The lines of a .csv.gz, some at a time; it may be several, one after another."""
    unpacker, rest = zlib.decompressobj(_GZIP), b""
    for piece in items_of(path, np.uint8, size_of(path), _PACKED_BYTES):
        packed = piece.tobytes()
        while packed:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_GZIP)
            try:
                data = rest + unpacker.decompress(packed, _UNPACKED_BYTES)
            except zlib.error as error:
                raise _damaged(path, f"bytes that are not gzip's ({error})") from error
            packed = unpacker.unconsumed_tail or unpacker.unused_data
            *lines, rest = data.split(b"\n")
            if len(rest) > _MAX_LINE_BYTES:
                raise _damaged(path, f"a line of more than {_MAX_LINE_BYTES:,} bytes")
            if lines:
                yield lines
    if not unpacker.eof:
        raise _damaged(path, "an end that is cut off")
    if rest:
        yield [rest]


def _damaged(path: Path, found: str) -> CorpusFormatError:
    return CorpusFormatError(
        f"{path}: has {found}; get it again, or delete it and find documents by their ids", path=path
    )


def _lines(starts: Ints, ends: Ints, first: int, source: bytes) -> bytes:
    """Lines of `start,end,id,source,line`, made of all documents at once."""
    numbers = np.arange(first, first + len(ends))
    comma, newline = (np.full((len(ends), 1), ord(mark), np.uint8) for mark in ",\n")
    middle = np.tile(np.frombuffer(source, np.uint8), (len(ends), 1))
    fields = (_digits(starts), comma, _digits(ends), comma, _digits(numbers), comma, middle, comma)
    characters = np.concatenate((*fields, _digits(numbers), newline), axis=1)
    written: bytes = characters[characters != 0].tobytes()
    return written


def _digits(numbers: Ints) -> NDArray[np.uint8]:
    """uint8[n, width]: numbers of at least 0 in ASCII, with zero bytes in front of the shorter ones."""
    digits = np.empty((len(numbers), len(str(int(numbers.max())))), np.uint8)
    rest = numbers
    for place in range(digits.shape[1])[::-1]:
        tens = rest // 10  # by one number, which is many times faster than by several
        digits[:, place] = rest - 10 * tens + ord("0")
        if place < digits.shape[1] - 1:
            digits[rest == 0, place] = 0
        rest = tens
    return digits


def _csv_field(text: str) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([text])
    return written.getvalue().replace("\0", "").encode("utf-8", "replace")


__all__ = ["Olmo"]
