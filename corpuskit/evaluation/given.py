"""What is handed to sums of losses: numbers of the right kind and shape, from NumPy, torch or lists."""

from __future__ import annotations

import contextlib
import math
import sys
from typing import Any

import numpy as np

from corpuskit.errors import ConfigError

#: What numbers of any kind raise that cannot be had: of text, of ragged lists, of tensors without data.
_REFUSALS = (TypeError, ValueError, OverflowError, RuntimeError)
_ADVICE = "give arrays, tensors or lists of numbers"


def is_tensor(value: Any) -> bool:
    """Whether a value is torch's; torch is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def real_numbers(what: str, value: Any) -> Any:
    """A tensor as it is, anything else as an array; of numbers that a float can be.

    Args:
        what: What it is, for an error.
        value: What was given.

    Raises:
        ConfigError: If it is something else.
    """
    found = _tensor_or_array(what, value)
    if is_tensor(found):
        is_real = not found.is_complex() and _kind(found) != "bool"
    else:
        if found.dtype.kind == "V":  # such as JAX's bfloat16
            with contextlib.suppress(*_REFUSALS):
                found = found.astype(np.float64)
        is_real = found.dtype.kind in "fiu"
    if not is_real:
        raise ConfigError(
            f"{what}: expected numbers, found {_kind(found)}; {_ADVICE}", expected=float, found=_kind(found)
        )
    return found


def whole_numbers(what: str, value: Any) -> Any:
    """The same of whole numbers: targets, or the labels of some. A single number is none.

    Args:
        what: What it is, for an error.
        value: What was given.

    Raises:
        ConfigError: If it is something else.
    """
    found = _tensor_or_array(what, value)
    if is_tensor(found):
        is_whole = not (found.is_floating_point() or found.is_complex() or _kind(found) == "bool")
    else:
        is_whole = found.dtype.kind in "iu" or not found.size
    if not is_whole:
        raise ConfigError(
            f"{what}: expected whole numbers of a batch, found {_kind(found)}; losses come before y",
            expected=int,
            found=_kind(found),
        )
    if not found.ndim:
        raise ConfigError(
            f"{what}: expected one for each place of a batch, found a single number; give all of them",
            found=value,
        )
    return found


def one_number(what: str, value: Any) -> float:
    """One number as a float: Python's, or what holds a single one.

    Args:
        what: What it is, for an error.
        value: What was given.

    Raises:
        ConfigError: If it is something else.
    """
    try:
        item = getattr(value, "item", None)
        number = item() if callable(item) else value
        if not isinstance(number, str | bytes | bytearray | bool):
            return float(number)
    except _REFUSALS:
        pass
    shape = getattr(value, "shape", ())
    of = f" of shape {tuple(shape)}" if shape else ""
    raise ConfigError(
        f"{what}: expected a number, the sum of a batch's losses, found {type(value).__name__}{of}; to give "
        "one loss for each target, call add",
        found=value,
    )


def check_shape(what: str, found: tuple[int, ...], expected: tuple[int, ...], *, advice: str) -> None:
    """Refuse what has not one number for each target, in their order.

    Args:
        what: What has the shape that was found.
        found: Its shape.
        expected: That of the targets.
        advice: What to give.

    Raises:
        ConfigError: Naming both shapes.
    """
    if not _is_same_or_flat(found, expected):
        raise ConfigError(
            f"{what} of shape {found} for targets of shape {expected}: give {advice}",
            expected=expected,
            found=found,
        )


def check_other(mine: Any, other: Any) -> None:
    """Refuse to add to sums what is no such sums, or these themselves, which would count twice.

    Args:
        mine: The sums.
        other: What is added.

    Raises:
        ConfigError: Saying which.
    """
    kind = type(mine).__name__
    if other is mine or not isinstance(other, type(mine)):
        found = "this one itself" if other is mine else type(other).__name__
        raise ConfigError(f"merge: expected another {kind}, found {found}", found=found)


def _tensor_or_array(what: str, value: Any) -> Any:
    if is_tensor(value):
        kind = "no data" if value.is_meta else str(value.layout).removeprefix("torch.")
        if kind != "strided":
            raise ConfigError(f"{what}: expected a dense tensor, found one of {kind}; {_ADVICE}", found=kind)
        return value.detach()
    try:
        return np.asarray(value)
    except _REFUSALS as error:
        kind = type(value).__name__
        raise ConfigError(
            f"{what}: expected rows of one length, found {kind}; {_ADVICE}", found=kind
        ) from error


def _kind(found: Any) -> str:
    """Of what kind the items of a tensor or an array are, in a word."""
    if is_tensor(found):
        return str(found.dtype).removeprefix("torch.")
    return {"U": "text", "S": "bytes", "O": "objects"}.get(found.dtype.kind, str(found.dtype))


def _is_same_or_flat(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether two shapes are of the same places in the same order: a transposed one has as many."""
    if math.prod(found) != math.prod(expected):
        return False
    given, wanted = (tuple(size for size in shape if size != 1) for shape in (found, expected))
    return given == wanted or len(given) <= 1 or len(wanted) <= 1


__all__ = ["check_other", "check_shape", "is_tensor", "one_number", "real_numbers", "whole_numbers"]
