"""A selection: some documents of one split, chosen by their kept fields or by number."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError


class Selection:
    """Some documents of one split: what they are does not change, and two of the same are equal.

    `len(selection)` is how many documents there are. Made by `corpuskit.select`.

    Args:
        numbers: The documents' numbers in the split, from 0; any order, each once or more.
        split: The split's fingerprint: the numbers mean nothing elsewhere.
        num_documents: How many documents the split has.
        expression: What they were chosen by; empty where the numbers were given.

    Attributes:
        numbers: int64[D], ascending, read-only.
        split: The split's fingerprint.
        num_documents: How many documents the split has.
        expression: What they were chosen by; empty where the numbers were given.
        fingerprint: A sha256 over the split and the numbers, however they were chosen.

    Raises:
        ConfigError: If a number is none of a document of the split.
    """

    __slots__ = ("_fingerprint", "expression", "num_documents", "numbers", "split")

    numbers: NDArray[np.int64]
    split: str
    num_documents: int
    expression: str

    def __init__(
        self, numbers: Sequence[int] | NDArray[Any], *, split: str, num_documents: int, expression: str = ""
    ) -> None:
        found = np.unique(_as_numbers(numbers))  # a copy, ascending, each once
        if len(found) and not (found[0] >= 0 and found[-1] < num_documents):
            wrong = int(found[0] if found[0] < 0 else found[-1])
            raise ConfigError(
                f"numbers: expected documents of the split, 0 to {num_documents - 1:,}, found {wrong:,}; "
                "choose others",
                expected=num_documents,
                found=wrong,
            )
        found.flags.writeable = False
        digest = hashlib.sha256(f"{split}\n".encode())
        digest.update(found.astype("<i8", copy=False).tobytes())
        values = (digest.hexdigest(), expression, num_documents, found, split)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a selection does not change; {name!r} cannot be set")

    @property
    def fingerprint(self) -> str:
        """A sha256 over the split and the numbers, however they were chosen."""
        found: str = self._fingerprint  # type: ignore[attr-defined]
        return found

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers.tolist())

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, (int, np.integer)):
            return False
        at = int(np.searchsorted(self.numbers, number))
        return at < len(self.numbers) and int(self.numbers[at]) == number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        chosen = f" where {self.expression}" if self.expression else ""
        return f"<Selection: {len(self):,} of {self.num_documents:,} documents{chosen}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Selection.from_json, (self.to_json(),)

    def to_json(self) -> dict[str, Any]:
        """The selection as a JSON value, which `from_json` takes: runs of neighbours, first and length."""
        edges = np.flatnonzero(np.diff(self.numbers) != 1) + 1
        starts = np.concatenate(([0], edges)) if len(self) else np.empty(0, np.int64)
        lengths = np.diff(np.append(starts, len(self)))
        firsts = self.numbers[starts.astype(np.int64)]
        return {
            "expression": self.expression,
            "split": self.split,
            "num_documents": self.num_documents,
            "runs": np.column_stack([firsts, lengths]).tolist(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Selection:
        """The selection that `to_json` gave.

        Args:
            value: The JSON value.

        Raises:
            ConfigError: If it is none, or was changed.
        """
        try:
            runs = np.asarray(value["runs"], np.int64).reshape(-1, 2)
            if len(runs) and (runs[:, 1].min() < 1 or runs[:, 1].sum() > value["num_documents"]):
                raise ValueError("its runs are longer than the split")
            numbers = np.repeat(runs[:, 0] - np.cumsum(runs[:, 1]) + runs[:, 1], runs[:, 1])
            numbers += np.arange(len(numbers))
            made = cls(
                numbers,
                split=str(value["split"]),
                num_documents=operator.index(value["num_documents"]),
                expression=str(value["expression"]),
            )
            if made.fingerprint != value["fingerprint"]:
                raise ValueError("its fingerprint is not that of its numbers")
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"not a selection: {error}; make it again with corpuskit.select") from error
        return made


def _as_numbers(numbers: Any) -> NDArray[np.int64]:
    """Numbers of documents as an array.

    Raises:
        ConfigError: If they are no whole numbers.
    """
    found = np.asarray(numbers if isinstance(numbers, np.ndarray) else [*numbers])
    if not found.size:
        return np.empty(0, np.int64)
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        raise ConfigError(
            f"numbers: expected a list of documents' numbers, found {found.dtype} of {found.ndim} dimensions",
            found=str(found.dtype),
        )
    return found.astype(np.int64)


__all__ = ["Selection"]
