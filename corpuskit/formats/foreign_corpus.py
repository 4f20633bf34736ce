"""`corpuskit.open_foreign`: another trainer's files as a corpus, without a copy of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.corpus.corpus import Corpus, check_not_another
from corpuskit.corpus.decoding import record_of
from corpuskit.corpus.index import Index, new_rows
from corpuskit.corpus.manifest import InputRecord, Manifest, ShardRecord
from corpuskit.corpus.split import Split, check_not_replaced
from corpuskit.corpus.writer import Description, manifest_of, split_of
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.foreign import (
    DTYPES,
    DocumentEnds,
    ForeignFile,
    ForeignPlace,
    MappedFile,
    split_called,
)
from corpuskit.formats.foreign_bytes import check_here, mapped, size_of, state_of
from corpuskit.formats.foreign_tokenizer import tokenizer_of
from corpuskit.formats.opening import open_format
from corpuskit.paths import user_path, visible_name

#: What is read of a file to know it again: so many pieces, evenly spread, of so many bytes.
_PIECES, _PIECE_BYTES = 64, 4096
_CORPUS_TYPES = {"<u2": "<u2", "<u4": "<u4", "<i4": "<u4"}


def open_foreign(
    path: str | os.PathLike[str],
    format: str,
    *,
    encoding: str,
    added_tokens: Sequence[str] = (),
    vocabulary_from: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
    split: str = "train",
) -> Corpus:
    """Another trainer's token files as a corpus that is read where they are; nothing is copied or written.

    It gives batches, documents and exports like any other. What only an import does: ids are compared with
    the vocabulary, every byte has a digest, and documents are found by the end-of-text id. Here a layout that
    does not say where documents end has one document a split, and the fingerprint is of the files' sizes and
    of samples of them.

    Args:
        path: A file, or the folder of the files.
        format: The format's name: "nanogpt", "llmc", "megatron", "datatrove", "olmo", ..., or a plugin's.
        encoding: The tokenizer that made the ids.
        added_tokens: The names of control tokens whose ids follow the vocabulary's last one, in that order.
            By default those that an `export.json` of corpuskit beside the files says.
        vocabulary_from: The text that the vocabulary was made from, where it is made from text as that of
            "chars" is. By default the vocabulary is that of an `export.json` beside the files.
        dtype: The type of an id where files do not say it: "uint16", "uint32" or "int32"; by default what the
            vocabulary needs.
        split: The split of files whose names do not say train, valid or test.

    Raises:
        UnknownName: If there is no such format or tokenizer.
        ConfigError: If the format's files cannot be read in place; they can be imported. Or if the vocabulary
            is not known.
        TokenizerError: If the tokenizer cannot be opened, or an added token's name is taken.
        CorpusFormatError: If a file is not what the format says.
        StorageError: If a file cannot be read.

    Example:
        >>> files = corpuskit.export("data/tinyshakespeare/gpt2", "megatron", "megatron")
        >>> corpus = corpuskit.open_foreign("megatron", "megatron", encoding="gpt2")
    """
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype {dtype!r}: expected one of {', '.join(DTYPES)}", found=dtype)
    check_here(path)
    tokens = added_tokens if isinstance(added_tokens, str) else tuple(added_tokens)
    place, split = user_path(path), split_called(split)
    return _ForeignCorpus(_Opened(place, format, encoding, dtype, split, tokens, vocabulary_from))


class _Opened(NamedTuple):
    """What was asked for: enough to open it again."""

    path: Path
    format: str
    encoding: str
    dtype: str | None
    split: str
    added_tokens: Sequence[str]
    vocabulary_from: str | os.PathLike[str] | None


class _Shard(NamedTuple):
    """A file as a shard: its ids, and where documents end in it."""

    file: MappedFile
    ends: Ints
    record: ShardRecord


class _ForeignCorpus(Corpus):
    """A corpus over files of another trainer."""

    def __init__(self, opened: _Opened) -> None:
        self._opened = opened
        self._cache_bytes = None
        self._encoding = opened.encoding
        self.path = opened.path
        tokenizer, added_tokens = tokenizer_of(
            opened.path,
            opened.encoding,
            added_tokens=opened.added_tokens,
            vocabulary_from=opened.vocabulary_from,
        )
        place = ForeignPlace(opened.path, tokenizer.vocab_size, opened.dtype, opened.split)
        files = open_format(opened.format).read(place)
        dtype = _common_type(files, opened)
        names = sorted({file.split: None for file in files}, key=lambda name: name != "train")
        shards = {name: _shards([one for one in files if one.split == name], name, dtype) for name in names}
        description = Description(
            dataset=visible_name(opened.path.name),
            tokenizer=record_of(tokenizer, opened.encoding, added_tokens),
            dtype="<u2" if dtype == np.dtype("<u2") else "<u4",
            options={"opened": opened.format, "eot": False, "text_bytes": False},
            inputs=[
                InputRecord(
                    name=visible_name(os.path.relpath(file.paths[0], opened.path.parent)),
                    size_bytes=size_of(file.paths[0]),
                    sha256=_identity(file.paths[0]),
                    split=file.split,
                    unverified=True,
                )
                for name in names
                for file, *_ in shards[name]
            ],
            streams={stream: info for file in files for stream, info in file.streams.items()},
        )
        self.manifest = manifest_of(
            description, {name: split_of([shard.record for shard in found]) for name, found in shards.items()}
        )
        first, splits = 0, {}
        for name, found in shards.items():
            splits[name] = _ForeignSplit(opened, self.manifest, name, found, first)
            splits[name].encoding = opened.encoding
            first += len(found)
        self._splits: Mapping[str, Split] = splits

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen_corpus, (self._opened, self.fingerprint)


class _ForeignSplit(Split):
    """A split of such a corpus; its shards are the files."""

    has_digests = False

    def __init__(
        self, opened: _Opened, manifest: Manifest, name: str, shards: Sequence[_Shard], first_input: int
    ) -> None:
        super().__init__(opened.path, manifest, name)
        self._opened = opened
        self._files = shards
        self._first_input = first_input
        self._rows: dict[int, Index] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._opened, self.name, self.fingerprint)

    @property
    def table_identity(self) -> str:
        """See `TokenStream`: of streams of values the fingerprint covers samples, and a table all of them."""
        paths = [path for shard in self._files for path in shard.file.stream_paths.values()]
        return " ".join([self.fingerprint, *(str(state_of(path)) for path in paths)])

    def shard(self, number: int) -> Tokens:
        """One file's ids, [N], mapped and read-only."""
        return self._files[number].file.ids.view(self.dtype)

    def index(self, number: int) -> Index:
        """One file's documents, uint64[D, 4]; the bytes of their text are not known."""
        if number not in self._rows:
            ends = self._files[number].ends
            numbers = np.arange(len(ends))
            self._rows[number] = new_rows(ends, self._first_input + number, numbers, np.zeros_like(numbers))
        return self._rows[number]

    def stream_shard(self, name: str, number: int) -> NDArray[Any] | None:
        """One file's items of a stream, mapped and read-only; None where all are the fill."""
        file, info = self._files[number].file, self.streams[name]
        if name not in file.stream_paths:
            return None
        start = file.stream_offsets.get(name, 0)
        return mapped(file.stream_paths[name], start, file.num_tokens * info.item_bytes).view(info.dtype)

    def fields_data(self, number: int) -> NDArray[np.uint8]:
        """There are none.

        Raises:
            CorpusFormatError: Always.
        """
        raise CorpusFormatError(
            f"{self.path}: its files have no fields; import them to have those that they have"
        )


