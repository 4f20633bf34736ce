"""The losses of a batch's tokens, as a trainer saves them."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError
from corpuskit.paths import user_path

#: Shares of a batch's tokens whose losses are smaller than those of each level, from 1 up.
LEVELS = (0.8, 0.95, 0.99)


def read_losses(path: str | os.PathLike[str], shape: tuple[int, int]) -> NDArray[np.float32]:
    """The losses of a batch's tokens.

    Args:
        path: A .npy file of floats, whose [b, t] is the loss of the target y[b, t].
        shape: (B, T), the batch's.

    Returns:
        float32 (B, T).

    Raises:
        ConfigError: If the file cannot be read, is something else, has another shape, or holds a NaN or an
            infinity.
    """
    where = user_path(path, what="--losses")
    try:
        found = np.lib.format.open_memmap(where, mode="r")  # which knows no objects
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or 'not a file'}") from error
    except ValueError as error:  # of another format, cut off, or of Python's objects, which are never made
        raise _refused(path, "not a whole .npy file of numbers; save it with numpy.save") from error
    if found.dtype.kind != "f":
        raise _refused(path, f"numbers of type {found.dtype}; expected floats, a loss for each token")
    if found.shape != shape:
        raise ConfigError(
            f"--losses {path}: shape {found.shape}, the batch has {shape}: a loss for each of its tokens",
            expected=shape,
            found=found.shape,
        )
    losses = np.asarray(found, np.float32)
    wrong = np.argwhere(~np.isfinite(losses))
    if len(wrong):
        row, token = wrong[0].tolist()
        value = losses[row, token]
        raise _refused(path, f"{len(wrong):,} are no numbers, the first {value} in row {row}, token {token}")
    return losses


def _refused(path: str | os.PathLike[str], why: str) -> ConfigError:
    return ConfigError(f"--losses {os.fspath(path)}: {why}", path=path)


def levels_of(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is more than most: the losses above which a token has level 1, 2 and 3, float32[3].

    Args:
        losses: float32[n], those of the batch's targets, at least one.
    """
    return np.quantile(losses, LEVELS).astype(np.float32)


__all__ = ["LEVELS", "levels_of", "read_losses"]
