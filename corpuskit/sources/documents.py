"""Documents: one as a source gives it, and many at a time as readers hand them on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from corpuskit.tokenizers.pieces import DocumentPiece


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """One document of a corpus.

    Args:
        text: Its text, or the text's UTF-8 bytes.
        start: Where it starts in its input: a byte offset, or a row number in formats that have rows.
    """

    text: str | bytes
    start: int = 0


@dataclasses.dataclass(slots=True)
class DocumentBatch:
    """Documents as readers hand them on: many at a time, as bytes.

    Args:
        texts: D documents, each valid UTF-8.
        starts: D starts, as `Document.start`.
        continues: True where the last text is not the end of its document: the next batch's first text
            goes on with it.
        separated: Whether a separator that the user named ends one of them, or more.
        pieces: Of documents that are more than text, D lists of pieces; the texts of a document's pieces that
            are no control tokens, one after another, are its text. None where all documents are text.
        fields: The kept fields, each with D values: None, or text, a whole number, a float or a bool. A batch
            that `continues` has neither pieces nor fields: they come where their document ends.
    """

    texts: list[bytes]
    starts: list[int]
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
            fields = {name: [values[number] for number in numbers] for name, values in self.fields.items()}
        return dataclasses.replace(
            self,
            texts=[self.texts[number] for number in numbers],
            starts=[self.starts[number] for number in numbers],
            continues=False,
            pieces=None if pieces is None else [pieces[number] for number in numbers],
            fields=fields,
        )


def text_of(document: Document) -> bytes:
    """A document's text as UTF-8.

    Raises:
        TypeError: If it is no document, or its text is none.
        UnicodeEncodeError: If it holds half a character.
    """
    if not isinstance(document, Document):
        raise TypeError(
            f"documents() must yield corpuskit.Document, found {type(document).__name__} {document!r:.60}"
        )
    text = document.text
    if isinstance(text, str):
        return text.encode()
    if not isinstance(text, bytes):
        raise TypeError(f"a Document's text must be str or bytes, found {type(text).__name__} {text!r:.60}")
    return text


__all__ = ["Document", "DocumentBatch", "text_of"]
