"""Batches of documents as ids: long documents are cut where their ids allow it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.tokenizers.base import Encoded, Tokenizer, check_encoded, check_items, with_eot, with_front
from corpuskit.tokenizers.pieces import DocumentPiece, encode_pieces
from corpuskit.value_streams import LOSS

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
            yield dataclasses.replace(batch, texts=texts, starts=starts, continues=False)
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


@dataclasses.dataclass(frozen=True, slots=True)
class EncodedDocuments:
    """Documents as ids.

    Args:
        ids: N ids in the corpus's dtype.
        ends: int64[D], where documents end among them.
        open_text_bytes: Bytes of the text after the last end: of a document that goes on.
        streams: Each with N items in its dtype; a stream that is not there is its fill.
    """

    ids: NDArray[Any]
    ends: NDArray[np.int64]
    open_text_bytes: int = 0
    streams: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)


def encode(
    tokenizer: Tokenizer,
    batch: DocumentBatch,
    *,
    eot_id: int | None,
    dtype: str,
    bos_id: int | None = None,
    goes_on: bool = False,
) -> EncodedDocuments:
    """A batch's ids in the corpus's dtype, where its documents end among them, and its streams.

    Args:
        tokenizer: What encodes.
        batch: The documents.
        eot_id: The id after each document; None for none.
        dtype: The type of an id.
        bos_id: The id in front of each document; None for none.
        goes_on: Whether the first text is not the beginning of its document.

    Raises:
        TokenizerError: If an id is outside the vocabulary; nothing ever wraps around.
    """
    if batch.pieces is not None:
        return _encode_pieces(tokenizer, batch.pieces, eot_id=eot_id, bos_id=bos_id, dtype=dtype)
    if eot_id is None:
        encoded = tokenizer.encode_batch(batch.texts)
    else:
        encoded = tokenizer.encode_documents(batch.texts, eot_id=eot_id, continues=batch.continues)
    check_encoded(encoded, tokenizer=tokenizer, num_texts=len(batch.texts))
    if bos_id is not None:
        encoded = with_front(encoded, int(goes_on), bos_id)
    ends = np.cumsum(encoded.lengths)
    ids = encoded.ids.astype(dtype, copy=False)
    streams = _items(tokenizer, encoded)
    if batch.continues:
        return EncodedDocuments(ids, ends[:-1], len(batch.texts[-1]), streams)
    return EncodedDocuments(ids, ends, streams=streams)


def _encode_pieces(
    tokenizer: Tokenizer,
    documents: Sequence[Sequence[DocumentPiece]],
    *,
    eot_id: int | None,
    bos_id: int | None,
    dtype: str,
) -> EncodedDocuments:
    """The same of documents in pieces; an id in front and an appended end-of-text id are no targets.

    Raises:
        ConfigError: If a document begins with the id in front already.
    """
    encoded, loss = encode_pieces(tokenizer, documents)
    check_encoded(encoded, tokenizer=tokenizer, num_texts=len(documents))
    if bos_id is not None:
        lengths = np.asarray(encoded.lengths)
        if (encoded.ids[(np.cumsum(lengths) - lengths)[lengths > 0]] == bos_id).any():
            raise ConfigError(
                f"bos: id {bos_id:,} is in front of a document already, as its template writes it, and would "
                "be there twice; leave bos out",
                found=bos_id,
            )
    if eot_id is not None:
        marks = with_eot(Encoded(loss.astype(np.uint32), encoded.lengths), len(documents), 0)
        encoded, loss = with_eot(encoded, len(documents), eot_id), marks.ids.astype(np.uint8)
    if bos_id is not None:
        marks = with_front(Encoded(loss.astype(np.uint32), encoded.lengths), 0, 0)
        encoded, loss = with_front(encoded, 0, bos_id), marks.ids.astype(np.uint8)
    ids = encoded.ids.astype(dtype, copy=False)
    streams = {**_items(tokenizer, encoded), LOSS: loss}
    return EncodedDocuments(ids, np.cumsum(encoded.lengths), streams=streams)


def _items(tokenizer: Tokenizer, encoded: Encoded) -> Mapping[str, NDArray[Any]]:
    """The tokenizer's own streams.

    Raises:
        TokenizerError: If they are not what it says that they are.
    """
    if not tokenizer.streams:
        return {}
    items = tokenizer.stream_items(encoded)
    check_items(items, encoded, tokenizer=tokenizer)
    return {name: items[name] for name in tokenizer.streams}
