"""The options of exports: what a user may ask a format for."""

from __future__ import annotations

import dataclasses
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.units import parse_count

#: Options that change how files come to be, and none of their bytes.
_HOW = frozenset({"link"})


@dataclasses.dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a user asked of an export. A format takes some of them (`Format.options_taken`).

    Args:
        shard_tokens: The most tokens in a file; None is the format's own number.
        block_size: Tokens in a row, for the formats whose files are made for rows of one length.
        end_of_text_first: Whether the end-of-text id is in front of each document rather than behind it.
        bos_index: Whether each file has another beside it that says where documents begin.
        text: Whether the documents' text is written rather than their ids.
        meta: Whether the file that describes the vocabulary is written too.
        link: Whether a file that would be a copy of a shard may be a hard link to it. The bytes are the same.

    Raises:
        ConfigError: If a number is below 1.

    Example:
        ```python
        ExportOptions(shard_tokens=100_000_000)
        ```
    """

    shard_tokens: int | None = None
    block_size: int | None = None
    end_of_text_first: bool = False
    bos_index: bool = False
    text: bool = False
    meta: bool = False
    link: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that are none."""
        for name in ("shard_tokens", "block_size"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ConfigError(
                    f"{flag(name)}: expected a whole number of at least 1, found {value!r}", found=value
                )

    def asked(self) -> dict[str, int | bool]:
        """The options that differ from their defaults, by name."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }

    def recorded(self) -> dict[str, int | bool]:
        """Those of them that decide what an export has; what `export.json` says of them."""
        return {name: value for name, value in self.asked().items() if name not in _HOW}


def export_options(*, shard_tokens: int | str | None = None, **others: Any) -> ExportOptions:
    """Options as users write them, where 100M is a number.

    Args:
        shard_tokens: See `ExportOptions`; text may have a unit, such as "100M".
        others: The other options.

    Raises:
        ConfigError: If a number is none.
    """
    if isinstance(shard_tokens, str):
        try:
            shard_tokens = parse_count(shard_tokens)
        except ValueError as error:
            raise ConfigError(
                f"{flag('shard_tokens')}: expected {error}, found {shard_tokens!r}", found=shard_tokens
            ) from error
    return ExportOptions(shard_tokens=shard_tokens, **others)


def flag(name: str) -> str:
    """How an option is written on the command line."""
    return f"--{name.replace('_', '-')}"


__all__ = ["ExportOptions", "export_options", "flag"]
