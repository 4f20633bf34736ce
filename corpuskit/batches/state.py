"""What a run must remember to go on, and the checks that it goes on in the right place."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ResumeError

#: Of the form of the state, which is JSON.
VERSION = 1

#: Samples are counted up to here: their numbers, and what samplers make of them, fit into 64 bits.
MAX_SAMPLE = 2**62

#: How many of the samples before the cut the state's digest covers at least.
CHECKED_SAMPLES = 16


def digest(*arrays: NDArray[np.int64]) -> str:
    """A short fingerprint of the rows that some samples gave."""
    found = hashlib.blake2b(digest_size=8, person=b"corpuskit")
    for array in arrays:
        found.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return found.hexdigest()


def checked_samples(sample: int, drawn: Callable[[int], Sequence[int]]) -> NDArray[np.int64]:
    """int64[n]: the last samples before the cut, whose rows the digest covers, and the last of each corpus.

    Where a corpus goes on follows from how many samples it has given, which its last one tells.

    Args:
        sample: The cut.
        drawn: Gives how many of the first samples each corpus has given.
    """
    first = max(0, sample - CHECKED_SAMPLES)
    earlier = [
        bisect.bisect_left(range(first), count, key=lambda at: drawn(at + 1)[part])
        for part, (count, before) in enumerate(zip(drawn(sample), drawn(first), strict=True))
        if count == before > 0
    ]
    return np.array([*sorted(earlier), *range(first, sample)], np.int64)


def check(state: Mapping[str, Any], expected: Mapping[str, Any], *, free: Collection[str] = ()) -> int:
    """The sample count of a state that belongs to `expected`.

    Args:
        state: What `state_dict` gave.
        expected: The fields that it must have besides its own, with their values here.
        free: Those of them that may have another value of the same type.

    Raises:
        ResumeError: If the state is not one, is newer, or differs in a field; the message says in which.
    """
    _check_version(state)
    _check_fields(state, {**_OWN, **expected})
    for field, value in expected.items():
        if field not in free and state[field] != value:
            there, here = _differing(state[field], value)
            raise ResumeError(
                f"the state was saved with {field} {short(there)}, these batches have "
                f"{short(here)}; make the batches as they were when it was saved",
                expected=value,
                found=state[field],
            )
    for field in ("batch_size", "block_size"):
        if isinstance(size := state.get(field, 1), int) and not 1 <= size <= MAX_SAMPLE:
            raise _damaged(field, state[field], "1 or more")
    return check_sample(state["sample"])


def check_schedule(state: Any, here: Mapping[str, Any]) -> bool:
    """Whether the run has a schedule of sizes, which must then be the state's.

    Args:
        state: What `state_dict` gave.
        here: `batch_size` and `block_size` here: a number, or [first step, number] of each stretch.

    Raises:
        ResumeError: If the state has another schedule, or only one of both has any.
    """
    saved = {name: state.get(name) if isinstance(state, Mapping) else None for name in here}
    if not any(isinstance(size, list) for size in (*here.values(), *saved.values())):
        return False
    for name, size in here.items():
        if saved[name] != size and isinstance(saved[name], int | list):
            raise ResumeError(
                f"the state was saved with {name} {short(saved[name])}, these batches have {short(size)}; a "
                "schedule must be the saved one: make the batches as they were, or seek a step",
                expected=size,
                found=saved[name],
            )
    return any(isinstance(size, list) for size in here.values())


def _differing(there: Any, here: Any) -> tuple[Any, Any]:
    """Two values; of two objects, what differs."""
    if not (isinstance(there, Mapping) and isinstance(here, Mapping)):
        return there, here
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    there, here = ({name: one[name] for name in names if name in one} for one in (there, here))
    return there, here


def check_sample(sample: Any, field: str = "sample") -> int:
    """A count of samples that a field of a state says.

    Raises:
        ResumeError: If it is not one.
    """
    if type(sample) is not int or not 0 <= sample <= MAX_SAMPLE:
        raise _damaged(field, sample, f"a count of samples up to {MAX_SAMPLE:,}")
    return sample


#: Fields that every state has, with values of their types.
_OWN: dict[str, Any] = {"version": VERSION, "sample": 0, "batch_size": 1, "last_rows": ""}


def _check_version(state: Any) -> None:
    version = state.get("version") if isinstance(state, Mapping) else None
    if type(version) is not int:
        raise ResumeError("not a state of corpuskit batches: it has no version number")
    if version > VERSION:
        raise ResumeError(
            f"state version {short(version)} is newer than {VERSION}; upgrade corpuskit",
            expected=VERSION,
            found=version,
        )
    if version < VERSION:
        raise _damaged("version", version, VERSION)


def _check_fields(state: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Every field is there with a value of its type, and no other one is."""
    for field, value in expected.items():
        if field not in state:
            raise ResumeError(f"damaged state: it has no {field!r}", expected=field)
        if type(state[field]) is not type(value):
            raise _damaged(field, state[field], type(value).__name__)
    for field in state:
        if field not in expected:
            raise ResumeError(
                f"damaged state: no state of these batches has a field {short(field)}", found=field
            )


def _damaged(field: str, found: Any, expected: Any) -> ResumeError:
    return ResumeError(
        f"damaged state: {field} is {short(found)}, expected {expected}", expected=expected, found=found
    )


def check_order(state: Mapping[str, Any], found: str) -> None:
    """Compare the digest of the last samples before the cut with the one that was saved.

    Raises:
        ResumeError: If this sampler's order is another one, so that the next batch would be a wrong one.
    """
    if state["last_rows"] != found:
        raise ResumeError(
            f"the samples before sample {state['sample']:,} are not those of the saved run: this version of "
            f"the sampler {state['sampler']!r} gives another order (expected {short(state['last_rows'])}, "
            f"found {found!r}); go on with the version of corpuskit and plugins that saved it",
            expected=state["last_rows"],
            found=found,
        )


def short(value: Any) -> str:
    """A value as an error may show it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists without end
        return f"an absurd {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:24]}..."


def converted(sample: int, old_epoch: int | None, new_epoch: int | None) -> int:
    """The same place, to a whole sample, in epochs of another number of samples."""
    if old_epoch is None or new_epoch is None or old_epoch == new_epoch:
        return sample
    epoch, position = divmod(sample, old_epoch)
    return epoch * new_epoch + position * new_epoch // old_epoch
