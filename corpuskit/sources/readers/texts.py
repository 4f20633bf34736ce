"""The documents of one batch: what is left once those that cannot be read are taken out, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers.base import BATCH_DOCUMENTS, BadDocuments


def without_empty(batch: DocumentBatch, bad: BadDocuments) -> DocumentBatch:
    """The documents that have any text; the others are counted."""
    if all(batch.texts):
        return batch
    kept = []
    for number, text in enumerate(batch.texts):
        if text:
            kept.append(number)
        else:
            bad.leave_out("empty", batch.starts[number], "an empty document")
    return batch.chosen(kept)


def without_too_long(batch: DocumentBatch, bad: BadDocuments, *, max_document_bytes: int) -> DocumentBatch:
    """The documents that are not too long.

    Raises:
        SourceError: If one is too long and broken documents are an error.
    """
    kept = []
    for number, text in enumerate(batch.texts):
        if len(text) > max_document_bytes:
            bad.too_long(batch.starts[number])
        else:
            kept.append(number)
    return batch.chosen(kept)


def checked(batch: DocumentBatch, bad: BadDocuments) -> DocumentBatch:
    """The documents that are valid UTF-8, or repaired, as the options say."""
    kept = []
    for number, text in enumerate(batch.texts):
        valid = bad.utf8(text, batch.starts[number])
        if valid is not None:
            batch.texts[number] = valid
            kept.append(number)
    return batch if len(kept) == len(batch.texts) else batch.chosen(kept)


def batches(batch: DocumentBatch) -> Iterator[DocumentBatch]:
    """Batches of no more than BATCH_DOCUMENTS documents; none of no document."""
    num_documents = len(batch.texts)
    if num_documents <= BATCH_DOCUMENTS:
        if num_documents:
            yield batch
        return
    for at in range(0, num_documents, BATCH_DOCUMENTS):
        yield batch.chosen(range(at, min(at + BATCH_DOCUMENTS, num_documents)))


def without_nulls(batch: DocumentBatch, is_null: Sequence[bool], bad: BadDocuments) -> DocumentBatch:
    """The documents whose text is there; a null is a record without text.

    Args:
        batch: The documents.
        is_null: Whether the text of each is a null.
        bad: What is done about records without text.

    Raises:
        SourceError: If records without text are an error.
    """
    kept = []
    for number, null in enumerate(is_null):
        if null:
            bad.missing("null-text", batch.starts[number], "a null")
        else:
            kept.append(number)
    return batch.chosen(kept)


__all__ = ["batches", "checked", "without_empty", "without_nulls", "without_too_long"]
