"""Ids as int64, with -100 for the targets that are not to be learned.

In the ids' own narrow type and without a branch: 20 us for 64 x 1,024 uint16, whatever the mask is like.
Writing into int64 takes 25 to 500 us, the most where 1 and 0 alternate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.batches.segments import IGNORED

#: How many ids have room for the sums, by the bytes of an id.
_ROOM = {2: 2**16 + IGNORED, 4: 2**32 + IGNORED}
#: What has room for the largest ids of a type and a little more.
_WIDER: dict[int, Any] = {2: np.uint32, 4: np.int64}


def hide(ids: Tokens, learned: NDArray[np.uint8], num_ids: int | None = None) -> NDArray[Any]:
    """Ids plus 100, and 0 instead of those that are not to be learned: `show` gives what is meant.

    Args:
        ids: Of any shape; written over where their type has room for the sums.
        learned: Of the same shape: 1 for each id that is to be learned as a target, else 0.
        num_ids: What all ids are below; where that is not known, they are looked through.
    """
    biased: NDArray[Any] = ids
    if not ids.size:
        return ids
    if (int(ids.max()) + 1 if num_ids is None else num_ids) > _ROOM[ids.itemsize]:
        biased = ids.astype(_WIDER[ids.itemsize])
    biased += biased.dtype.type(-IGNORED)
    biased *= learned.astype(biased.dtype)
    return biased


def show(hidden: NDArray[Any]) -> Ints:
    """What was hidden as contiguous int64: ids, and -100.

    Example:
        >>> show(hide(np.array([7, 8], np.uint16), np.array([1, 0], np.uint8))).tolist()
        [7, -100]
    """
    y = hidden.astype(np.int64, order="C")
    y += IGNORED
    return y
