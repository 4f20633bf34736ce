"""Seeds and deterministic algorithms for what runs around corpuskit.

corpuskit itself needs neither: a prepared corpus and a batch depend on no global generator. A training
script does: its initial weights, its dropout, its own shuffling.
"""

from __future__ import annotations

import os
import random
from types import TracebackType
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.numbers import as_whole

#: NumPy's legacy generator takes 32 bits, and it is the narrowest of those that are seeded.
_MAX_SEED = 2**32 - 1

_CUBLAS_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


def seed_all(seed: int, *, deterministic: bool = False) -> int:
    """Seed the global generators of Python, NumPy and torch, on the CPU and on every CUDA device.

    The same program with the same seed then draws the same numbers on the same machine. What this cannot
    promise:

    - the order of a set of strings: that is PYTHONHASHSEED, read when Python starts;
    - generators that are made separately (`np.random.default_rng()`, `torch.Generator()`), and processes
      that are started later: a DataLoader's workers need its `worker_init_fn` or `generator`;
    - the same numbers with another version of Python, NumPy or torch, or on another kind of device;
    - the same results: sums on a GPU may be taken in another order each time, see `deterministic`.

    Args:
        seed: From 0 to 2**32 - 1.
        deterministic: Also switch deterministic algorithms on, as `deterministic()` does.

    Returns:
        The seed.

    Raises:
        ConfigError: If the seed is not an integer in that range.
    """
    number = as_whole(seed)
    if number is None or not 0 <= number <= _MAX_SEED:
        raise ConfigError(f"seed {seed!r}: expected an integer from 0 to {_MAX_SEED}", found=seed)
    seed = number
    if deterministic:
        _set_deterministic(True)
    random.seed(seed)
    import numpy as np

    np.random.seed(seed)
    torch = _torch()
    if torch is not None:
        torch.manual_seed(seed)  # CUDA devices too, at once or when CUDA starts
    return seed


class deterministic:
    """Make torch choose deterministic algorithms, from now on or for the body of a `with` statement.

    ```python
    corpuskit.deterministic()            # from now on
    corpuskit.deterministic(False)       # and back
    with corpuskit.deterministic():      # here only
        train()
    ```

    Switches torch.use_deterministic_algorithms on, cuDNN's search for the fastest algorithm off, and gives
    cuBLAS the fixed workspace that it needs (CUBLAS_WORKSPACE_CONFIG=:4096:8, unless it is set). What this
    cannot promise:

    - an operation that has no deterministic version raises RuntimeError when it runs;
    - cuBLAS reads its variable when CUDA starts: call this before anything uses the GPU;
    - kernels that are not torch's own (custom extensions, some fused attention) are not checked;
    - another GPU model, another number of GPUs, another version of torch, CUDA or cuDNN gives other bits;
    - it is slower, sometimes much.

    Leaving a `with` statement restores torch's settings; CUBLAS_WORKSPACE_CONFIG stays set, because CUDA
    may have read it.

    Args:
        enabled: False switches it off.

    Raises:
        ConfigError: If CUBLAS_WORKSPACE_CONFIG is set to a value that is not deterministic.
    """

    def __init__(self, enabled: bool = True) -> None:
        self._before = _set_deterministic(enabled)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch = _torch()
        if self._before is not None and torch is not None:
            _apply(torch, *self._before)


def _set_deterministic(enabled: bool) -> tuple[bool, bool, bool, bool] | None:
    """Change torch's settings and return those before; None without torch."""
    if enabled:
        workspace = os.environ.setdefault(_CUBLAS_WORKSPACE, ":4096:8")
        if workspace not in (":4096:8", ":16:8"):
            raise ConfigError(
                f"{_CUBLAS_WORKSPACE}={workspace} is not deterministic; unset it, or use :4096:8 or :16:8",
                expected=":4096:8",
                found=workspace,
            )
    torch = _torch()
    if torch is None:
        return None
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    )
    _apply(torch, enabled, False, enabled, False if enabled else before[3])
    return before


def _apply(torch: Any, enabled: bool, warn_only: bool, cudnn: bool, benchmark: bool) -> None:
    torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
    torch.backends.cudnn.deterministic = cudnn
    torch.backends.cudnn.benchmark = benchmark


def _torch() -> Any:
    """Torch, or None where it is not installed: everything else is still seeded."""
    try:
        import torch
    except ImportError:
        return None
    return torch


__all__ = ["deterministic", "seed_all"]
