"""One configuration from text to batches, and the file that it is read from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field

from corpuskit.config.base import Config
from corpuskit.config.batches import BatchConfig
from corpuskit.config.prepare import PrepareConfig
from corpuskit.config.said import Said, SaidInFile, TomlFile
from corpuskit.errors import ConfigError

_C = TypeVar("_C", bound="Config")


class RunConfig(Config):
    """One configuration from text to batches: `prepare` and `corpus.batches` each take their part of it.

    ```python
    config = corpuskit.read_config("corpus.toml")
    batches = corpuskit.prepare(config=config).batches(config=config)
    ```
    """

    prepare: PrepareConfig = Field(description="How the corpus is prepared.")
    batches: BatchConfig = Field(
        default_factory=lambda: BatchConfig.make({}), description="How batches are drawn from it."
    )


def part_of(config: Any, model: type[_C]) -> _C:
    """What a `config=` says for one purpose.

    Args:
        config: A configuration of that purpose, or one from text to batches.
        model: The purpose's model.

    Raises:
        ConfigError: If it is something else.
    """
    for found in (config, *(part for _, part in config)) if isinstance(config, RunConfig) else (config,):
        if isinstance(found, model):
            return found
    remedy = "corpuskit.read_config reads one from a file"
    if isinstance(config, Mapping):
        remedy = f"write corpuskit.{model.__name__}(**config)"
    raise ConfigError(
        f"config must be a {model.__name__} or a RunConfig, found {type(config).__name__}; {remedy}",
        expected=model,
        found=config,
    )


def read_config(path: str | os.PathLike[str]) -> RunConfig:
    """Read a configuration from text to batches.

    Args:
        path: A TOML file with the tables `[prepare]` and `[batches]`, the fields of `corpuskit.PrepareConfig`
            and of `corpuskit.BatchConfig`. What only one of them has may also stand above the tables.

    Raises:
        ConfigError: If the file cannot be read, or a value is not allowed.

    Example:
        >>> config = corpuskit.read_config("corpus.toml")
        >>> batches = corpuskit.prepare(config=config).batches(config=config)
    """
    file = TomlFile(path)
    prepare, batches = _said(file, PrepareConfig), _said(file, BatchConfig)
    both = [key for key in prepare.at_top if key in batches.at_top and BatchConfig.has(key)]
    if both:
        raise ConfigError(
            f"{path}: {both[0]} is a field of [prepare] and of [batches]; write it in the one that is meant",
            path=path,
            found=both[0],
        )
    return RunConfig(prepare=PrepareConfig.make(prepare), batches=BatchConfig.make(batches))


def read_toml(path: str | os.PathLike[str], model: type[Config]) -> Said:
    """The values of a configuration file.

    Args:
        path: A TOML file. Values may stand at the top or in a table named after the command, such as
            `[prepare]` or `[batches]`; a table wins. At the top, what only the other command has is its own.
        model: The model that the values are for.

    Raises:
        ConfigError: If the file cannot be read or is not TOML.
    """
    return _said(TomlFile(path), model)


def _said(file: TomlFile, model: type[Config]) -> SaidInFile:
    models: dict[str, type[Config]] = {"prepare": PrepareConfig, "batches": BatchConfig}
    others = [other for other in models.values() if other is not model]

    def is_of_others(key: str) -> bool:
        return not model.has(key) and any(other.has(key) for other in others)

    table = next(name for name, one in models.items() if one is model)
    return file.said(table, tables=[*models], is_of_others=is_of_others)
