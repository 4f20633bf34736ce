"""Many short texts as one: calling an engine for each of them takes longer than what it does.

Texts are joined where `boundaries` shows that no ids change, with a separator between those that need one,
and their ids are told apart by the bytes that they stand for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from corpuskit.tokenizers.base import Encoded
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
) -> Encoded:
    """The ids of texts. Those that may be joined are, and of the others each is encoded once.

    Args:
        texts: D texts in UTF-8.
        encode: Gives the ids of texts, by one of the patterns of `boundaries`.
        token_sizes: int32[V], the bytes of each token; a text's tokens have as many as the text.
            None where they depend on the ids around it: none are joined then.

    Raises:
        TokenizerError: As `encode` does, without saying which text is at fault.
    """
    if token_sizes is None:
        return encode(texts)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    joins = may_be_joined(texts, sizes) & (sizes <= 4 * _SHORT_BYTES)
    others = _encode_each_once(list(itertools.compress(texts, (~joins).tolist())), encode)
    mine = _encode_all(list(itertools.compress(texts, joins.tolist())), sizes[joins], encode, token_sizes)
    lengths = np.empty(len(texts), np.int64)
    lengths[joins], lengths[~joins] = mine.lengths, others.lengths
    of_mine = np.repeat(joins, lengths)
    ids = np.empty(len(of_mine), np.uint32)
    ids[of_mine], ids[~of_mine] = mine.ids, others.ids
    return Encoded(ids, lengths)


def _encode_each_once(texts: Sequence[bytes], encode: Callable[[Sequence[bytes]], Encoded]) -> Encoded:
    """The ids of texts, many of which may be the same, such as a line feed."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    encoded = encode([*numbers])
    if len(numbers) == len(texts):
        return encoded
    which = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
    lengths = encoded.lengths[which]
    shift = (np.cumsum(encoded.lengths) - encoded.lengths)[which] - (np.cumsum(lengths) - lengths)
    return Encoded(encoded.ids[np.arange(lengths.sum()) + np.repeat(shift, lengths)], lengths)


def _encode_all(
    texts: Sequence[bytes],
    sizes: NDArray[np.int64],
    encode: Callable[[Sequence[bytes]], Encoded],
    token_sizes: NDArray[np.int32],
) -> Encoded:
    """The ids of texts that may all be joined."""
    stops = np.cumsum(sizes + len(_SEPARATOR))
    cuts = np.searchsorted(stops, np.arange(_JOINED_BYTES, stops[-1:].sum() + _JOINED_BYTES, _JOINED_BYTES))
    places = dict.fromkeys([0, *cuts.tolist(), len(texts)])
    encoded = encode([_SEPARATOR.join([*texts[a:b], b""]) for a, b in itertools.pairwise(places)])
    ends = np.concatenate(([0], np.cumsum(token_sizes[encoded.ids], dtype=np.int64)))
    bounds = np.searchsorted(ends, np.stack([stops - len(_SEPARATOR), stops], axis=1).ravel())
    counts = np.diff(bounds, prepend=0)
    is_text = np.arange(len(counts)) % 2 == 0
    return Encoded(encoded.ids[np.repeat(is_text, counts)], counts[::2])


__all__ = ["are_short", "encode_joined"]
