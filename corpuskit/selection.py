"""A selection: some documents of one split, chosen by their kept fields or by number."""

from __future__ import annotations

import functools
import hashlib
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError
from corpuskit.ranges import ranges


class Selection:
    """Some documents of one split: what they are does not change, and two of the same are equal.

    `len(selection)` is how many documents there are. Made by `corpuskit.select`.

    Args:
        numbers: The documents' numbers in the split, from 0; any order, each once or more.
        split: The split's fingerprint: the numbers mean nothing elsewhere.
        num_documents: How many documents the split has.
        expression: What they were chosen by; empty where the numbers were given.

    Attributes:
        runs: int64[r, 2], ascending, read-only: the first of each run of neighbours, and how many they are.
        split: The split's fingerprint.
        num_documents: How many documents the split has.
        expression: What they were chosen by; empty where the numbers were given.
        fingerprint: A sha256 over the split and the numbers, however they were chosen.

    Raises:
        ConfigError: If a number is none of a document of the split.
    """

    runs: NDArray[np.int64]
    split: str
    num_documents: int
    expression: str
    fingerprint: str

    def __init__(
        self, numbers: Sequence[int] | NDArray[Any], *, split: str, num_documents: int, expression: str = ""
    ) -> None:
        found = np.unique(_as_numbers(numbers))  # ascending, each once
        if len(found) and not (found[0] >= 0 and found[-1] < num_documents):
            wrong = int(found[0] if found[0] < 0 else found[-1])
            raise ConfigError(
                f"numbers: expected documents of the split, 0 to {num_documents - 1:,}, found {wrong:,}; "
                "choose others",
                expected=num_documents,
                found=wrong,
            )
        starts = np.concatenate(([0], np.flatnonzero(np.diff(found) != 1) + 1))[: len(found)]
        lengths = np.diff(starts, append=len(found))
        self._hold(np.column_stack((found[starts], lengths)), split, num_documents, expression)

    def _hold(self, runs: NDArray[np.int64], split: str, num_documents: int, expression: str) -> None:
        runs.flags.writeable = False
        digest = hashlib.sha256(f"{split}\n".encode())
        digest.update(runs.astype("<i8", copy=False).tobytes())
        self.__dict__.update(  # past `__setattr__`
            runs=runs,
            split=split,
            num_documents=num_documents,
            expression=expression,
            fingerprint=digest.hexdigest(),
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a selection does not change; {name!r} cannot be set")

    @functools.cached_property
    def numbers(self) -> NDArray[np.int64]:
        """int64[D], the documents' numbers, ascending, read-only."""
        numbers = ranges(self.runs[:, 0], self.runs[:, 1])
        numbers.flags.writeable = False
        return numbers

    def __len__(self) -> int:
        return int(self.runs[:, 1].sum())

    def __iter__(self) -> Iterator[int]:
        for first, length in self.runs.tolist():
            yield from range(first, first + length)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, (int, np.integer)):
            return False
        at = int(np.searchsorted(self.runs[:, 0], number, side="right")) - 1
        return at >= 0 and int(number) < int(self.runs[at].sum())

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
        return {
            "expression": self.expression,
            "split": self.split,
            "num_documents": self.num_documents,
            "runs": self.runs.tolist(),
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
        made = cls.__new__(cls)
        try:
            runs = np.array(value["runs"], np.int64).reshape(-1, 2)
            num_documents = operator.index(value["num_documents"])
            # Nothing is made of the runs here: a few may be of any number of documents.
            firsts, lengths = runs.T
            if (firsts < 0).any() or (lengths < 1).any() or (lengths > num_documents - firsts).any():
                raise ValueError("its runs are not of documents of the split")
            if (firsts[1:] <= (firsts + lengths)[:-1]).any():
                raise ValueError("its runs are not apart and ascending")
            made._hold(runs, str(value["split"]), num_documents, str(value["expression"]))
            if made.fingerprint != value["fingerprint"]:
                raise ValueError("its fingerprint is not that of its numbers")
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f"not a selection: {error}; make it again with corpuskit.select") from error
        return made


def _as_numbers(numbers: Any) -> NDArray[np.int64]:
    """Numbers of documents as an array.

    Raises:
        ConfigError: If they are no whole numbers.
    """
    if not isinstance(numbers, Iterable):
        kind = type(numbers).__name__
        raise ConfigError(f"numbers: expected a list of documents' numbers, found {kind}", found=kind)
    try:
        found = np.asarray(numbers if isinstance(numbers, np.ndarray) else [*numbers])
    except ValueError as error:  # lists of several lengths
        raise ConfigError("numbers: expected a list of documents' numbers, found lists in it") from error
    if not found.size:
        return np.empty(0, np.int64)
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        raise ConfigError(
            f"numbers: expected a list of documents' numbers, found {found.dtype} of {found.ndim} "
            "dimensions; for ids, name a text file with an id on each line",
            found=str(found.dtype),
        )
    return found.astype(np.int64)


__all__ = ["Selection"]