def _common_type(files: Sequence[ForeignFile], opened: _Opened) -> np.dtype[Any]:
    """The type that all ids are read as.

    Raises:
        ConfigError: If files cannot be read in place, or not as one type.
    """
    remedy = f"corpuskit import {opened.path} --format {opened.format}"
    types = set()
    for file in files:
        if not isinstance(file, MappedFile) or file.dtype.str not in _CORPUS_TYPES:
            found = f"ids of {file.dtype.name}" if isinstance(file, MappedFile) else "ids that are packed"
            raise ConfigError(
                f"{file.paths[0]}: has {found}, which cannot be read in place; import them: {remedy}",
                path=file.paths[0],
            )
        types.add(_CORPUS_TYPES[file.dtype.str])
    if len(types) != 1:
        raise ConfigError(f"{opened.path}: has files of {' and '.join(sorted(types))}; import them: {remedy}")
    return np.dtype(types.pop())


def _shards(files: Sequence[ForeignFile], split: str, dtype: np.dtype[Any]) -> list[_Shard]:
    """The files of a split as shards; those without a token are none."""
    kept = [file for file in files if isinstance(file, MappedFile) and file.num_tokens]
    shards = []
    for number, file in enumerate(kept):
        is_last = number == len(kept) - 1
        ends = (
            _ends(file)
            if file.has_documents
            else np.array([file.num_tokens][: is_last or not file.continues])
        )
        digest = hashlib.sha256(ends.astype("<i8").tobytes()).hexdigest()
        record = ShardRecord(
            file=f"{split}-{number:05d}.bin",
            num_tokens=file.num_tokens,
            num_documents=len(ends),
            size_bytes=file.num_tokens * dtype.itemsize,
            sha256=_identity(file.paths[0]),
            index_sha256=digest,
            streams={name: _identity(path) for name, path in file.stream_paths.items()},
            fields=None,
        )
        shards.append(_Shard(file, ends, record))
    return shards


def _ends(file: MappedFile) -> Ints:
    """int64[D]: where documents end in a file, as the layout says; what is left is one more."""
    assert file.ends is not None
    ends = DocumentEnds(file.ends(), file).until(file.num_tokens)
    last = int(ends[-1]) if len(ends) else 0
    return ends if last == file.num_tokens else np.append(ends, file.num_tokens)


def _identity(path: Path) -> str:
    """A digest of a file's size and of samples of it: enough to know it again, and no proof of its bytes."""
    size_bytes = size_of(path)
    digest = hashlib.sha256(str(size_bytes).encode())
    data = mapped(path, 0, size_bytes)
    for start in np.linspace(0, max(size_bytes - _PIECE_BYTES, 0), _PIECES, dtype=np.int64).tolist():
        digest.update(data[start : start + _PIECE_BYTES].tobytes())
    return digest.hexdigest()


def _reopen_corpus(opened: _Opened, fingerprint: str) -> Corpus:
    return check_not_another(_ForeignCorpus(opened), fingerprint)


def _reopen(opened: _Opened, name: str, fingerprint: str) -> Split:
    corpus = _ForeignCorpus(opened)
    return check_not_replaced(corpus.get(name), opened.path, name, fingerprint)


__all__ = ["open_foreign"]
