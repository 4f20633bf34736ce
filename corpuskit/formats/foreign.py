"""Another trainer's files, as a format reads them: those of a split, and where the ids are in them."""

from __future__ import annotations

import abc
import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.fields import Columns
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.manifest import SPLIT_NAME
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.foreign_bytes import mapped, unreadable
from corpuskit.sources.kept_fields import FieldType
from corpuskit.value_streams import StreamInfo

#: Ids that are read at once.
BLOCK_TOKENS = 2**18
#: What files and folders call a split that has another name here.
_OTHER_NAMES = {"val": "valid", "validation": "valid"}
#: The types of ids that files may have, by their names.
DTYPES = {"uint8": "|u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "int32": "<i4", "int64": "<i8"}
_MAX_DESCRIPTION_BYTES = 256 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignBlock:
    """Some ids of a file, and the documents that end in them.

    Args:
        ids: Whole numbers of any type, [n].
        ends: int64[d], ascending, counted from the block's start, 0 to n; empty where the layout has none.
        streams: The items of each stream, [n].
        fields: The values of each kept field, d of them.
    """

    ids: NDArray[Any]
    ends: NDArray[np.int64]
    streams: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)
    fields: Columns = dataclasses.field(default_factory=dict)


class ForeignFile(abc.ABC):
    """A file of ids of another trainer.

    Attributes:
        split: The split that it belongs to, as it is called here.
        paths: The file, and those beside it that say where its documents are.
        continues: Whether its last document may go on in the next file of the split.
        streams: The streams of values that it has.
        fields: The type of each field that it has, in order.
        num_tokens: How many ids it has.
    """

    continues: bool = False
    split: str
    paths: Sequence[Path]
    num_tokens: int
    streams: Mapping[str, StreamInfo]
    fields: Mapping[str, FieldType]

    @property
    @abc.abstractmethod
    def has_documents(self) -> bool:
        """Whether the layout says where documents end."""

    @abc.abstractmethod
    def blocks(self) -> Iterator[ForeignBlock]:
        """All of it in order, a few MiB at a time.

        Raises:
            CorpusFormatError: If it is not what the format says.
            StorageError: If it cannot be read.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class MappedFile(ForeignFile):
    """A file whose ids are one array, to be mapped.

    Args:
        split: See `ForeignFile`.
        paths: See `ForeignFile`; the ids are in the first.
        dtype: The type of an id: uint16, uint32, int32, ...; little-endian.
        offset: The byte where the ids begin.
        num_tokens: How many there are.
        ends: Gives where documents end, int64[d] at a time, ascending, in ids from the file's start; None
            where the layout does not say.
        continues: See `ForeignFile`.
        streams: The streams of values that it has.
        stream_paths: The file of each: an item for each id and nothing else.
    """

    split: str
    paths: Sequence[Path]
    dtype: np.dtype[Any]
    offset: int = 0
    num_tokens: int
    ends: Callable[[], Iterator[NDArray[np.int64]]] | None = None
    continues: bool = False
    streams: Mapping[str, StreamInfo] = dataclasses.field(default_factory=dict)
    stream_paths: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, FieldType] = dataclasses.field(default_factory=dict)

    @property
    def has_documents(self) -> bool:
        """Whether the layout says where documents end."""
        return self.ends is not None

    @cached_property
    def ids(self) -> NDArray[Any]:
        """All ids, [N], mapped and read-only.

        Raises:
            CorpusFormatError: If the file is shorter.
            StorageError: If it cannot be read.
        """
        size_bytes = self.num_tokens * self.dtype.itemsize
        return mapped(self.paths[0], self.offset, size_bytes).view(self.dtype)

    def blocks(self) -> Iterator[ForeignBlock]:
        """See `ForeignFile`."""
        ends = self.document_ends()
        streams = {
            name: mapped(path, 0, self.num_tokens * info.item_bytes).view(info.dtype)
            for name, path in self.stream_paths.items()
            for info in [self.streams[name]]
        }
        pending = np.empty(0, np.int64)
        for start in range(0, max(self.num_tokens, 1), BLOCK_TOKENS):
            stop = min(start + BLOCK_TOKENS, self.num_tokens)
            here = []
            while True:  # a block has the documents that end in it
                until = int(np.searchsorted(pending, stop, "right"))
                here.append(pending[:until])
                pending = pending[until:]
                if len(pending):
                    break
                more = next(ends, None)
                if more is None:
                    break
                pending = more
            yield ForeignBlock(
                self.ids[start:stop],
                np.concatenate(here) - start,
                {name: items[start:stop] for name, items in streams.items()},
            )
            item_bytes = self.dtype.itemsize
            forget(self.ids, self.offset + start * item_bytes, self.offset + stop * item_bytes)
            for items in streams.values():
                forget(items, start * items.itemsize, stop * items.itemsize)

    def document_ends(self) -> Iterator[NDArray[np.int64]]:
        """Where documents end, as the layout says, some at a time; nothing where it does not say.

        Raises:
            CorpusFormatError: If they cannot be: they fall, or lie behind the last id.
        """
        last = 0
        for ends in self.ends() if self.ends is not None else ():
            if len(ends):
                self._check_ends(ends, last)
                last = int(ends[-1])
            yield ends

    def _check_ends(self, ends: NDArray[np.int64], last: int) -> None:
        if not (last <= ends[0] and (ends[1:] >= ends[:-1]).all() and int(ends[-1]) <= self.num_tokens):
            raise CorpusFormatError(
                f"{self.paths[-1]}: documents end at places that fall, or lie behind the {self.num_tokens:,} "
                f"ids of {self.paths[0].name}: the two do not belong together, or one is damaged",
                path=self.paths[-1],
                expected=self.num_tokens,
                found=int(ends[-1]),
            )


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignPlace:
    """What a format is given to read.

    Args:
        path: The file or folder that was named.
        vocab_size: V of the tokenizer that is said to have made the ids.
        dtype: The type of an id that the user says: "uint16", "uint32", ...; None for what the files or the
            vocabulary say.
        split: The split of files whose names do not say it.
    """

    path: Path
    vocab_size: int
    dtype: str | None = None
    split: str = "train"

    def item_type(self) -> np.dtype[Any]:
        """The type of an id where files do not say it: what the user says, else what the vocabulary needs."""
        if self.dtype is not None:
            return np.dtype(DTYPES[self.dtype])
        return np.dtype("<u2" if self.vocab_size <= 2**16 else "<u4")

    def files(self, *endings: str) -> list[Path]:
        """The file that was named, or those of the folder whose names end so, in order of their names.

        Raises:
            CorpusFormatError: If there is none.
            StorageError: If it cannot be looked at.
        """
        try:
            if not self.path.is_dir():
                os.stat(self.path)  # noqa: PTH116 - says why it is not there
                return [self.path]
            found = sorted(path for path in self.path.iterdir() if path.name.endswith(endings))
        except OSError as error:
            raise unreadable(self.path, error) from error
        if not found:
            raise CorpusFormatError(
                f"{self.path}: no file in it is called *{' or *'.join(endings)}; name the folder of "
                "the files, or choose another --format",
                path=self.path,
            )
        return found

    def files_of_splits(self, *endings: str) -> list[tuple[str, Path]]:
        """The file that was named, or those of the folder and of the folders in it, each with its split.

        A folder in it is named for the split of its files.

        Raises:
            CorpusFormatError: If there is none.
            StorageError: If it cannot be looked at.
        """
        try:
            if not self.path.is_dir():
                return [(self.split_of(path.stem), path) for path in self.files(*endings)]
            folders = sorted(path for path in self.path.iterdir() if path.is_dir())
            inside = [
                (self.split_of(folder.name), path)
                for folder in folders
                for path in sorted(folder.iterdir())
                if path.name.endswith(endings)
            ]
            own = [
                (self.split_of(path.stem), path)
                for path in sorted(self.path.iterdir())
                if path.name.endswith(endings)
            ]
        except OSError as error:
            raise unreadable(self.path, error) from error
        if not own and not inside:
            self.files(*endings)  # says so
        return own + inside

    def split_of(self, name: str) -> str:
        """The split that a file's name says by a word in it, as `val_000000.bin` does; else `split`."""
        for word in re.split(r"[^a-z]+", name.lower()):
            if word in ("train", "valid", "test", *_OTHER_NAMES):
                return _OTHER_NAMES.get(word, word)
        return self.split


def split_called(name: str) -> str:
    """A split's name as it is called here: `val` is `valid`.

    Raises:
        ConfigError: If no split can be called so.
    """
    name = _OTHER_NAMES.get(name, name)
    if re.fullmatch(SPLIT_NAME, name) is None:
        raise ConfigError(
            f"--split {name}: a split's name is small letters, digits and _, at most 32; choose another",
            found=name,
        )
    return name


__all__ = [
    "BLOCK_TOKENS",
    "DTYPES",
    "ForeignBlock",
    "ForeignFile",
    "MappedFile",
    "ForeignPlace",
    "split_called",
]
