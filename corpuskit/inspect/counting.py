"""One pass over the splits of a corpus, in which everything is counted that needs all tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.corpus import scan
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.document_hashes import DocumentHasher, Hashes
from corpuskit.corpus.index import ends_of
from corpuskit.corpus.manifest import ShardRecord
from corpuskit.corpus.split import Split
from corpuskit.errors import CorpusFormatError
from corpuskit.inspect.document_counts import DocumentCounts
from corpuskit.inspect.duplicates import DuplicateFinder
from corpuskit.inspect.mask_counts import MaskCounts
from corpuskit.inspect.token_counts import TokenCounts
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.value_streams import LOSS

#: Tokens that are counted at once: so many that what a block costs by itself does not matter.
_BLOCK_TOKENS = 2**19
#: Documents whose ends are copied out of an index at once.
_WINDOW_DOCUMENTS = 2**14


class CountingPass:
    """Counts splits, one after another.

    Args:
        corpus: The corpus.
        tokens: Counts the ids.
        documents: Counts the documents.
        duplicates: Finds documents with the same ids; empty ones are kept from it.
        masks: Counts targets, where there is a loss stream.
        top: How many empty documents are remembered.

    Attributes:
        num_empty: Documents without a token but an end-of-text id.
        empty: The numbers of the first of them; documents are numbered from 0 over all splits.
    """

    def __init__(
        self,
        corpus: Corpus,
        tokens: TokenCounts,
        documents: DocumentCounts,
        duplicates: DuplicateFinder,
        masks: MaskCounts,
        *,
        top: int,
    ) -> None:
        self.num_empty = 0
        self.empty: list[int] = []
        self._corpus = corpus
        self._tokens, self._documents, self._duplicates = tokens, documents, duplicates
        self._masks = masks
        self._top = top
        self._eot_id = corpus.manifest.tokenizer.eot_id
        self._num_front = int(corpus.manifest.options.get("bos") is not None)
        self._wide = np.empty(_BLOCK_TOKENS, np.int64)

    def run(self, splits: Sequence[str], on_progress: OnProgress | None = None) -> None:
        """Count some splits.

        Args:
            splits: Their names.
            on_progress: Called every few MiB.

        Raises:
            CorpusFormatError: If a file's bytes are not those that were prepared, or make no sense.
        """
        records = self._corpus.manifest.splits
        total = sum(_size_bytes(shard) for name in splits for shard in records[name].shards)
        done = 0
        for name in splits:
            counting = _Split(self._corpus[name], self._documents.num_documents)
            refuse = scan.refuser(counting.split)
            for number, record in enumerate(records[name].shards):
                first = self._documents.num_documents
                self._read_index(counting, number, record)
                self._masks.add(counting.split, number, record, first, refuse)
                done += _size_bytes(record) - record.size_bytes
                for piece in scan.shard(counting.split, number, record, refuse):
                    self._check_ids(piece, record.file)
                    for at in range(0, len(piece), _BLOCK_TOKENS):
                        self._add(counting, piece[at : at + _BLOCK_TOKENS])
                    done += piece.nbytes
                    if on_progress is not None:
                        on_progress(Progress("stats", record.file, done, total))
            self._tokens.end()

    def _read_index(self, counting: _Split, number: int, record: ShardRecord) -> None:
        begin = int(counting.split.shard_starts[number])
        last_end = counting.last_end - begin
        try:
            for rows in scan.index(counting.split, number, record, scan.refuser(counting.split)):
                last_end = self._documents.add(rows, last_end, record.num_tokens)
        except ValueError as error:
            if isinstance(error, CorpusFormatError):
                raise
            self._damaged(record.index_file, str(error))
        counting.begin_shard(number)

    def _check_ids(self, ids: Tokens, file: str) -> None:
        if (largest := int(ids.max())) >= len(self._tokens.counts):
            self._damaged(
                file, f"id {largest:,} is outside the vocabulary of {len(self._tokens.counts):,} ids"
            )

    def _add(self, counting: _Split, ids: Tokens) -> None:
        """The next ids of a split."""
        wide = self._wide[: len(ids)]
        np.copyto(wide, ids)
        self._tokens.add(wide)
        first, ends, last_end = counting.next_ends(len(ids))
        hashes = counting.hasher.add(ids, ends)
        if len(ends):
            lengths = np.diff(ends, prepend=last_end)
            own = lengths - self._num_front  # without the id in front
            is_empty = own == 0
            if self._eot_id is not None:
                ones = np.flatnonzero(own == 1)
                last = ends[ones] - 1
                last_ids = np.where(last < 0, counting.last_id, wide[last])
                is_empty[ones] = last_ids == self._eot_id
            self._note(hashes, first + np.arange(len(ends)), lengths, is_empty)
        counting.last_id = int(ids[-1])

    def _note(self, hashes: Hashes, numbers: Ints, lengths: Ints, is_empty: NDArray[np.bool_]) -> None:
        if not is_empty.any():
            self._duplicates.add(hashes, numbers, lengths)
            return
        filled = ~is_empty
        self._duplicates.add(hashes[filled], numbers[filled], lengths[filled])
        empty = numbers[is_empty]
        self.num_empty += len(empty)
        self.empty += empty[: self._top - len(self.empty)].tolist()

    def _damaged(self, file: str, what: str) -> NoReturn:
        path = self._corpus.path / file
        raise CorpusFormatError(
            f"{path}: {what}; 'corpuskit verify {self._corpus.path}' finds all that is damaged", path=path
        )


def _size_bytes(record: ShardRecord) -> int:
    """What is read of a shard, its index aside."""
    return record.size_bytes + (record.num_tokens if LOSS in record.streams else 0)


class _Split:
    """Where the pass is in a split: its blocks of ids, and the documents that end in them."""

    def __init__(self, split: Split, first_number: int) -> None:
        self.split = split
        self.hasher = DocumentHasher(split.dtype)
        self.last_end = 0  # of the last document before the next block, in the stream
        self.last_id = -1
        self._first_number = first_number

    def begin_shard(self, number: int) -> None:
        self._number = self._first_number + int(self.split.shard_documents[number])
        self._begin = self._at = int(self.split.shard_starts[number])
        self._index = ends_of(self.split.index(number))
        self._row = 0
        self._window = np.empty(0, np.int64)

    def next_ends(self, num_tokens: int) -> tuple[int, Ints, int]:
        """The documents that end in the next tokens.

        Returns:
            The number of the first one, int64[d] where each ends in these tokens, and where the document
            before them ends, in the same way.
        """
        found = self._ends_until(self._at + num_tokens)
        number, at, last_end = self._number, self._at, self.last_end
        if len(found):
            self.last_end = int(found[-1])
        self._number += len(found)
        self._at += num_tokens
        return number, found - at, last_end - at

    def _ends_until(self, stop: int) -> Ints:
        """The next ends that are at most `stop`; a window of them at a time is copied out of the index."""
        parts = []
        while True:
            count = int(np.searchsorted(self._window, stop, side="right"))
            parts.append(self._window[:count])
            self._window = self._window[count:]
            if len(self._window) or self._row == len(self._index):
                return np.concatenate(parts) if len(parts) > 1 else parts[0]
            window = self._index[self._row : self._row + _WINDOW_DOCUMENTS].astype(np.int64)
            self._row += len(window)
            self._window = window + self._begin


__all__ = ["CountingPass"]
