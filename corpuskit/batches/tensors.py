"""NumPy arrays as torch tensors, on the device that was asked for. Importing this imports torch."""

from __future__ import annotations

from typing import Any

import torch

from corpuskit.errors import ConfigError


def from_arrays(arrays: tuple[Any, ...], device: str | None) -> tuple[torch.Tensor, ...]:
    """Tensors that share the arrays' memory, or copies of them on another device."""
    tensors = tuple(torch.from_numpy(array) for array in arrays)
    if device is None or device == "cpu":
        return tensors
    where = open_device(device)
    return tuple(tensor.to(where) for tensor in tensors)


def open_device(name: str) -> torch.device:
    """The device of a name.

    Raises:
        ConfigError: If torch does not know it, or it is not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device = {name!r}: {str(error).splitlines()[0]}", found=name) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device = {name!r}: this machine has no CUDA device that torch can use", found=name
        )
    return device
