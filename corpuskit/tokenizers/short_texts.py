"""Many short texts as one: calling an engine for each of them takes longer than what it does.

Texts are joined where `boundaries` shows that no ids change, with a separator between those that need one,
and their ids are told apart by the bytes that they stand for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from corpuskit.ranges import ranges
from corpuskit.tokenizers.base import Encoded, with_eot
from corpuskit.tokenizers.boundaries import may_be_joined

#: Of longer texts the ids are what takes the time.
_SHORT_BYTES = 512
#: Fewer texts are not worth it.
_MANY = 64
#: About how long joined texts are: a code point that is encoded slowly concerns one of them only.
_JOINED_BYTES = 1 << 16
#: Between two texts: a safe place is before it, and another one behind.
_SEPARATOR = b" x\n"


def are_short(texts: Sequence[bytes]) -> bool:
    """Whether texts are many and short."""
    return len(texts) >= _MANY and sum(map(len, texts)) <= _SHORT_BYTES * len(texts)


def encode_joined(
    texts: Sequence[bytes],
    encode: Callable[[Sequence[bytes]], Encoded],
    token_sizes: NDArray[np.int32] | None,
    eot_id: int | None = None,
) -> Encoded:
    """The ids of texts. Those that may be joined are, and of the others each is encoded once.

    Args:
        texts: D texts in UTF-8.
        encode: Gives the ids of texts, by one of the patterns of `boundaries`.
        token_sizes: int32[V], the bytes of each token; a text's tokens have as many as the text.
            None where they depend on the ids around it: none are joined then.
        eot_id: The id that follows each text, and counts in its length; None if none does.

    Raises:
        TokenizerError: As `encode` does, without saying which text is at fault.
    """
    if token_sizes is None:
        return _ended(encode(texts), eot_id)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    joins = may_be_joined(texts, sizes) & (sizes <= 4 * _SHORT_BYTES)
    if joins.all():
        return _encode_all(texts, sizes, encode, token_sizes, eot_id)
    others = _encode_each_once(list(itertools.compress(texts, (~joins).tolist())), encode)
    others = _ended(others, eot_id)
    mine = list(itertools.compress(texts, joins.tolist()))
    encoded = _encode_all(mine, sizes[joins], encode, token_sizes, eot_id)
    lengths = np.empty(len(texts), np.int64)
    lengths[joins], lengths[~joins] = encoded.lengths, others.lengths
    of_mine = np.repeat(joins, lengths)
    ids = np.empty(len(of_mine), np.uint32)
    ids[of_mine], ids[~of_mine] = encoded.ids, others.ids
    return Encoded(ids, lengths)


def _ended(encoded: Encoded, eot_id: int | None) -> Encoded:
    """The same with an id after each text, if there is one."""
    return encoded if eot_id is None else with_eot(encoded, len(encoded.lengths), eot_id)


def _encode_each_once(texts: Sequence[bytes], encode: Callable[[Sequence[bytes]], Encoded]) -> Encoded:
    """The ids of texts, many of which may be the same, such as a line feed."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    encoded = encode([*numbers])
    if len(numbers) == len(texts):
        return encoded
    which = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
    lengths = encoded.lengths[which]
    starts = np.cumsum(encoded.lengths) - encoded.lengths
    return Encoded(encoded.ids[ranges(starts[which], lengths)], lengths)


def _encode_all(
    texts: Sequence[bytes],
    sizes: NDArray[np.int64],
    encode: Callable[[Sequence[bytes]], Encoded],
    token_sizes: NDArray[np.int32],
    eot_id: int | None,
) -> Encoded:
    """The ids of texts that may all be joined; an end-of-text id takes the place of a separator's last."""
    if not texts:
        return Encoded(np.empty(0, np.uint32), np.empty(0, np.int64))
    stops = np.cumsum(sizes + len(_SEPARATOR))
    cuts = np.searchsorted(stops, np.arange(_JOINED_BYTES, stops[-1] + _JOINED_BYTES, _JOINED_BYTES))
    places = dict.fromkeys([0, *cuts.tolist(), len(texts)])
    ids = encode([_SEPARATOR.join([*texts[a:b], b""]) for a, b in itertools.pairwise(places)]).ids
    text_stops, separator_stops = _told_apart(ids, stops, token_sizes)
    lengths = np.diff(separator_stops, prepend=0)
    left_out = separator_stops - text_stops
    if eot_id is not None:
        left_out -= 1
        ids[separator_stops - 1] = eot_id
    is_kept = np.ones(len(ids), np.bool_)
    is_kept[ranges(text_stops, left_out)] = False
    return Encoded(ids[is_kept], lengths - left_out)


def _told_apart(
    ids: NDArray[np.uint32], stops: NDArray[np.int64], token_sizes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the ids of each text end, and those of the separator behind it.

    A separator has the same ids wherever it is, among them after the last text. If they are found as often as
    there are texts, each place is one of a separator. Else a text has them, too, and bytes are counted.

    Args:
        ids: The ids of D texts, each with a separator behind it.
        stops: int64[D], where each separator ends in the text.
        token_sizes: int32[V], the bytes of each token.
    """
    tail = ids[-len(_SEPARATOR) :][::-1]
    count = int(np.searchsorted(np.cumsum(token_sizes[tail]), len(_SEPARATOR))) + 1
    found = np.flatnonzero(ids == tail[0])
    for before in range(1, count):
        found = found[ids[found - before] == tail[before]]
    if len(found) == len(stops):
        return found + (1 - count), found + 1
    ends = np.cumsum(token_sizes[ids], dtype=np.int64)
    bounds = [np.searchsorted(ends, places, side="right") for places in (stops - len(_SEPARATOR), stops)]
    return bounds[0], bounds[1]


__all__ = ["are_short", "encode_joined"]
