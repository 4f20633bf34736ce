"""What arrays hold, for annotations: one name for each kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: int64: positions in a token stream, sample numbers, counts.
Ints = NDArray[np.int64]

#: uint16 or uint32: token ids.
Tokens = NDArray[np.unsignedinteger[Any]]

#: uint64: words of counters and permutations.
Words = NDArray[np.uint64]
