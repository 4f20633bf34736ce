"""Streams of values beside the ids: one item a token, such as whether a model is to learn it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

#: What a stream's items may be on disk: one byte, whole numbers of two or four, or floats; little-endian.
StreamDtype = Literal["|u1", "<u2", "<u4", "<f4"]

#: Items of a fill that are given at once.
_FILL_ITEMS = 2**20
_MOST = np.finfo(np.float32).max


@dataclasses.dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream of values is.

    Args:
        dtype: The type of an item: `|u1`, `<u2`, `<u4` or `<f4`.
        fill: The item of every token that nothing is said of.
        of: Where batches have an item: at the token's place as an "input" (x), or as a "target" (y).

    Raises:
        ValueError: If the fill is no item of this type.
    """

    dtype: StreamDtype
    fill: int | float  # 1 and not 1.0 where items are whole: manifests are compared as they are written
    of: Literal["input", "target"]

    def __post_init__(self) -> None:
        kind = np.dtype(self.dtype)
        is_whole = kind.kind == "u"
        least, most = (0, int(np.iinfo(kind).max)) if is_whole else (-float(_MOST), float(_MOST))
        if not least <= self.fill <= most or (is_whole and self.fill != int(self.fill)):
            raise ValueError(f"a fill of {self.fill!r:.40} is no item of {kind.name}")
        object.__setattr__(self, "fill", int(self.fill) if is_whole else float(self.fill))

    @property
    def item_bytes(self) -> int:
        """The size of an item in bytes."""
        return np.dtype(self.dtype).itemsize

    def filled(self, num_items: int) -> Iterator[NDArray[Any]]:
        """So many items of the fill, in pieces that take little memory and are not to be changed."""
        piece = np.full(min(num_items, _FILL_ITEMS), self.fill, self.dtype)
        for at in range(0, num_items, _FILL_ITEMS):
            yield piece[: num_items - at]

    def words(self) -> str:
        """The same in words, for messages."""
        return f"{np.dtype(self.dtype).name} with fill {self.fill:g} for each {self.of}"


#: What a stream may be called, as a regular expression: its name is a part of names of files.
STREAM_NAME: Final = r"[a-z][a-z0-9_]{0,31}"
#: The name of the stream that says whether a token is a target to be learned: 1, or 0 where it is not.
LOSS: Final = "loss"
LOSS_INFO: Final = StreamInfo("|u1", 1, "target")

__all__ = ["LOSS", "LOSS_INFO", "STREAM_NAME", "StreamDtype", "StreamInfo"]
