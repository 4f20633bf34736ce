"""A split as a table of text: what the documents' ids stand for, without their end-of-text ids."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints, Tokens
from corpuskit.corpus.fields import import_pyarrow
from corpuskit.errors import ConfigError
from corpuskit.formats.rows import Rows

if TYPE_CHECKING:
    import pyarrow

#: What nanochat calls it.
TEXT = "text"
#: Arrow's strings count to this.
_MAX_BYTES = 2**31 - 1


class TextRows(Rows):
    """The documents of a split as text, in record batches of 1,024 rows at most."""

    max_rows: ClassVar[int | None] = 1024
    has_mask = False

    def own_fields(self) -> list[pyarrow.Field]:
        """The text."""
        pa = import_pyarrow("exporting text")
        return [pa.field(TEXT, pa.string())]

    def columns(self, bounds: Ints, ids: Tokens, mask: NDArray[Any] | None) -> list[pyarrow.Array]:
        """The text of some documents; a character that is cut in half reads as U+FFFD."""
        pa = import_pyarrow("exporting text")
        stops = bounds[1:].copy()
        ended = stops > bounds[:-1]
        tokenizer = self.export.corpus.tokenizer
        if tokenizer.eot_id is not None:
            ended[ended] = ids[stops[ended] - 1] == tokenizer.eot_id
        else:
            ended[:] = False
        if self._vocabulary is not None:
            taken = ids.astype(np.uint32)
            taken[stops[ended] - 1] = len(self._vocabulary) - 1
            return [self._joined(bounds, taken)]
        stops -= ended
        pairs = zip(bounds[:-1].tolist(), stops.tolist(), strict=True)
        return [pa.array([tokenizer.decode(ids[start:stop]) for start, stop in pairs], pa.string())]

    @cached_property
    def _vocabulary(self) -> pyarrow.Array | None:
        """The bytes of each id, and nothing for one more, where they do not depend on other ids."""
        pa = import_pyarrow("exporting text")
        known = self.export.corpus.tokenizer.token_bytes()
        return None if known is None else pa.array([*known, b""], pa.large_binary())

    def _joined(self, bounds: Ints, ids: NDArray[np.uint32]) -> pyarrow.Array:
        """The text of all documents at once; one by one only where a character is cut in half.

        Raises:
            ConfigError: If there is more of it than a column holds.
        """
        pa = import_pyarrow("exporting text")
        assert self._vocabulary is not None
        pieces = self._vocabulary.take(pa.array(ids))
        _, offsets, data = pieces.buffers()
        places = np.frombuffer(offsets, np.int64, len(ids) + 1)[bounds]
        if places[-1] > _MAX_BYTES:
            raise ConfigError(
                f"{self.export.corpus.path}: a document of split {self.split!r} has {places[-1]:,} bytes of "
                f"text, and a row holds {_MAX_BYTES:,}; prepare it with a --separator",
                found=int(places[-1]),
            )
        text = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(places.astype(np.int32)), data)
        try:
            text.validate(full=True)
        except pa.ArrowInvalid:
            whole, pairs = memoryview(data), itertools.pairwise(places.tolist())
            texts = [str(whole[start:stop], "utf-8", "replace") for start, stop in pairs]
            return pa.array(texts, pa.string())
        return text


__all__ = ["TEXT", "TextRows"]
