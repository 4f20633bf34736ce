"""Which of several training processes this one is."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError
from corpuskit.numbers import whole

if TYPE_CHECKING:
    import torch

#: Asks for what the process group says, or else the environment.
AUTO = "auto"

_VARIABLES = ("RANK", "WORLD_SIZE")


def ranks_of(rank: Any, world_size: Any) -> tuple[int, int]:
    """This process's number among how many, as the options say it.

    "auto" is that of torch.distributed's process group where one is initialized, else what torchrun has put
    into the environment, else 0 of 1.

    Args:
        rank: A number, "auto", or None, which is 0.
        world_size: A number, "auto", or None, which is 1.

    Raises:
        ConfigError: If it is something else, or the environment says what cannot be.
    """
    found = process_group() or _environment() or (0, 1) if AUTO in (rank, world_size) else (0, 1)
    return _number("rank", rank, found[0], default=0), _number("world_size", world_size, found[1], default=1)


def _number(name: str, said: Any, found: int, *, default: int) -> int:
    """What an option of ranks means; its default is also the least that it can be."""
    if isinstance(said, str):
        if said == AUTO:
            return found
        raise ConfigError(
            f"{name} = {said!r:.80}: must be a whole number, {default} or more, or 'auto'", found=said
        )
    return default if said is None else whole(name, said, least=default)


def process_group() -> tuple[int, int] | None:
    """The rank and the size of torch.distributed's process group; None where none is initialized."""
    distributed = sys.modules.get("torch.distributed")  # who has a group has imported it
    if distributed is None or not (distributed.is_available() and distributed.is_initialized()):
        return None
    return distributed.get_rank(), distributed.get_world_size()


def sum_over_ranks(values: NDArray[np.float64], group: Any = None) -> torch.Tensor:
    """The sum of what the ranks of a process group have, on each of them; all of them have to call it.

    Args:
        values: This rank's numbers, of the same shape on all.
        group: The process group; by default all ranks.
    """
    import torch
    import torch.distributed as dist

    sums = torch.from_numpy(values).to("cuda" if dist.get_backend(group) == "nccl" else "cpu")
    dist.all_reduce(sums, group=group)
    return sums


def warn_if_nothing_is_shared() -> None:
    """Say, once for all ranks, that each of several will read every row because nobody said which it is."""
    rank, world_size = process_group() or (0, 1)
    if world_size > 1 and rank == 0:
        warnings.warn(
            f"each of the {world_size} ranks of the process group reads every row of a batch: say "
            "rank='auto', world_size='auto' to share each batch, or rank=0, world_size=1 if that is meant",
            stacklevel=3,
        )


def _environment() -> tuple[int, int] | None:
    """What RANK and WORLD_SIZE say; None if neither is set.

    Raises:
        ConfigError: If one is not set, or is no number.
    """
    said = [os.environ.get(name, "") for name in _VARIABLES]
    if not any(said):
        return None
    if not all(one.isascii() and one.isdigit() for one in said):
        values = " and ".join(f"{name}={value!r:.20}" for name, value in zip(_VARIABLES, said, strict=True))
        raise ConfigError(
            f"rank = 'auto': the environment has {values}; set both to whole numbers, as torchrun does, or "
            "say rank and world_size",
            found=said,
        )
    return int(said[0]), int(said[1])
