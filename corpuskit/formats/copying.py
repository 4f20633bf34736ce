"""The blocks of another trainer's files as blocks of a corpus: checked ids, documents, and their sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.corpus.index import new_rows
from corpuskit.corpus.writer import Block
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.foreign import ForeignBlock, ForeignFile
from corpuskit.tokenizers.base import Tokenizer

#: Where documents end that the layout does not tell apart: after each end-of-text id, before it, or nowhere.
Marks = Literal["end", "start", "none"]


class SplitCopy:
    """The files of one split, read as one stream.

    Args:
        files: The files in order.
        numbers: The number of each among the inputs.
        tokenizer: What is said to have made the ids.
        marks: Where documents end in files that do not say it.
        dtype: The type of an id in the corpus.
        text_sizes: [V], the bytes of text that each id stands for; None where that is not known.
        on_read: Called with the paths of a file, and how much of it was read: 0 to 1, at last 1.

    Attributes:
        is_ended: Whether each document so far ends with the end-of-text id.
        is_started: Whether each document so far begins with it.
    """

    def __init__(
        self,
        files: Sequence[ForeignFile],
        numbers: Sequence[int],
        *,
        tokenizer: Tokenizer,
        marks: Marks,
        dtype: np.dtype[Any],
        text_sizes: NDArray[Any] | None,
        on_read: Callable[[Sequence[Path], float], None] = lambda paths, share: None,
    ) -> None:
        self.is_ended = self.is_started = True
        self._files, self._numbers, self._on_read = files, numbers, on_read
        self._tokenizer, self._marks, self._dtype, self._text_sizes = tokenizer, marks, dtype, text_sizes
        self._begun = 0  # tokens of the document that is under way, and the bytes of their text
        self._begun_bytes = 0
        self._last_id = -1

    def blocks(self) -> Iterator[Block]:
        """The blocks of all files in order.

        Raises:
            CorpusFormatError: If an id is not in the vocabulary, or a file is damaged.
        """
        for number, file in enumerate(self._files):
            goes_on = file.continues and number + 1 < len(self._files)
            at = documents = 0
            for block in file.blocks():
                self._check(block.ids, file, at)
                at += len(block.ids)
                if file.num_tokens:
                    self._on_read(file.paths, min(at / file.num_tokens, 1))
                is_last = at == file.num_tokens and not goes_on
                ends = self._ends(block, file, is_last=is_last)
                yield self._block(block, ends, self._numbers[number], documents)
                documents += len(ends)
            if file.num_tokens is not None and at != file.num_tokens:
                raise CorpusFormatError(
                    f"{file.paths[0]}: {at:,} ids, and {file.num_tokens:,} are expected; get it again",
                    path=file.paths[0],
                    expected=file.num_tokens,
                    found=at,
                )
            self._on_read(file.paths, 1)

    def _check(self, ids: NDArray[Any], file: ForeignFile, at: int) -> None:
        if not len(ids):
            return
        size = self._tokenizer.vocab_size
        if int(ids.max()) < size and (ids.dtype.kind == "u" or int(ids.min()) >= 0):
            return
        place = int(np.argmax((ids >= size) | (ids < 0)))
        fitted = self._tokenizer.needs_fitting
        other = (
            "name their own text with --vocabulary-from" if fitted else "choose the --encoding that made them"
        )
        raise CorpusFormatError(
            f"{file.paths[0]}: token {at + place:,} is {int(ids[place]):,}, and the ids of "
            f"{self._tokenizer.name!r} go from 0 to {size - 1:,}; {other}, "
            f"name added tokens with --added-token, or say another --dtype than {ids.dtype.name}",
            path=file.paths[0],
            expected=size - 1,
            found=int(ids[place]),
        )

    def _ends(self, block: ForeignBlock, file: ForeignFile, *, is_last: bool) -> Ints:
        """int64[d]: where documents end in a block; what is left of a split, or of a file, ends with it."""
        ids, ends = block.ids, block.ends
        eot_id = self._tokenizer.eot_id
        if not file.has_documents and self._marks != "none" and eot_id is not None:
            ends = np.flatnonzero(ids == eot_id) + (self._marks == "end")
            if len(ends) and ends[0] == 0 and not self._begun:  # the first document begins here
                ends = ends[1:]
        begun = len(ids) - int(ends[-1]) if len(ends) else self._begun + len(ids)
        return np.append(ends, len(ids)) if is_last and begun else ends

    def _block(self, block: ForeignBlock, ends: Ints, number: int, documents: int) -> Block:
        ids = block.ids.astype(self._dtype, copy=False)
        starts = np.concatenate(([-self._begun], ends[:-1])) if len(ends) else ends
        self._look_at_marks(ids, starts, ends)
        self._last_id = int(ids[-1]) if len(ids) else self._last_id
        rows = new_rows(
            ends, number, np.arange(documents, documents + len(ends)), self._text_bytes(block.ids, ends)
        )
        self._begun = len(ids) - int(ends[-1]) if len(ends) else self._begun + len(ids)
        # A document that the layout did not end has no fields.
        fields = {
            name: [*values, *[None] * (len(ends) - len(values))] for name, values in block.fields.items()
        }
        return Block(ids, rows, block.streams, fields)

    def _look_at_marks(self, ids: NDArray[Any], starts: Ints, ends: Ints) -> None:
        eot_id = self._tokenizer.eot_id
        begins = ends[ends < len(ids)]
        if not self._begun and len(ids):
            begins = np.append(begins, 0)
        if eot_id is None or not (ends > starts).all():  # there is none, or a document is empty
            self.is_ended = self.is_started = False
            return
        last = ids[ends[ends > 0] - 1]
        if len(ends) and ends[0] == 0:  # the document's last token was in the block before
            last = np.append(last, self._last_id)
        self.is_ended = self.is_ended and bool((last == eot_id).all())
        self.is_started = self.is_started and bool((ids[begins] == eot_id).all())

    def _text_bytes(self, ids: NDArray[Any], ends: Ints) -> Ints:
        """int64[d]: the bytes of each document's text; 0 where they are not known."""
        if self._text_sizes is None:
            return np.zeros(len(ends), np.int64)
        starts = np.concatenate(([0], ends))  # of each document, and of what is left behind the last one
        sums = np.zeros(len(starts), np.int64)
        sums[0] = self._begun_bytes
        has_ids = np.diff(starts, append=len(ids)) > 0
        sums[has_ids] += np.add.reduceat(self._text_sizes.take(ids), starts[has_ids], dtype=np.int64)
        self._begun_bytes = int(sums[-1])
        return sums[:-1]


def text_sizes(tokenizer: Tokenizer) -> NDArray[Any] | None:
    """The bytes of text that each id stands for, [V] in a small type, 0 for control tokens.

    None where that depends on the ids around it.
    """
    texts = tokenizer.token_bytes()
    if texts is None:
        return None
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    sizes[[*tokenizer.control_ids.values()]] = 0
    return sizes.astype(np.min_scalar_type(int(sizes.max(initial=0))))  # they are looked up for every token


__all__ = ["Marks", "SplitCopy", "text_sizes"]
