"""Whether documents of a corpus are what their text is encoded to: decode some, and encode them again."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Tokens
from corpuskit.batches.stream import Piece
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpuskitError
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.pieces import DocumentPiece, encode_pieces
from corpuskit.value_streams import LOSS

#: Documents of more tokens are not read whole, and a part of one may be encoded to other ids.
_MOST_TOKENS = 200_000


@dataclasses.dataclass(frozen=True, slots=True)
class RoundTrip:
    """What became of sampled documents that were decoded and encoded again.

    Args:
        num_documents: How many were tried.
        changed: Those that have other ids then.
    """

    num_documents: int
    changed: tuple[Piece, ...]


def round_trip(corpus: Corpus, splits: Sequence[str], *, documents: int) -> RoundTrip:
    """Decode and encode documents that are drawn by chance, always the same ones of a corpus.

    Args:
        corpus: The corpus.
        splits: The names of the splits to draw from.
        documents: How many are drawn at most; those that are very long are left out.

    Raises:
        CorpuskitError: If the tokenizer cannot be opened.
    """
    tokenizer = corpus.tokenizer
    eot_id = corpus.manifest.tokenizer.eot_id
    bos = corpus.manifest.options.get("bos")
    bos_id = None if bos is None else tokenizer.control_ids.get(str(bos))
    counts = [corpus[name].num_documents for name in splits]
    numbers = random.Random(corpus.fingerprint).sample(range(sum(counts)), min(documents, sum(counts)))
    tried, changed = 0, []
    for number in sorted(numbers):
        at = 0
        while number >= counts[at]:
            number, at = number - counts[at], at + 1
        piece = corpus[splits[at]].document_piece(number)
        if len(piece) > _MOST_TOKENS:
            continue
        tried += 1
        ids, first = corpus[splits[at]][piece.start : piece.stop], 0
        if bos_id is not None and len(ids) and int(ids[0]) == bos_id:
            ids, first = ids[1:], 1
        if eot_id is not None and len(ids) and int(ids[-1]) == eot_id:
            ids = ids[:-1]
        learned = None
        if LOSS in corpus[splits[at]].streams:
            begin = piece.start + first
            learned = corpus[splits[at]].stream(LOSS)[begin : begin + len(ids)]
        if not _is_given_again(ids, tokenizer, learned):
            changed.append(piece)
    return RoundTrip(tried, tuple(changed))


def _is_given_again(ids: Tokens, tokenizer: Tokenizer, learned: NDArray[Any] | None) -> bool:
    try:
        if learned is not None:
            encoded, again = encode_pieces(tokenizer, [_pieces(ids, tokenizer, learned)])
            return np.array_equal(encoded.ids, ids) and np.array_equal(again, learned)
        text = tokenizer.decode_bytes(ids)
        text.decode()
        return np.array_equal(tokenizer.encode_batch([text]).ids, ids)
    except (CorpuskitError, UnicodeDecodeError):
        return False


def _pieces(ids: Tokens, tokenizer: Tokenizer, learned: NDArray[Any]) -> list[DocumentPiece]:
    """A document as the pieces that its control tokens and its mask make of it.

    Raises:
        UnicodeDecodeError: If what is between two control tokens is no text.
    """
    names = {number: name for name, number in tokenizer.control_ids.items()}
    is_control = np.isin(ids, [*names])
    begins = np.ones(len(ids), np.bool_)
    begins[1:] = is_control[1:] | is_control[:-1] | (learned[1:] != learned[:-1])
    pieces = []
    for start, stop in itertools.pairwise([*np.flatnonzero(begins).tolist(), len(ids)]):
        text = tokenizer.decode_bytes(ids[start:stop])
        pieces.append(DocumentPiece(text, bool(is_control[start]), bool(learned[start])))
    b"".join(piece.text for piece in pieces).decode()
    return pieces


__all__ = ["RoundTrip", "round_trip"]
