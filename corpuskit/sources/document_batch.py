"""Documents as readers hand them on: many at a time, each with all that is its own."""

from __future__ import annotations

import dataclasses
from collections.abc import MutableSequence, Sequence
from typing import Any, TypeVar, overload

from corpuskit.tokenizers.pieces import DocumentPiece

T = TypeVar("T")


@dataclasses.dataclass(slots=True)
class DocumentBatch:
    """Documents as readers hand them on: many at a time, as bytes.

    Args:
        texts: D documents, each valid UTF-8.
        starts: D starts, as `Document.start`; a list, or an `array.array`.
        continues: True where the last text is not the end of its document: the next batch's first text
            goes on with it.
        separated: Whether a separator that the user named ends one of them, or more.
        pieces: Of documents that are more than text, D lists of pieces; the texts of a document's pieces that
            are no control tokens, one after another, are its text. None where all documents are text.
        fields: The kept fields, each with D values: None, or text, a whole number, a float or a bool. A batch
            that `continues` has neither pieces nor fields: they come where their document ends.
    """

    texts: list[bytes]
    starts: MutableSequence[int]
    continues: bool = False
    separated: bool = False
    pieces: list[list[DocumentPiece]] | None = None
    fields: dict[str, list[Any]] | None = None

    def chosen(self, numbers: Sequence[int]) -> DocumentBatch:
        """Some of the documents, each of which ends in the batch, with all that is their own.

        Args:
            numbers: Their numbers in this batch, ascending.
        """
        fields, pieces = None, self.pieces
        if self.fields is not None:
            fields = {name: _chosen(values, numbers) for name, values in self.fields.items()}
        return dataclasses.replace(
            self,
            texts=_chosen(self.texts, numbers),
            starts=_chosen(self.starts, numbers),
            continues=False,
            pieces=None if pieces is None else _chosen(pieces, numbers),
            fields=fields,
        )


@overload
def _chosen(values: list[T], numbers: Sequence[int]) -> list[T]: ...
@overload
def _chosen(values: MutableSequence[T], numbers: Sequence[int]) -> MutableSequence[T]: ...
def _chosen(values: MutableSequence[T], numbers: Sequence[int]) -> MutableSequence[T]:
    """Some of the values; those of a range at once."""
    if isinstance(numbers, range):
        return values[numbers.start : numbers.stop : numbers.step]
    return [values[number] for number in numbers]


__all__ = ["DocumentBatch"]
