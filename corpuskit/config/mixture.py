"""What a file of a mixture says of each of its corpora."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pydantic import Field

from corpuskit.config.base import Config
from corpuskit.config.said import TomlFile
from corpuskit.errors import ConfigError

_TABLE = "mixture"


class WeightedConfig(Config):
    """One `[[mixture]]` of a file: the fields of `corpuskit.Weighted`."""

    corpus: str = Field(min_length=1, description="The corpus: its folder or its URL.")
    weight: float = Field(description="Its weight, in any unit.")
    sampler: str | None = Field(None, description="Its sampler; by default that of the batches.")
    max_epochs: float | None = Field(None, description="How often each of its samples may be drawn.")


def mixture_table(path: str | os.PathLike[str]) -> list[WeightedConfig]:
    """The corpora of a mixture's file, in its order.

    Args:
        path: A TOML file with a table `[[mixture]]` for each corpus and nothing else.

    Raises:
        ConfigError: If the file cannot be read, or a value is not allowed.
    """
    said = TomlFile(path, what="mixture").said("", tables=())
    entries = said.pop(_TABLE, None)
    for key in said:
        raise ConfigError(
            f"{said.place(key)}{key} is no part of a mixture; it has [[{_TABLE}]] only", found=key
        )
    if not isinstance(entries, list) or not entries or not all(isinstance(one, Mapping) for one in entries):
        raise ConfigError(f"{said.path}: expected a table [[{_TABLE}]] for each corpus", path=said.path)
    found = []
    for number, entry in enumerate(entries, 1):
        try:
            found.append(WeightedConfig.make(entry))
        except ConfigError as error:
            raise ConfigError(f"{said.path}: [[{_TABLE}]] {number}: {error}", path=said.path) from error
    return found


__all__ = ["WeightedConfig", "mixture_table"]
