"""The options that say which run is meant: what its batches were told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from corpuskit.cli.options import Name, UserPath, option

if TYPE_CHECKING:
    from corpuskit.config import BatchConfig

F = TypeVar("F", bound=Callable[..., Any])

#: The options by their names in Python.
NAMES = ("batch_size", "block_size", "sampler", "seed")

_OPTIONS = (
    option(
        "--batch-size",
        type=int,
        metavar="B",
        group="The run",
        help="Put so many rows into a batch, over all ranks. [default: 64]",
    ),
    option(
        "--block-size",
        "--context-length",
        type=int,
        metavar="T",
        group="The run",
        help="Put so many tokens into a row. [default: 128]",
    ),
    option("--seed", type=int, metavar="N", group="The run", help="Draw by this seed. [default: 0]"),
    option(
        "--sampler",
        metavar="NAME",
        type=Name("sampler"),
        group="The run",
        help="Draw by this sampler; 'corpuskit list samplers' shows them. [default: random]",
    ),
    option(
        "--config",
        metavar="FILE",
        type=UserPath(),
        group="The run",
        help="Take the batches' options from this TOML file; flags win over it. By default there is none.",
    ),
)


def batch_options(function: F) -> F:
    """`--batch-size`, `--block-size`, `--seed`, `--sampler` and `--config`."""
    for one in reversed(_OPTIONS):
        function = one(function)
    return function


def data_argument(function: F) -> F:
    """A prepared corpus, or the file of a mixture."""
    return click.argument("corpus", type=UserPath(), metavar="CORPUS")(function)


def batch_config(config: str | None, flags: dict[str, Any]) -> BatchConfig:
    """What the batches were told, by flags and by the file of --config."""
    from corpuskit.cli.said import as_flags, in_file
    from corpuskit.config import BatchConfig

    values = in_file(config, BatchConfig, flags)
    return BatchConfig.make(values, as_flags(flags))


__all__ = ["NAMES", "batch_config", "batch_options", "data_argument"]
