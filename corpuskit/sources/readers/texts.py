"""The texts of one batch: what is left of them once those that cannot be read are taken out, and counted."""

from __future__ import annotations

from collections.abc import Iterator

from corpuskit.sources.base import DocumentBatch
from corpuskit.sources.readers.base import BATCH_DOCUMENTS, BadDocuments


def without_empty(texts: list[bytes], starts: list[int], bad: BadDocuments) -> tuple[list[bytes], list[int]]:
    """The documents that have any text; the others are counted."""
    kept: tuple[list[bytes], list[int]] = ([], [])
    for text, start in zip(texts, starts, strict=True):
        if text:
            kept[0].append(text)
            kept[1].append(start)
        else:
            bad.leave_out("empty", start, "an empty document")
    return kept


def without_too_long(
    texts: list[bytes], starts: list[int], bad: BadDocuments, *, max_document_bytes: int
) -> tuple[list[bytes], list[int]]:
    """The documents that are not too long.

    Raises:
        SourceError: If one is too long and broken documents are an error.
    """
    kept: tuple[list[bytes], list[int]] = ([], [])
    for text, start in zip(texts, starts, strict=True):
        if len(text) > max_document_bytes:
            bad.too_long(start)
        else:
            kept[0].append(text)
            kept[1].append(start)
    return kept


def checked(texts: list[bytes], starts: list[int], bad: BadDocuments) -> tuple[list[bytes], list[int]]:
    """The documents that are valid UTF-8, or repaired, as the options say."""
    kept: tuple[list[bytes], list[int]] = ([], [])
    for text, start in zip(texts, starts, strict=True):
        valid = bad.utf8(text, start)
        if valid is not None:
            kept[0].append(valid)
            kept[1].append(start)
    return kept


def batches(texts: list[bytes], starts: list[int]) -> Iterator[DocumentBatch]:
    """Batches of no more than BATCH_DOCUMENTS documents."""
    if len(texts) <= BATCH_DOCUMENTS:
        if texts:
            yield DocumentBatch(texts, starts)
        return
    for at in range(0, len(texts), BATCH_DOCUMENTS):
        yield DocumentBatch(texts[at : at + BATCH_DOCUMENTS], starts[at : at + BATCH_DOCUMENTS])


def without_nulls(
    texts: list[bytes], starts: list[int], is_null: list[bool], bad: BadDocuments
) -> tuple[list[bytes], list[int]]:
    """The texts that are there, with their starts; a null is a record without text.

    Raises:
        SourceError: If records without text are an error.
    """
    kept: tuple[list[bytes], list[int]] = ([], [])
    for text, start, null in zip(texts, starts, is_null, strict=True):
        if null:
            bad.missing("null-text", start, "a null")
        else:
            kept[0].append(text)
            kept[1].append(start)
    return kept


__all__ = ["batches", "checked", "without_empty", "without_nulls", "without_too_long"]
