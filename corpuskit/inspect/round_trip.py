"""Whether documents of a corpus are what their text is encoded to: decode some, and encode them again."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import numpy as np

from corpuskit.arrays import Tokens
from corpuskit.batches.stream import Piece
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import CorpuskitError
from corpuskit.tokenizers.base import Tokenizer

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
        ids = corpus[splits[at]][piece.start : piece.stop]
        if eot_id is not None and len(ids) and int(ids[-1]) == eot_id:
            ids = ids[:-1]
        if not _is_given_again(ids, tokenizer):
            changed.append(piece)
    return RoundTrip(tried, tuple(changed))


def _is_given_again(ids: Tokens, tokenizer: Tokenizer) -> bool:
    try:
        text = tokenizer.decode_bytes(ids)
        text.decode()
        return np.array_equal(tokenizer.encode_batch([text]).ids, ids)
    except (CorpuskitError, UnicodeDecodeError):
        return False


__all__ = ["RoundTrip", "round_trip"]
