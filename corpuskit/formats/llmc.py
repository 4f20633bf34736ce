"""llm.c's token files: shards of a header and ids, as dev/data/data_common.py writes them.

```
corpuskit export data/tinyshakespeare/gpt2 --format llmc -o llm.c/dev/data/mine
./train_gpt2cu -i 'dev/data/mine/train_*.bin' -j 'dev/data/mine/val_*.bin'
```

A file begins with 256 int32: a magic number, a version and the number of ids; the rest are 0. There are two
kinds: magic 20240520, version 1, ids of uint16, which the C programs read; and magic 20240801, version 7,
ids of uint32, which train_llama3.py reads. All is little-endian.

modded-nanogpt reads the same files of uint16, wants an end-of-text id at the beginning of each document
(`--end-of-text-first`), and at least two files of the train split (`--shard-tokens`). NeMo Automodel reads
them too. `--bos-index` writes `train_000000.bos.idx` for it: one int32 for each document that begins in the
file, the place of its first id among the file's ids. So nanogpt_dataset.py at 36044ad reads it; the program
that writes it there counts some of the bytes before, too.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import divided, even_bounds, short_name
from corpuskit.formats.end_of_text import check_end_of_text, tokens_end_of_text_first
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import head, size_of, truncated
from corpuskit.formats.limits import check_file_bytes
from corpuskit.formats.options import ExportOptions

log = logging.getLogger(__name__)

_HEADER_INTS = 256
_HEADER_BYTES = 4 * _HEADER_INTS
_HEADERS = {"<u2": (20240520, 1), "<u4": (20240801, 7)}

#: As many as llm.c's own scripts put into one file.
_SHARD_TOKENS = 10**8
#: Its loader seeks with 32-bit offsets.
_MAX_BYTES = 2**31 - 1


class LlmC(Format):
    """Files `train_000000.bin`, `train_000001.bin`, ... of uint16 or uint32 ids; "valid" is called val.

    llm.c's loader stops at a file that is smaller than a batch, so the files of a split are of one size,
    give or take a token, rather than all full but the last.
    """

    name: ClassVar[str] = "llmc"
    splits_read: ClassVar[tuple[str, ...]] = ("train", "valid")
    options_taken: ClassVar[tuple[str, ...]] = ("shard_tokens", "end_of_text_first", "bos_index")

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse files beyond 2 GiB, and an end-of-text id that is not there."""
        longest = min(max(len(corpus[name]) for name in splits), options.shard_tokens or _SHARD_TOKENS)
        check_file_bytes(longest * corpus[splits[0]].dtype.itemsize + 4 * _HEADER_INTS, _MAX_BYTES, self.name)
        if options.end_of_text_first:
            check_end_of_text(corpus)
        if options.bos_index and corpus.manifest.dtype != "<u2":
            raise ConfigError(
                f"--bos-index: {corpus.path} has a vocabulary of {corpus.vocab_size:,} ids, and NeMo "
                "Automodel reads files of 65,536 at most; leave --bos-index out",
                expected=2**16,
                found=corpus.vocab_size,
            )

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's shards."""
        bounds = even_bounds(len(export.corpus[split]), export.options.shard_tokens or _SHARD_TOKENS)
        first = export.options.end_of_text_first
        if first and not export.options.bos_index and split == "train" and len(bounds) == 2:
            log.warning(
                "there is one file of the train split, and modded-nanogpt needs two; choose a --shard-tokens "
                "below %s",
                f"{bounds[-1]:,}",
            )
        magic, version = _HEADERS[export.corpus.manifest.dtype]
        tokens = tokens_end_of_text_first(export, split) if first else export.tokens(split)
        for number, pieces in enumerate(divided(tokens, bounds)):
            header = np.zeros(_HEADER_INTS, "<i4")
            header[:3] = magic, version, bounds[number + 1] - bounds[number]
            with export.file(f"{short_name(split)}_{number:06d}.bin") as file:
                file.write(header.data)
                for ids in pieces:
                    file.write(ids.data)
        if export.options.bos_index:
            for number, places in enumerate(_beginnings(export.document_ends(split), bounds)):
                with export.file(f"{short_name(split)}_{number:06d}.bos.idx") as file:
                    file.write(places.astype("<i4").data)

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .bin whose header is one of the two."""
        return [_file(place, path) for path in place.files(".bin")]


def _beginnings(all_ends: Iterator[Ints], bounds: Sequence[int]) -> Iterator[Ints]:
    """The places where documents begin in each file, counted from the file's first id.

    Args:
        all_ends: Where the documents of the split end.
        bounds: Where the files begin, and where the last one ends.
    """
    waiting = np.zeros(1, np.int64)
    for first, last in itertools.pairwise(bounds):
        while not len(waiting) or waiting[-1] < last:
            if (more := next(all_ends, None)) is None:
                break
            waiting = np.concatenate([waiting, more])
        here, waiting = waiting[waiting < last], waiting[waiting >= last]
        yield np.unique(here - first)  # an empty document begins where the next one does


def _file(place: ForeignPlace, path: Path) -> MappedFile:
    """What a file's header says.

    Raises:
        CorpusFormatError: If it is no such header, or the file has another size.
    """
    start = head(path, _HEADER_BYTES)
    numbers = np.frombuffer(start[: len(start) // 4 * 4], "<i4").tolist()
    known = {values: dtype for dtype, values in _HEADERS.items()}
    found = tuple(numbers[:2])
    if found not in known or len(start) < _HEADER_BYTES or numbers[2] < 0:
        raise CorpusFormatError(
            f"{path}: does not begin with llm.c's header: expected magic and version "
            f"{' or '.join(map(str, known))}, found {found}; name other files, or choose another --format",
            path=path,
            expected=list(known),
            found=found,
        )
    dtype, num_tokens = np.dtype(known[found]), numbers[2]
    expected = _HEADER_BYTES + num_tokens * dtype.itemsize
    if size_of(path) != expected:
        raise truncated(path, expected=expected, found=size_of(path))
    return MappedFile(
        split=place.split_of(path.stem),
        paths=(path,),
        dtype=dtype,
        offset=_HEADER_BYTES,
        num_tokens=num_tokens,
        continues=True,
    )


__all__ = ["LlmC"]
