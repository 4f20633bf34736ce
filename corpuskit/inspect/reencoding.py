"""Which ids of a corpus the text that they stand for does not give again."""

from __future__ import annotations

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.errors import CorpuskitError
from corpuskit.inspect.stats_records import Reencoding, TokenCount
from corpuskit.tokenizers.base import Tokenizer

#: What tokenizers call the id of text that they have no id for; sentencepiece writes it as the last one.
_UNKNOWN_TEXTS = frozenset((b"<unk>", b"<UNK>", b"[UNK]", b"<|unk|>", " \u2047 ".encode()))


def reencode(ids: Ints, counts: Ints, tokenizer: Tokenizer, *, examples: int) -> tuple[Reencoding, int]:
    """Encode the text of each id alone.

    Args:
        ids: int64[n], ids in the order in which they are to be named.
        counts: int64[V], how often each id occurs.
        tokenizer: What made them.
        examples: How many are named at most.

    Returns:
        What was found, and how often ids occur that stand for unknown text.
    """
    controls = {tokenizer.eot_id, *tokenizer.control_ids.values()}
    tokens = {number: bytes_of(number, tokenizer) for number in ids.tolist() if number not in controls}
    texts = {number: token for number, token in tokens.items() if token and _is_text(token)}
    given = _given(list(texts.values()), tokenizer)
    others = [number for number, found in zip(texts, given, strict=True) if found != number]
    unchecked = [number for number in tokens if number not in texts]
    found = Reencoding(
        num_ids=len(others),
        num_tokens=int(counts[others].sum()),
        unchecked_ids=len(unchecked),
        unchecked_tokens=int(counts[unchecked].sum()),
        examples=counts_of(others[:examples], counts, tokenizer),
    )
    return found, sum(int(counts[number]) for number in others if texts[number] in _UNKNOWN_TEXTS)


def counts_of(ids: list[int], counts: Ints, tokenizer: Tokenizer | None) -> tuple[TokenCount, ...]:
    """How often ids occur, and what they stand for."""
    found = []
    for number in ids:
        token = None if tokenizer is None else bytes_of(number, tokenizer)
        text = None if token is None else token.decode("utf-8", "backslashreplace")
        found.append(TokenCount(number, int(counts[number]), text))
    return tuple(found)


def bytes_of(number: int, tokenizer: Tokenizer) -> bytes | None:
    """The bytes of a token by itself; None for an id that nothing has."""
    try:
        return tokenizer.decode_bytes([number])
    except CorpuskitError:
        return None


def _is_text(token: bytes) -> bool:
    return token.decode("utf-8", "ignore").encode() == token


def _given(texts: list[bytes], tokenizer: Tokenizer) -> list[int | None]:
    """The one id of each text; None where there are more, or none."""
    try:
        encoded = tokenizer.encode_batch(texts)
    except CorpuskitError:  # one of them cannot be encoded
        return [_one_given(text, tokenizer) for text in texts]
    ends = np.cumsum(encoded.lengths)
    return [
        int(encoded.ids[end - 1]) if length == 1 else None
        for end, length in zip(ends.tolist(), encoded.lengths.tolist(), strict=True)
    ]


def _one_given(text: bytes, tokenizer: Tokenizer) -> int | None:
    try:
        ids = tokenizer.encode_batch([text]).ids
    except CorpuskitError:
        return None
    return int(ids[0]) if len(ids) == 1 else None


__all__ = ["bytes_of", "counts_of", "reencode"]
