"""An open corpus: its manifest, its splits as token streams, and where their documents are."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.folder import Folder, read_folder
from corpuskit.corpus.index import INDEX_DTYPE
from corpuskit.corpus.manifest import Manifest
from corpuskit.errors import ConfigError, CorpusFormatError, UnavailableName, UnknownName
from corpuskit.keywords import BatchOptions, checked, takes
from corpuskit.paths import user_path
from corpuskit.urls import RemotePath, remote_path

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from corpuskit.batches import Batches
    from corpuskit.config import BatchConfig, RunConfig
    from corpuskit.tokenizers.base import Tokenizer

_INDEX_DTYPE = np.dtype(INDEX_DTYPE)

Tokens = NDArray[np.unsignedinteger[Any]]


class Split:
    """One split as a stream of token ids that does not know about shards.

    `len(split)` is its number of tokens and `split[a:b]` copies some of them, as a numpy array of the
    corpus's dtype. Pickling carries the path only; the files are mapped again where it is unpickled.

    Attributes:
        name: "train", "valid", ...
        path: The corpus's folder, or its place in an object store.
        num_tokens: N.
        num_documents: D.
        dtype: `<u2` or `<u4`.
        fingerprint: Identifies the tokens, their order and their tokenizer, by the shards' sha256; the same
            tokens in other shards have another one.
        shard_starts: int64[S + 1], where each of S shards starts in the stream; the last is N.
    """

    def __init__(self, folder: Folder, manifest: Manifest, name: str) -> None:
        self._describe(folder.path, manifest, name)
        shards = manifest.splits[name].shards
        self._shards: list[Tokens] = [
            folder.map(shard.file, self.dtype, shard.size_bytes) for shard in shards
        ]
        self._indexes: list[NDArray[np.uint64]] = [
            folder.map(shard.index_file, _INDEX_DTYPE, shard.index_bytes) for shard in shards
        ]

    def _describe(self, path: Path | RemotePath, manifest: Manifest, name: str) -> None:
        """Say what the split is, wherever its files are."""
        record = manifest.splits[name]
        self.name = name
        self.path: Path | RemotePath = path
        self.num_tokens = record.num_tokens
        self.num_documents = record.num_documents
        self.dtype = np.dtype(manifest.dtype)
        self.fingerprint = manifest.split_fingerprint(name)
        sizes = [shard.num_tokens for shard in record.shards]
        self.shard_starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64)

    def __len__(self) -> int:
        return self.num_tokens

    @overload
    def __getitem__(self, where: int) -> int: ...
    @overload
    def __getitem__(self, where: slice) -> Tokens: ...
    def __getitem__(self, where: int | slice) -> int | Tokens:
        if isinstance(where, slice):
            start, stop, step = where.indices(self.num_tokens)
            if step != 1:
                raise IndexError("a split is sliced without a step")
            return self._read(start, max(start, stop))
        number = operator.index(where)
        position = number + self.num_tokens if number < 0 else number
        if not 0 <= position < self.num_tokens:
            raise IndexError(f"token {where} of split {self.name!r}, which has {self.num_tokens:,}")
        return int(self._read(position, position + 1)[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen_split, (str(self.path), self.name, self.fingerprint)

    def __repr__(self) -> str:
        return f"<Split {self.name!r}: {self.num_tokens:,} tokens, {self.num_documents:,} documents>"

    def shard(self, number: int) -> Tokens:
        """One shard's ids, mapped from disk and read-only."""
        return self._shards[number]

    def index(self, number: int) -> NDArray[np.uint64]:
        """One shard's document index, uint64[3 * D]: end, input number and start of each document."""
        return self._indexes[number]

    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream (its end-of-text id included)."""
        ends = [
            self.index(number)[0::3].astype(np.int64) + start
            for number, start in enumerate(self.shard_starts[:-1])
        ]
        return np.concatenate(ends) if ends else np.empty(0, np.int64)

    def document_places(self) -> NDArray[np.uint64]:
        """uint64[D, 2]: each document's input number in the manifest, and where it starts there."""
        numbers = range(len(self.shard_starts) - 1)
        places = [self.index(number).reshape(-1, 3)[:, 1:] for number in numbers]
        return np.concatenate(places) if places else np.empty((0, 2), np.uint64)

    def document(self, number: int) -> Tokens:
        """One document's ids, its end-of-text id included."""
        number = operator.index(number)
        if not 0 <= number < self.num_documents:
            raise IndexError(f"document {number} of split {self.name!r}, which has {self.num_documents:,}")
        ends = self.document_ends()
        return self._read(int(ends[number - 1]) if number else 0, int(ends[number]))

    def _read(self, start: int, stop: int) -> Tokens:
        out = np.empty(stop - start, self.dtype)
        first = int(np.searchsorted(self.shard_starts, start, side="right")) - 1
        at = start
        for number in range(first, len(self.shard_starts) - 1):
            if at >= stop:
                break
            base = int(self.shard_starts[number])
            end = min(stop, int(self.shard_starts[number + 1]))
            out[at - start : end - start] = self.shard(number)[at - base : end - base]
            at = end
        return out


