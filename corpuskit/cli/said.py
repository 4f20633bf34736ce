"""Options with how they were said on the command line: as flags, and in the file of --config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.help import SAID

if TYPE_CHECKING:
    from corpuskit.config import Config
    from corpuskit.config.said import Said


def in_file(path: str | None, model: type[Config], flags: Mapping[str, Any]) -> Said:
    """What the file of --config says; nothing, if there is none.

    Errors about a value of it that come later name its line, unless a flag wins over it.
    """
    from corpuskit.config import read_toml
    from corpuskit.config.said import Said

    if path is None:
        return Said()
    values = read_toml(path, model)
    context = click.get_current_context()
    context.meta[SAID] = values.without(
        key for key in values if flags.get(model._field_name(key)) is not None
    )
    return values


def as_flags(values: Mapping[str, Any]) -> Said:
    """Values as they were typed."""
    from corpuskit.cli.failures import typed
    from corpuskit.config.said import Said

    context = click.get_current_context()
    params = {param.name: param for param in context.command.params}
    args = context.find_root().obj or ()

    class _Flags(Said):
        def said(self, key: str, value: Any) -> str:
            param = params.get(key.partition(".")[0])
            flag = key if param is None else typed(param, args)
            return f"{flag} {value!r:.100}" if isinstance(value, str) else f"{flag} {value}"

    return _Flags(values)


__all__ = ["as_flags", "in_file"]
