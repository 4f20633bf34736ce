"""Many short texts as one: calling an engine for each of them takes longer than what it does.

Texts are joined where `boundaries` shows that no ids change, with a separator behind each, and cut out again
where it does not. Their ids are told apart by the separators', or by the bytes that ids stand for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from corpuskit.tokenizers.base import Encoded, with_eot
from corpuskit.tokenizers.boundaries import may_be_joined

#: Of longer texts the ids are what takes the time.
_SHORT_BYTES = 512
#: Fewer texts are not worth it.
_MANY = 64
#: Where no larger share of them may be joined, each is encoded alone.
_TOO_FEW = 0.5
#: About how long joined texts are: a code point that is encoded slowly concerns one of them only.
_JOINED_BYTES = 1 << 16
#: Between two texts: a safe place is before it, and another one behind.
_SEPARATOR = b" x\n"


def are_short(sizes: NDArray[np.int64]) -> bool:
    """Whether texts are many and short.

    Args:
        sizes: int64[D], their bytes.
    """
    return len(sizes) >= _MANY and int(sizes.sum()) <= _SHORT_BYTES * len(sizes)


def encode_joined(
    texts: Sequence[bytes],
    sizes: NDArray[np.int64],
    encode: Callable[[Sequence[bytes]], Encoded],
    token_sizes: NDArray[np.int32] | None,
    eot_id: int | None = None,
) -> Encoded:
    """The ids of texts: all are joined, and those that may not be are cut out again.

    Args:
        texts: D texts in UTF-8.
        sizes: int64[D], their bytes.
        encode: Gives the ids of texts, by one of the patterns of `boundaries`.
        token_sizes: int32[V], the bytes of each token; a text's tokens have as many as the text.
            None where they depend on the ids around it: none are joined then.
        eot_id: The id that follows each text, and counts in its length; None if none does. It takes the place
            of a separator's last.

    Raises:
        TokenizerError: As `encode` does, without saying which text is at fault.
    """
    joined = _SEPARATOR.join([*texts, b""])
    stops = np.cumsum(sizes + len(_SEPARATOR))
    text_stops = stops - len(_SEPARATOR)
    joins = may_be_joined(joined, text_stops - sizes, text_stops) & (sizes <= 4 * _SHORT_BYTES)
    if token_sizes is None or np.count_nonzero(joins) <= _TOO_FEW * len(texts):
        encoded = encode(texts)
        return encoded if eot_id is None else with_eot(encoded, len(texts), eot_id)
    alone = text_stops[~joins]
    large = np.searchsorted(stops, np.arange(_JOINED_BYTES, len(joined), _JOINED_BYTES))
    cuts = np.unique(np.concatenate(([0], alone - sizes[~joins], alone, stops[large], stops[-1:]))).tolist()
    ids = encode([joined[a:b] for a, b in itertools.pairwise(cuts)]).ids
    ends, num_separating = _separators(ids, stops, token_sizes)
    if eot_id is not None:
        num_separating -= 1
        ids[ends - 1] = eot_id
        ends -= 1
    dropped = [ends - back for back in range(1, num_separating + 1)]
    lengths = np.diff(ends, prepend=-int(eot_id is not None)) - num_separating
    return Encoded(np.delete(ids, np.concatenate(dropped)) if dropped else ids, lengths)


def _separators(
    ids: NDArray[np.uint32], stops: NDArray[np.int64], token_sizes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], int]:
    """Where the ids of each separator end, and how many a separator has.

    It has the same ids wherever it is, among them after the last text. If they are found as often as there
    are texts, each place is one of a separator. Else a text has them, too, and bytes are counted.

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
        return found + 1, count
    return np.searchsorted(np.cumsum(token_sizes[ids], dtype=np.int64), stops, side="right"), count


__all__ = ["are_short", "encode_joined"]
