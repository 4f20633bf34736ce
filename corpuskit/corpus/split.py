"""A split: the tokens of all its shards as one stream, and where its documents are."""

from __future__ import annotations

import dataclasses
import operator
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.batches.stream import Piece, TokenStream
from corpuskit.corpus.decoding import decode, recorded_tokenizer
from corpuskit.corpus.field_labels import field_labels
from corpuskit.corpus.field_tables import shard_table, split_table
from corpuskit.corpus.index import Index, ends_of, text_bytes_of
from corpuskit.corpus.manifest import Manifest
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.markup import display
from corpuskit.urls import RemotePath
from corpuskit.value_streams import StreamInfo

if TYPE_CHECKING:
    import pyarrow

    from corpuskit.tokenizers.base import Tokenizer


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
        shard_documents: int64[S + 1], the first document that ends in each of S shards; the last is D.
        encoding: The tokenizer's name, where the manifest holds too little to open it; not pickled.
        sound_fields: The record batches of kept fields, by shard and number, that were looked through; not
            pickled.
    """

    #: Whether the digests are of all bytes. Of files that are read where others put them, they are not.
    has_digests: ClassVar[bool] = True

    def __init__(self, path: Path | RemotePath, manifest: Manifest, name: str) -> None:
        record = manifest.splits[name]
        self.name = name
        self.path: Path | RemotePath = path
        self.num_tokens = record.num_tokens
        self.num_documents = record.num_documents
        self.dtype = np.dtype(manifest.dtype)
        self.num_ids = manifest.tokenizer.vocab_size
        self.fingerprint = manifest.split_fingerprint(name)
        self.shard_starts = _sums([shard.num_tokens for shard in record.shards])
        self.shard_documents = _sums([shard.num_documents for shard in record.shards])
        self.encoding: str | None = None
        self.sound_fields: set[tuple[int, int]] = set()
        self._manifest = manifest
        self._labels: dict[str, tuple[tuple[str, ...], NDArray[np.int32]]] = {}

    @abstractmethod
    def __reduce__(self) -> tuple[Any, ...]:
        """It is opened again where it is unpickled; if it was replaced meanwhile, that is an error there."""

    def __repr__(self) -> str:
        documents = "1 document" if self.num_documents == 1 else f"{self.num_documents:,} documents"
        return f"<Split {self.name!r}: {self.num_tokens:,} tokens, {documents}>"

    def _repr_html_(self) -> str:
        facts = {
            "tokens": self.num_tokens,
            "documents": self.num_documents,
            "shards": len(self.shard_starts) - 1,
            "ids": f"{self.dtype.name}, of {self._manifest.tokenizer.name}",
            "fingerprint": self.fingerprint,
        }
        return display(f"Split {self.name} of {self.path}", facts)

    @abstractmethod
    def shard(self, number: int) -> Tokens:
        """One shard's ids, [N] in the corpus's dtype, mapped and read-only."""

    @abstractmethod
    def index(self, number: int) -> Index:
        """One shard's document index, uint64[D, 4]: see `corpuskit.corpus.index`."""

    @property
    def streams(self) -> Mapping[str, StreamInfo]:
        """The streams of values beside the ids, by their names."""
        return {name: record.info for name, record in self._manifest.streams.items()}

    @property
    def knows_text_bytes(self) -> bool:
        """Whether the bytes of each document's text are known."""
        return self._manifest.knows_text_bytes

    def document_text_bytes(self) -> NDArray[np.int64]:
        """int64[D]: how many bytes the text of each document has in UTF-8, without what is put between.

        Raises:
            ConfigError: If the corpus was imported, and its tokenizer does not tell what each id stands for.
        """
        if not self.knows_text_bytes:
            raise _unknown_text(self._manifest, self.path)
        numbers = range(len(self.shard_starts) - 1)
        sizes = [text_bytes_of(self.index(number)).astype(np.int64) for number in numbers]
        return np.concatenate(sizes) if sizes else np.empty(0, np.int64)

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
        places = [self.index(number)[:, 1:3] for number in numbers]
        return np.concatenate(places) if places else np.empty((0, 2), np.uint64)

    @abstractmethod
    def fields_data(self, number: int) -> NDArray[np.uint8]:
        """The bytes of one shard's file of kept fields, mapped and read-only.

        Raises:
            CorpusFormatError: If no fields are kept.
        """

    def fields(self, shards: range | None = None) -> pyarrow.Table:
        """The kept fields, a row for each document in order; nothing is copied into memory.

        The first call looks through all of them: what a file says of its values might lead out of it.

        Args:
            shards: The numbers of the shards whose documents are asked for; None for all.

        Raises:
            ConfigError: If pyarrow is not installed.
            CorpusFormatError: If a file is damaged.
        """
        return split_table(self, self._manifest.field_types, shards=shards)

    def document_fields(self, number: int) -> dict[str, Any]:
        """One document's kept fields by their names; of a shard, 16,384 documents' or fewer are read.

        Raises:
            IndexError: If there is no document of this number.
            ConfigError: If pyarrow is not installed.
            CorpusFormatError: If a file is damaged.
        """
        number = self._checked_number(number)
        if not self._manifest.fields:
            return {}
        shard, row = self._row_of(number)
        table = shard_table(self, shard, self._manifest.field_types, row, row + 1)
        found: dict[str, Any] = table.to_pylist()[0]
        return found

    @property
    def field_names(self) -> Sequence[str]:
        """The kept fields of its documents."""
        return [*self._manifest.field_types]

    @property
    def field_types(self) -> Mapping[str, str]:
        """The types of its documents' kept fields, in order: "str", "int", "float" or "bool"."""
        return self._manifest.field_types

    def document_labels(self, field: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The values of a kept field as labels, read once; see `TokenStream`.

        Raises:
            ConfigError: If it has too many different values, or pyarrow is not installed.
            CorpusFormatError: If a file is damaged.
        """
        if field not in self._labels:
            column = self.fields().column(field)
            self._labels[field] = field_labels(column, f"field {field!r} of split {self.name!r}")
        return self._labels[field]

    def document(self, number: int) -> Tokens:
        """One document's ids, its end-of-text id included."""
        piece = self.document_piece(number)
        return self._read(piece.start, piece.stop)

    def document_piece(self, number: int) -> Piece:
        """Where a document is, in this split and in its input. Only the indexes of its shards are read.

        Raises:
            IndexError: If there is no document of this number.
            CorpusFormatError: If the index says what cannot be.
        """
        number = self._checked_number(number)
        start, stop = self.end_before(number), self._end_of(number)
        shard, row = self._row_of(number)
        _, item, input_start, _ = self.index(shard)[row].tolist()
        inputs = self._manifest.inputs
        if not (start <= stop <= self.num_tokens and item < len(inputs)):
            raise CorpusFormatError(
                f"{self.path}: the index of split {self.name!r} is damaged at document {number:,}: it says "
                f"tokens {start:,} to {stop:,} of {self.num_tokens:,}, of input {item:,} of {len(inputs):,}; "
                "'corpuskit verify' finds the file, and --overwrite prepares it again",
                path=str(self.path),
            )
        name = inputs[item].name
        return Piece(start, stop, number, start, stop, self.name, input=name, input_start=input_start)

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """A range of tokens, cut where documents end, each with the document's input; see `TokenStream`."""
        if start >= stop:
            return []
        first, last = (self._document_at(position) for position in (start, stop - 1))
        whole = [self.document_piece(number) for number in range(first, min(last + 1, self.num_documents))]
        if last == self.num_documents:  # tokens that no document ends
            begin = self.end_before(last)
            whole.append(Piece(begin, self.num_tokens, last, begin, self.num_tokens, self.name))
        return [
            dataclasses.replace(piece, start=max(start, piece.start), stop=min(stop, piece.stop))
            for piece in whole
            if piece.start < min(stop, piece.stop)
        ]

    def decode(self, ids: Sequence[int] | NDArray[Any]) -> str:
        """The text that ids of this split stand for.

        Raises:
            TokenizerError: If one is not in the vocabulary.
            CorpusFormatError: If what is installed under the tokenizer's name would give other ids.
        """
        text: str = decode(self.tokenizer, ids)
        return text

    @property
    def control_ids(self) -> Mapping[str, int]:
        """The ids of control tokens, by their names."""
        return self.tokenizer.control_ids

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the ids; errors as those of `corpuskit.Corpus.tokenizer`."""
        return recorded_tokenizer(self._manifest.tokenizer, self.path, encoding=self.encoding)

    def _checked_number(self, number: int) -> int:
        number = operator.index(number)
        if not 0 <= number < self.num_documents:
            raise IndexError(f"document {number} of split {self.name!r}, which has {self.num_documents:,}")
        return number

    def _document_at(self, position: int) -> int:
        """The number of the document that a token belongs to."""
        shard = int(np.searchsorted(self.shard_starts, position, side="right")) - 1
        # In the type of the index: another would have all of it copied, 3 ms for a million documents.
        within = np.uint64(position - int(self.shard_starts[shard]))
        row = np.searchsorted(ends_of(self.index(shard)), within, side="right")
        return int(self.shard_documents[shard]) + int(row)

    def _row_of(self, number: int) -> tuple[int, int]:
        """The shard in which a document ends, and its row in that shard's index."""
        shard = int(np.searchsorted(self.shard_documents, number, side="right")) - 1
        return shard, number - int(self.shard_documents[shard])

    def end_before(self, number: int) -> int:
        """Where the document before one ends in the stream; 0 before the first."""
        return self._end_of(number - 1) if number else 0

    def _end_of(self, number: int) -> int:
        shard, row = self._row_of(number)
        return int(self.shard_starts[shard]) + int(self.index(shard)[row, 0])


def _unknown_text(manifest: Manifest, path: Path | RemotePath) -> ConfigError:
    """The error about bytes of text that nobody has counted."""
    why = "does not tell how much text each id stands for; prepare the corpus from its text to know it"
    if "opened" in manifest.options:
        why = "was not asked, because the files are read in place; import them to know it"
    return ConfigError(
        f"{path}: the bytes of text are not known: these are token files, and tokenizer "
        f"{manifest.tokenizer.name!r} {why}"
    )


def _sums(counts: list[int]) -> NDArray[np.int64]:
    """int64[n + 1]: the sums of the first 0, 1, ... n counts."""
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64))).astype(np.int64)


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
