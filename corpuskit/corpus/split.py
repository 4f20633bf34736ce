"""A split: the tokens of all its shards as one stream, and where its documents are."""

from __future__ import annotations

import operator
from abc import abstractmethod
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.batches.stream import TokenStream
from corpuskit.corpus.index import Index, ends_of
from corpuskit.corpus.manifest import Manifest
from corpuskit.errors import CorpusFormatError
from corpuskit.urls import RemotePath


class Split(TokenStream):
    """One split as a stream of token ids that does not know about shards.

    `len(split)` is its number of tokens and `split[a:b]` copies some of them, as a numpy array of the
    corpus's dtype. Pickling carries the path only; the files are mapped again where it is unpickled.

    Attributes:
        name: "train", "valid", ...
        path: The corpus's folder, or its place in an object store.
        num_tokens: N, tokens in the split.
        num_documents: D, documents that end in the split.
        dtype: `<u2` or `<u4`.
        fingerprint: Identifies the tokens, their order and their tokenizer, by the shards' sha256; the same
            tokens in other shards have another one.
        shard_starts: int64[S + 1], where each of S shards starts in the stream; the last is N.
    """

    def __init__(self, path: Path | RemotePath, manifest: Manifest, name: str) -> None:
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

    @abstractmethod
    def __reduce__(self) -> tuple[Any, ...]:
        """It is opened again where it is unpickled; if it was replaced meanwhile, that is an error there."""

    def __repr__(self) -> str:
        documents = "1 document" if self.num_documents == 1 else f"{self.num_documents:,} documents"
        return f"<Split {self.name!r}: {self.num_tokens:,} tokens, {documents}>"

    @abstractmethod
    def shard(self, number: int) -> Tokens:
        """One shard's ids, [N] in the corpus's dtype, mapped and read-only."""

    @abstractmethod
    def index(self, number: int) -> Index:
        """One shard's document index, uint64[D, 3]: end, input number and start of each document."""

    def document_ends(self) -> NDArray[np.int64]:
        """int64[D], ascending: where each document ends in the stream (its end-of-text id included)."""
        ends = [
            ends_of(self.index(number)).astype(np.int64) + start
            for number, start in enumerate(self.shard_starts[:-1])
        ]
        return np.concatenate(ends) if ends else np.empty(0, np.int64)

    def document_places(self) -> NDArray[np.uint64]:
        """uint64[D, 2]: each document's input number in the manifest, and where it starts there."""
        numbers = range(len(self.shard_starts) - 1)
        places = [self.index(number)[:, 1:] for number in numbers]
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


def check_not_replaced(found: Split | None, path: Path | RemotePath, name: str, fingerprint: str) -> Split:
    """The split that was opened again, if it is the one that it was.

    Raises:
        CorpusFormatError: If the corpus was replaced by another one.
    """
    if found is None or found.fingerprint != fingerprint:
        raise CorpusFormatError(
            f"{path}: split {name!r} was replaced by another one while it was in use",
            path=str(path),
            expected=fingerprint,
            found=None if found is None else found.fingerprint,
        )
    return found
