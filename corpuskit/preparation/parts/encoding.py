"""Batches of documents as ids: long documents are cut where their ids allow it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import SourceError
from corpuskit.sources.base import DocumentBatch
from corpuskit.tokenizers.base import Tokenizer, check_encoded

#: A document that goes on for longer and cannot be cut is refused: it would have to fit in memory.
_MAX_DOCUMENT_BYTES = 256 * 2**20


def joined(
    batches: Iterator[DocumentBatch], tokenizer: Tokenizer, *, cut: bool, name: str
) -> Iterator[DocumentBatch]:
    """Batches in which a long document goes on in the next batch only where its ids allow a cut.

    Readers hand a very long document on in pieces that end anywhere. What follows the last safe place is
    kept back for the next piece. With `cut` False, documents stay whole: something asks for all their text.
    A document that is too long is refused, also where broken ones are skipped: its beginning may be encoded.
    """
    held: list[bytes] = []  # the beginning of a document that goes on
    held_start = 0
    for batch in batches:
        texts, starts = batch.texts, batch.starts
        if held and texts:
            held.append(texts.pop(0))
            starts.pop(0)
            if texts or not batch.continues:
                texts.insert(0, b"".join(held))
                starts.insert(0, held_start)
                held = []
        if batch.continues:
            if texts:
                held, held_start = [texts.pop()], starts.pop()
            at = tokenizer.boundary(held[-1], len(held[-1])) if cut else 0
            if at:
                last = held.pop()
                text = b"".join([*held, last[:at]])
                yield DocumentBatch([*texts, text], [*starts, held_start], continues=True)
                held = [last[at:]]
                continue
            if sum(map(len, held)) > _MAX_DOCUMENT_BYTES:
                raise _too_long(name, held_start, tokenizer, cut=cut)
        if texts:
            yield DocumentBatch(texts, starts, separated=batch.separated)
    if held:
        yield DocumentBatch([b"".join(held)], [held_start], continues=True)


def _too_long(name: str, start: int, tokenizer: Tokenizer, *, cut: bool) -> SourceError:
    """The error about a document that would have to fit in memory."""
    why, remedy = f"tokenizer {tokenizer.name!r} cannot encode it in pieces", "choose another --encoding"
    if not cut:
        why, remedy = "its split follows from all of its text", "use --split none"
    return SourceError(
        f"{name}, document at {start:,}: longer than {_MAX_DOCUMENT_BYTES:,} bytes, and {why}; cut it into "
        f"documents (a text file with --separator or --lines), or {remedy}",
        path=name,
    )


def encode(
    tokenizer: Tokenizer, batch: DocumentBatch, *, eot_id: int | None, dtype: str
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """A batch's ids in the corpus's dtype, and where its documents end among them.

    Raises:
        TokenizerError: If an id is outside the vocabulary; nothing ever wraps around.
    """
    if eot_id is None:
        encoded = tokenizer.encode_batch(batch.texts)
    else:
        encoded = tokenizer.encode_documents(batch.texts, eot_id=eot_id, continues=batch.continues)
    check_encoded(encoded, tokenizer=tokenizer, num_texts=len(batch.texts))
    ends = np.cumsum(encoded.lengths)
    return encoded.ids.astype(dtype, copy=False), ends[:-1] if batch.continues else ends
