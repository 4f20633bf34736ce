"""Another trainer's files, as a format reads them: those of a split, and where the ids are in them."""

from __future__ import annotations

import abc
import contextlib
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
from corpuskit.corpus.manifest import SPLIT_NAME
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.foreign_bytes import mapped, opened, unreadable
from corpuskit.sources.kept_fields import FieldType
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.listing.text_files import is_hidden
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
        num_tokens: How many ids it has; None where only reading all of it tells.
    """

    continues: bool = False
    split: str
    paths: Sequence[Path]
    num_tokens: int | None
    streams: Mapping[str, StreamInfo]
    fields: Mapping[str, FieldType]

    @property
    @abc.abstractmethod
    def has_documents(self) -> bool:
        """Whether the layout says where documents end."""

    @abc.abstractmethod
    def blocks(self) -> Iterator[ForeignBlock]:
        """All of it in order, a few MiB at a time. What was given is not written to again.

        Raises:
            CorpusFormatError: If it is not what the format says.
            StorageError: If it cannot be read.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class MappedFile(ForeignFile):
    """A file whose ids are one array.

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
        stream_paths: The file of each: an item for each id.
        stream_offsets: The byte of that file where they begin; 0 where nothing is said.
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
    stream_offsets: Mapping[str, int] = dataclasses.field(default_factory=dict)
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
        """See `ForeignFile`. They are read, not mapped: a file may be cut short meanwhile."""
        documents = DocumentEnds(iter(()) if self.ends is None else self.ends(), self)
        with contextlib.ExitStack() as stack:
            ids = stack.enter_context(opened(self.paths[0]))
            streams = {name: stack.enter_context(opened(path)) for name, path in self.stream_paths.items()}
            for start in range(0, max(self.num_tokens, 1), BLOCK_TOKENS):
                stop = min(start + BLOCK_TOKENS, self.num_tokens)
                yield ForeignBlock(
                    ids.items(self.dtype, self.offset, start, stop),
                    documents.until(stop) - start,
                    {
                        name: file.items(
                            self.streams[name].dtype, self.stream_offsets.get(name, 0), start, stop
                        )
                        for name, file in streams.items()
                    },
                )


class DocumentEnds:
    """Where the documents of a file end, a block of it at a time.

    Args:
        ends: The ends, int64[d] at a time, in ids from the file's start; they are checked here.
        file: The file.
    """

    def __init__(self, ends: Iterator[NDArray[np.int64]], file: ForeignFile) -> None:
        self._ends, self._file, self._last = ends, file, 0
        self._pending = np.empty(0, np.int64)

    def until(self, stop: int) -> NDArray[np.int64]:
        """Those of the documents that end before a place in the file, or there, and were not given yet.

        Raises:
            CorpusFormatError: If they fall, or lie behind the file's ids.
        """
        here = []
        while True:
            until = int(np.searchsorted(self._pending, stop, "right"))
            here.append(self._pending[:until])
            self._pending = self._pending[until:]
            if len(self._pending) or (more := next(self._ends, None)) is None:
                return np.concatenate(here)
            self._pending = self._checked(more)
            self._last = int(more[-1]) if len(more) else self._last

    def _checked(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        paths, num_tokens = self._file.paths, self._file.num_tokens
        assert num_tokens is not None
        if len(ends) and not (
            self._last <= ends[0] and (ends[1:] >= ends[:-1]).all() and int(ends[-1]) <= num_tokens
        ):
            raise CorpusFormatError(
                f"{paths[-1]}: documents end at places that fall, or lie behind the {num_tokens:,} "
                f"ids of {paths[0].name}: the two do not belong together, or one is damaged",
                path=paths[-1],
                expected=num_tokens,
                found=int(ends[-1]),
            )
        return ends


@dataclasses.dataclass(frozen=True, slots=True)
class ForeignPlace:
    """What a format is given to read.

    Args:
        path: The file or folder that was named.
        vocab_size: V of the tokenizer that is said to have made the ids.
        dtype: The type of an id that the user says: "uint16", "uint32", ...; None for what the files or the
            vocabulary say.
        split: The split of files whose names do not say it.
        encoding: What the user says made the ids.
        fingerprint: That tokenizer's fingerprint; empty if it is not to be compared with what files say.
    """

    path: Path
    vocab_size: int
    dtype: str | None = None
    split: str = "train"
    encoding: str = ""
    fingerprint: str = ""

    def item_type(self) -> np.dtype[Any]:
        """The type of an id where files do not say it: what the user says, else what the vocabulary needs."""
        if self.dtype is not None:
            return np.dtype(DTYPES[self.dtype])
        return np.dtype("<u2" if self.vocab_size <= 2**16 else "<u4")

    def check_tokenizer(self, path: Path, said: Any) -> None:
        """Compare what a file that corpuskit exported says of its tokenizer with what the user says.

        Args:
            path: The file.
            said: What it says: a mapping with `encoding` and `tokenizer_fingerprint`, or nothing.

        Raises:
            CorpusFormatError: If another tokenizer made its ids.
        """
        found = said.get("tokenizer_fingerprint") if isinstance(said, Mapping) else None
        if isinstance(found, str) and self.fingerprint and found != self.fingerprint:
            raise CorpusFormatError(
                f"{path}: its ids are of {said.get('encoding')!r:.60}, whose fingerprint begins with "
                f"{found[:16]!r}, and --encoding {self.encoding} has {self.fingerprint[:16]!r}; choose the "
                "--encoding that made them, and name its added tokens with --added-token",
                path=path,
                expected=self.fingerprint,
                found=found,
            )

    def files(self, *endings: str) -> list[Path]:
        """The file that was named, or those of the folder whose names end so, in order of their names.

        Hidden ones, such as macOS's `._train.bin`, are left out with a warning.

        Raises:
            CorpusFormatError: If there is none.
            StorageError: If it cannot be looked at.
        """
        return [path for _, path in self._found(endings, inside=False)]

    def files_of_splits(self, *endings: str) -> list[tuple[str, Path]]:
        """The file that was named, or those of the folder and of the folders in it, each with its split.

        A folder in it is named for the split of its files; where it is not, their names say it. Hidden files,
        and those of hidden folders, are left out with a warning.

        Raises:
            CorpusFormatError: If there is none.
            StorageError: If it cannot be looked at.
        """
        return self._found(endings, inside=True)

    def _found(self, endings: tuple[str, ...], *, inside: bool) -> list[tuple[str, Path]]:
        left_out = LeftOut()

        def named(folder: Path, within: str = "") -> list[Path]:
            """The files of a folder that end so; with the way to it, where hidden ones are named."""
            paths = sorted(path for path in folder.iterdir() if path.name.endswith(endings))
            for path in paths:
                if kind := is_hidden(path.name):
                    left_out.add(kind, f"{within}{path.name}")
            return [path for path in paths if not is_hidden(path.name)]

        try:
            if not self.path.is_dir():
                os.stat(self.path)  # noqa: PTH116 - says why it is not there
                return [(self.split_of(self.path.stem), self.path)]
            found = [(self.split_of(path.stem), path) for path in named(self.path)]
            for folder in sorted(path for path in self.path.iterdir() if inside and path.is_dir()):
                if kind := is_hidden(folder.name):
                    if any(path.name.endswith(endings) for path in folder.iterdir()):
                        left_out.add(kind, f"{folder.name}/")
                    continue
                for path in named(folder, f"{folder.name}/"):
                    found.append((self.split_of(f"{folder.name} {path.stem}"), path))
        except OSError as error:
            raise unreadable(self.path, error) from error
        left_out.say(str(self.path))
        if not found:
            raise CorpusFormatError(
                f"{self.path}: no file in it is called *{' or *'.join(endings)}; name the folder of "
                "the files, or choose another --format",
                path=self.path,
            )
        return found

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
    "DocumentEnds",
    "ForeignBlock",
    "ForeignFile",
    "MappedFile",
    "ForeignPlace",
    "split_called",
]
