"""What a run must remember to go on, and the checks that it goes on in the right place."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ResumeError

#: Of the form of the state, which is JSON.
VERSION = 1

#: How many of the samples before the cut the state's digest covers.
CHECKED_SAMPLES = 16


def digest(*arrays: NDArray[np.int64]) -> str:
    """A short fingerprint of the rows that some samples gave."""
    found = hashlib.blake2b(digest_size=8, person=b"corpuskit")
    for array in arrays:
        found.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return found.hexdigest()


def checked_samples(sample: int) -> NDArray[np.int64]:
    """int64[n]: the last samples before the cut, whose rows the digest covers."""
    return np.arange(max(0, sample - CHECKED_SAMPLES), sample, dtype=np.int64)


def check(state: Mapping[str, Any], expected: Mapping[str, Any], *, free: Collection[str] = ()) -> int:
    """The sample count of a state that belongs to `expected`.

    Args:
        state: What `state_dict` gave.
        expected: The fields that it must have, with their values here.
        free: Those of them that may have another value of the same type.

    Raises:
        ResumeError: If the state is not one, is newer, or differs in a field; the message says in which.
    """
    if not isinstance(state, Mapping) or type(state.get("version")) is not int:
        raise ResumeError("not a state of corpuskit batches: it has no version number")
    if state["version"] > VERSION:
        raise ResumeError(
            f"state version {state['version']} is newer than {VERSION}; upgrade corpuskit",
            expected=VERSION,
            found=state["version"],
        )
    for field, value in expected.items():
        if field not in state:
            raise ResumeError(f"damaged state: it has no {field!r}", expected=field)
        if type(state[field]) is not type(value):
            raise ResumeError(f"damaged state: {field} is {state[field]!r}", found=state[field])
        if field not in free and state[field] != value:
            raise ResumeError(
                f"the state was saved with {field} {_short(state[field])}, these batches have "
                f"{_short(value)}; make the batches as they were when it was saved",
                expected=value,
                found=state[field],
            )
    sample = state.get("sample")
    if type(sample) is not int or sample < 0:
        raise ResumeError(f"damaged state: sample is {sample!r}, not a count of samples", found=sample)
    return sample


def check_order(state: Mapping[str, Any], found: str) -> None:
    """Compare the digest of the last samples before the cut with the one that was saved.

    Raises:
        ResumeError: If this sampler's order is another one, so that the next batch would be a wrong one.
    """
    if state.get("last_rows") != found:
        raise ResumeError(
            f"the samples before sample {state['sample']:,} are not those of the saved run: this version of "
            f"the sampler {state['sampler']!r} gives another order (expected {state.get('last_rows')}, found "
            f"{found}); go on with the version of corpuskit and plugins that saved it",
            expected=state.get("last_rows"),
            found=found,
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:24]}...'"
