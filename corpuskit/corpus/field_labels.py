"""The values of a kept field as labels: a number for each document, and what the numbers are called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow

#: How many different values a field of labels may have. A name is kept for each of them.
MAX_LABELS = 4096


def field_labels(column: pyarrow.ChunkedArray, what: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The labels of a column's rows, read one record batch after another.

    Args:
        column: The values: texts, numbers, or true and false.
        what: What the column is called in an error.

    Returns:
        The names in the order of the values, and int32[n], each row's number, -1 where it is null.

    Raises:
        ConfigError: If there are more than `MAX_LABELS` different values.
    """
    numbers: dict[str, int] = {}
    values: list[Any] = []
    codes = np.full(len(column), -1, np.int32)
    at = 0
    for chunk in column.chunks:
        encoded = chunk.dictionary_encode()
        own = np.full(len(encoded.dictionary) + 1, -1, np.int32)  # the last one is that of nulls
        for place, value in enumerate(encoded.dictionary.to_pylist()):
            name = value if isinstance(value, str) else json.dumps(value)
            own[place] = numbers.setdefault(name, len(numbers))
            if len(values) < len(numbers):
                values.append(value)
        if len(numbers) > MAX_LABELS:
            raise ConfigError(
                f"labels: {what} has more than {MAX_LABELS:,} different values, such as {values[-1]!r:.60}; "
                "choose a field with fewer",
                expected=MAX_LABELS,
            )
        codes[at : at + len(chunk)] = own[np.asarray(encoded.indices.fill_null(len(own) - 1))]
        at += len(chunk)
    names = [*numbers]
    order = sorted(range(len(names)), key=lambda number: (values[number] != values[number], values[number]))
    ranks = np.empty(len(order) + 1, np.int32)
    ranks[order], ranks[-1] = np.arange(len(order)), -1
    return tuple(names[number] for number in order), ranks[codes]


__all__ = ["MAX_LABELS", "field_labels"]
