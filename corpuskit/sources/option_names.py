"""Options of readers as messages call them: by their flag, or as what `--reader-option` takes."""

from __future__ import annotations

from corpuskit.errors import ConfigError

#: Those that have a flag and a field of their own, in the order in which a manifest has them.
FIELDS = (
    "text_field",
    "separator",
    "lines",
    "template",
    "train_on",
    "invalid_utf8",
    "on_bad_document",
    "on_missing",
    "keep",
)

#: What values of a type are called.
TYPES: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number"}


def option_name(option: str) -> str:
    """What to call an option."""
    return f"--{option.replace('_', '-')}" if option in FIELDS else f"reader option {option}"


def refused(option: str, value: object, expected: str) -> ConfigError:
    """The error about a value that an option cannot have.

    Args:
        option: The option.
        value: What the user gave.
        expected: What it may be.
    """
    named = option_name(option)
    said = f"{named}: expected {expected}, found {value!r}"
    if option in FIELDS:
        said = f"{named} {value!r}: expected {expected}"
    return ConfigError(said, expected=expected, found=value)


__all__ = ["FIELDS", "TYPES", "option_name", "refused"]