class Corpus(Mapping[str, Split]):
    """A prepared corpus, opened and checked: `corpus["train"]` is a `Split`.

    Every file is opened relative to one directory and mapped at once, so a corpus that is replaced while
    it is open goes on giving the tokens it was opened with. One that is replaced while it is being opened is
    the old one or the new one.

    Of a corpus in an object store only the manifest is read at once; see `corpuskit.remote`.

    Args:
        path: The folder, or the URL of one in an object store.
        cache_bytes: How much of this machine's disk the shards of object stores may take, a number or "200G";
            by default what CORPUSKIT_SHARD_CACHE_BYTES says, else half of what is free.
        encoding: The tokenizer to decode with, where the manifest holds its name only; it must be the one
            that made the ids.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is missing or of the wrong size.
        ConfigError: If the limit is too small for the corpus.
        StorageError: If a file cannot be read, or the store does not answer, or refuses.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | RemotePath,
        *,
        cache_bytes: int | str | None = None,
        encoding: str | None = None,
    ) -> None:
        place = remote_path(path)
        self._cache_bytes = cache_bytes
        self._encoding = encoding
        self._splits: Mapping[str, Split]
        self.path: Path | RemotePath
        if place is None:
            self.path = user_path(path, what="corpus")
            self.manifest, self._splits = read_folder(self.path, _read)
        else:
            from corpuskit.corpus.remote.split import open_remote

            self.path = place
            self.manifest, self._splits = open_remote(place, cache_bytes)

    def __getitem__(self, name: str) -> Split:
        if name not in self._splits:
            known = ", ".join(self._splits)
            raise ConfigError(
                f"{self.path} has no split {name!r}; it has {known}", expected=known, found=name
            )
        return self._splits[name]

    def __contains__(self, name: object) -> bool:
        return name in self._splits  # the mixin's waits for a KeyError

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # a mapping has none by itself, and a mixture names its weights by corpora
        return id(self)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(split):,}" for name, split in self._splits.items())
        return f"<Corpus {str(self.path)!r}: {counts} tokens of {self.manifest.tokenizer.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self._cache_bytes, self._encoding)

    @property
    def fingerprint(self) -> str:
        """Identifies the tokens, their order and their tokenizer."""
        return self.manifest.fingerprint

    @property
    def tokenizer_fingerprint(self) -> str:
        """Identifies the tokenizer; corpora of one mixture share it."""
        return self.manifest.tokenizer.fingerprint

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the ids, opened again and compared with the manifest.

        Raises:
            CorpusFormatError: If what is installed under its name would give other ids.
            TokenizerError: If the manifest holds too little of it; it opens no path and asks no network.
            UnknownName: If nothing of its name is installed; the message says which distribution had it.
        """
        from corpuskit.tokenizers.opening import open_tokenizer, reopen_tokenizer

        record = self.manifest.tokenizer
        try:
            if record.state is None and self._encoding is not None:
                tokenizer = open_tokenizer(self._encoding)
            else:
                tokenizer = reopen_tokenizer(record.name, state=record.state)
        except UnknownName as error:
            raise self._whose(error) from error
        if tokenizer.fingerprint != record.fingerprint:
            raise CorpusFormatError(
                f"{self.path}: the installed tokenizer {tokenizer.name!r} is not the one that made the ids: "
                f"expected fingerprint {record.fingerprint!r:.18}, found {tokenizer.fingerprint!r:.18}; "
                "install the version it was prepared with, or prepare it again",
                expected=record.fingerprint,
                found=tokenizer.fingerprint,
            )
        return tokenizer

    def _whose(self, error: UnknownName) -> UnknownName:
        """The same error with the distribution that had the tokenizer, where the manifest says it."""
        record = self.manifest.tokenizer
        if record.distribution is None:
            return error
        remedy = "" if isinstance(error, UnavailableName) else f": pip install {record.distribution}"
        return type(error)(
            f"{self.path}: its tokenizer {record.name!r} is of {record.distribution} "
            f"{record.distribution_version}{remedy} ({error})",
            expected=record.distribution,
            found=record.name,
        )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits' names in order: ("train", "valid")."""
        return tuple(self._splits)

    @property
    def vocab_size(self) -> int:
        """V; every id is smaller."""
        return self.manifest.tokenizer.vocab_size

    def encode(self, text: str) -> Tokens:
        """The ids of a text, [N] in the corpus's dtype. Text that looks like a special token is text.

        Raises:
            TokenizerError: If the tokenizer has no id for a part of it.
            CorpusFormatError: If what is installed under its name would give other ids.
        """
        return self.tokenizer.encode(text).astype(self.manifest.dtype)

    @overload
    def decode(self, ids: Sequence[int]) -> str: ...
    @overload
    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]: ...
    @overload
    def decode(self, ids: Any) -> Any: ...
    def decode(self, ids: Any) -> Any:
        """The text that ids stand for; of the rows of a batch, a list of texts.

        Args:
            ids: Ids [N], or rows of them [B, N]: a sequence, an array, or a tensor on any device.

        Raises:
            TokenizerError: If an id is not in the vocabulary.
            CorpusFormatError: If what is installed under its name would give other ids.
        """
        dimensions = getattr(ids, "ndim", None) or (2 if len(ids) and hasattr(ids[0], "__len__") else 1)
        if dimensions > 1:
            return [self.decode(row) for row in ids]
        return self.tokenizer.decode(ids.tolist() if hasattr(ids, "tolist") else ids)

    @checked
    @takes(BatchOptions)
    def batches(
        self,
        split: str | None = None,
        *,
        config: BatchConfig | RunConfig | None = None,
        **options: Unpack[BatchOptions],
    ) -> Batches:
        """Batches of windows of a split; see `corpuskit.Batches` for the options.

        Args:
            split: The split's name; by default the configuration's, else "train".
            config: Options from a `corpuskit.BatchConfig` or a `corpuskit.RunConfig`; `options` win over it,
                but its `debug` shrinks whatever they say.
            options: What `corpuskit.Batches` takes: batch_size, block_size, sampler, seed, device, ...

        Raises:
            ConfigError: If there is no such split, or an option is impossible.
        """
        from corpuskit.batches import Batches
        from corpuskit.config import RunConfig

        given: dict[str, Any] = {**options}
        if config is not None:
            chosen = config.batches if isinstance(config, RunConfig) else config
            base = chosen.options()
            if given.get("context_length") is not None:
                del base["block_size"]
            given = {**base, **given}
            split = split or chosen.split
        return Batches(self[split or "train"], **given)


