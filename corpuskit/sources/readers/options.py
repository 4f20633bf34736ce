"""Options of readers as people say them: by name, for whichever reader has an option of that name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from corpuskit import registry
from corpuskit.errors import ConfigError
from corpuskit.near import near
from corpuskit.registry.registry import Registry
from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.readers.base import Reader
from corpuskit.units import parse_size

_BOOLEANS = {"true": True, "false": False}


def parse(said: Mapping[str, Any], *, format: str | None = None) -> dict[str, Any]:
    """The values of reader options, text turned into what each option holds.

    A whole number may have a unit (`512M` is 512 * 2**20), and a switch is `true` or `false`. Values that are
    no text stay as they are: the reader checks them.

    Args:
        said: Values by the option's name.
        format: The reader that is asked for; None for any.

    Raises:
        ConfigError: If no reader has an option of that name, or the text is no value of it.
    """
    if not said:
        return {}
    known = options_of_readers(format)
    return {name: _value(name, value, known) for name, value in said.items()}


def options_of_readers(format: str | None = None) -> dict[str, Mapping[str, Any] | None]:
    """Each reader's options with their defaults, or None for one that does not say which it has."""
    components = registry.default().components(ReaderSpec, quiet=True)
    names = [format] if format is not None else sorted({component.spec.name for component in components})
    found = {name: reader_class(name) for name in names}
    return {name: None if reader is None else reader.OPTIONS for name, reader in found.items()}


def reader_class(format: str) -> type[Reader] | None:
    """The class of a format's reader, which declares its options; None for one that a function makes.

    Raises:
        UnknownName: If there is no such format.
        PluginLoadFailed: If the reader cannot be imported.
    """
    return _class_of(registry.default(), format)


@cache  # finding it costs more than reading a small file
def _class_of(registry: Registry, format: str) -> type[Reader] | None:
    loaded = registry.find(ReaderSpec, format).load()
    return loaded if isinstance(loaded, type) and issubclass(loaded, Reader) else None


def _value(name: str, value: Any, known: Mapping[str, Mapping[str, Any] | None]) -> Any:
    having = [options for options in known.values() if options is not None and name in options]
    if not having and None not in known.values():
        raise _unknown(name, known)
    default = having[0][name] if having else None
    if not isinstance(value, str):
        return value
    try:
        if isinstance(default, bool):
            return _BOOLEANS[value.lower()]
        if isinstance(default, int):
            return parse_size(value)
        return float(value) if isinstance(default, float) else value
    except (ValueError, KeyError) as error:
        expected = "true or false" if isinstance(default, bool) else "a number, such as 1000 or 512M"
        raise ConfigError(
            f"reader option {name}: expected {expected}, found {value!r}", expected=expected, found=value
        ) from error


def _unknown(name: str, known: Mapping[str, Mapping[str, Any] | None]) -> ConfigError:
    """The error about an option that no reader has: the near misses, and what each reader has."""
    of = {reader: list(options or ()) for reader, options in known.items()}
    common = [option for option in next(iter(of.values())) if all(option in has for has in of.values())]
    own = {reader: [option for option in has if option not in common] for reader, has in of.items()}
    close = near(name, [option for has in of.values() for option in has], most=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    having = [f"{reader}: {', '.join(options)}" for reader, options in own.items() if options]
    every = "every reader has" if len(of) > 1 else f"the {next(iter(of))} reader has"
    return ConfigError(
        f"no reader has an option {name!r}; {hint}{every}: {', '.join(common)}"
        + "".join(f"; {words}" for words in having),
        expected=common,
        found=name,
    )


__all__ = ["options_of_readers", "parse", "reader_class"]
