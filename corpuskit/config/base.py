"""What configurations share: values that are checked before any work starts.

The same models serve Python, the command line and TOML files. A field that is unknown, of the wrong type
or out of range is a `ConfigError` that names the field, the value and what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, ValidationError, field_validator

from corpuskit.config.rules import what_is_wrong
from corpuskit.config.said import Said
from corpuskit.errors import ConfigError
from corpuskit.numbers import plain

_C = TypeVar("_C", bound="Config")


class Config(BaseModel):
    """What the configurations share: nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """A number is one whoever counted it, NumPy included, and so is a boolean."""
        return plain(value)

    @classmethod
    def make(cls: type[_C], *layers: Mapping[str, Any]) -> _C:
        """Build one from layers of values; later layers win, in tables key by key, and None says nothing.

        Raises:
            ConfigError: If a value is not allowed; the message names the field, the value and the rule.
        """
        values: dict[str, Any] = {}
        said: dict[str, tuple[Said, str]] = {}  # by the field: where it was said last, and as which key
        for layer in layers:
            for key, value in layer.items():
                name = cls._field_name(key)
                if value is not None:
                    said[name] = (layer if isinstance(layer, Said) else Said(layer)), key
                if isinstance(value, Mapping) and isinstance(values.get(name), Mapping):
                    values[name] = {**values[name], **value}
                elif value is not None:
                    values[name] = value
        try:
            return cls(**values)
        except ValidationError as error:
            # Without the cause, whose traceback would come first and say the same in more words.
            raise ConfigError(explain(cls, error, values, said)) from None

    @classmethod
    def has(cls, key: str) -> bool:
        """Whether there is a field of this name or alias."""
        return cls._field_name(key) in cls.model_fields

    @classmethod
    def _field_name(cls, key: str) -> str:
        """The field that a key or one of its aliases means; both spellings in two layers are one field."""
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            if isinstance(alias, AliasChoices) and key in alias.choices:
                return name
        return key


def explain(
    model: type[Config],
    error: ValidationError,
    values: Mapping[str, Any],
    said: Mapping[str, tuple[Said, str]],
) -> str:
    """The first thing wrong, in one line."""
    errors = error.errors()
    first = errors[0]
    field = str(first["loc"][0])
    others = len({each["loc"][0] for each in errors}) - 1
    more = f" (and {others} more)" if others else ""
    if first["type"] == "missing":
        return f"{field} is missing{more}"
    layer, key = said.get(model._field_name(field), (Said(), field))
    if first["type"] == "extra_forbidden":
        return f"{layer.unknown(key, sorted(model.model_fields))}{more}"
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ConfigError):
        if cause.reason is None:
            return f"{layer.place(key)}{cause}"
        return f"{layer.said(key, first['input'])}: {cause.reason}"
    where, found, rule = what_is_wrong(errors, values)
    return f"{layer.said(key + where, found)}: must be {rule}{more}"


def describe(model: type[Config]) -> list[tuple[str, str, str]]:
    """Each field's name, default and description, for help and documentation."""
    return [
        (name, "" if field.is_required() else repr(field.default), field.description or "")
        for name, field in model.model_fields.items()
    ]