def open_corpus(
    path: str | os.PathLike[str], *, cache_bytes: int | str | None = None, encoding: str | None = None
) -> Corpus:
    """Open a prepared corpus; its manifest and every file's size are checked, its bytes are not read.

    A corpus in an object store (`s3://bucket/name`) is read through a cache on this machine: each shard is
    fetched when it is first needed, and compared with its sha256.

    Args:
        path: The folder, or the URL of one in an object store.
        cache_bytes: How much the shards of object stores may take on this machine, a number or "200G"; by
            default what CORPUSKIT_SHARD_CACHE_BYTES says, else half of what is free.
        encoding: The tokenizer to decode with, where the manifest holds its name only; it must be the one
            that made the ids.

    Raises:
        CorpusFormatError: If it is not a corpus, or a file is missing or of the wrong size.
        ConfigError: If the limit is too small for the corpus.
        StorageError: If a file cannot be read, or the store does not answer, or refuses.

    Example:
        >>> corpus = corpuskit.open("data/tinyshakespeare/gpt2")  # doctest: +SKIP
        >>> corpus["train"][:5]  # doctest: +SKIP
        array([ 5962, 22307,    25,   198,  8421], dtype=uint16)
    """
    return Corpus(path, cache_bytes=cache_bytes, encoding=encoding)


def _read(folder: Folder) -> tuple[Manifest, dict[str, Split]]:
    manifest = folder.manifest()
    return manifest, {name: Split(folder, manifest, name) for name in manifest.splits}


def _reopen(path: Path | RemotePath, cache_bytes: int | str | None, encoding: str | None) -> Corpus:
    return Corpus(path, cache_bytes=cache_bytes, encoding=encoding)


def _reopen_split(path: str, name: str, fingerprint: str) -> Split:
    split = Corpus(path)[name]
    if split.fingerprint != fingerprint:
        raise CorpusFormatError(
            f"{path}: split {name!r} was replaced by another one while it was in use",
            path=path,
            expected=fingerprint,
            found=split.fingerprint,
        )
    return split
