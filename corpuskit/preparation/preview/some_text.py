"""Some text of a batch, to be encoded for all of it."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.pieces import encode_pieces

#: Long texts are encoded in pieces of this size, so that each byte has the same chance.
_PIECE_BYTES = 4 * 2**10


def some_of(batch: DocumentBatch, limit: int | None, phase: float) -> DocumentBatch:
    """Documents that stand for a batch: parts of its texts, or, where they are in pieces, some of them.

    Args:
        batch: The batch.
        limit: About how many bytes of text; None for all of it.
        phase: How far in its share of the batch each is, from 0 to 1 (exclusive).
    """
    if limit is None:
        return batch
    if batch.pieces is None:
        texts = _some_texts(batch.texts, limit, phase)
        return DocumentBatch(texts, [0] * len(texts))
    count = len(batch.texts)
    step = max(sum(map(len, batch.texts)) // limit, 1) if limit > 0 else count + 1
    first = int(phase * min(step, count)) if limit > 0 else count
    return batch.chosen(range(first, count, step))


def num_ids(tokenizer: Tokenizer, batch: DocumentBatch) -> int:
    """How many ids a batch has, without ends of text."""
    if batch.pieces is not None:
        return len(encode_pieces(tokenizer, batch.pieces)[0].ids)
    return len(tokenizer.encode_batch(batch.texts).ids)


def _some_texts(texts: Sequence[bytes], limit: int, phase: float) -> list[bytes]:
    """About so many bytes of some texts, from all over them: texts do not begin as they go on.

    Args:
        texts: The texts.
        limit: How many bytes.
        phase: How far in its share of the texts each piece is, from 0 to 1 (exclusive).
    """
    total = sum(map(len, texts))
    if limit <= 0 or total <= limit:
        return list(texts) if limit > 0 else []
    ends = list(itertools.accumulate(-(-len(text) // _PIECE_BYTES) for text in texts))
    step, pieces = total // limit, []
    for piece in range(int(phase * min(step, ends[-1])), ends[-1], step):
        number = bisect.bisect_right(ends, piece)
        start = len(texts[number]) - (ends[number] - piece) * _PIECE_BYTES
        pieces.append(texts[number][max(start, 0) : start + _PIECE_BYTES].decode("utf-8", "ignore").encode())
    return pieces


__all__ = ["num_ids", "some_of"]
