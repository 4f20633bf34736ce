"""The types of kept fields along the way: the first value decides, and later ones are compared with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from corpuskit.errors import SourceError
from corpuskit.sources.kept_fields import TYPES, FieldType, KeptField

_NULL = type(None)
_NAMES: Mapping[type, FieldType] = {kind: name for name, kind in TYPES.items()}
_NUMBERS = {"int", "float"}

#: Gives words for where the document of an input begins: (input's number, start).
Where = Callable[[int, int], str]


@dataclasses.dataclass(frozen=True, slots=True)
class FirstValue:
    """What the first value of a field was that is not null.

    Args:
        type: The type of it and of those after it: "str", "int", "float" or "bool".
        input: The number of its input.
        start: Where its document starts there.
        text_from: The input and start of the document from which on whole numbers are text; None if none does
            that.
    """

    type: FieldType
    input: int
    start: int
    text_from: tuple[int, int] | None = None

    def until(self, last: tuple[int, int]) -> FirstValue | None:
        """What it is of the documents up to one; None if they have no value.

        Args:
            last: The input and start of that document.
        """
        if (self.input, self.start) > last:
            return None
        if self.text_from is not None and self.text_from > last:
            return FirstValue("int", self.input, self.start)
        return self


class FieldTypes:
    """The types that fields have so far.

    Args:
        fields: The fields that are kept, in order.
        where: Says where a document begins, for errors.

    Attributes:
        found: The first value of each field that has one.
    """

    def __init__(self, fields: Sequence[KeptField], where: Where) -> None:
        self._fields = fields
        self._where = where
        self.found: dict[str, FirstValue] = {}

    @property
    def types(self) -> dict[str, FieldType]:
        """The type of each field, in order: text where there is no value yet, or none was asked for."""
        return {
            field.name: self.found[field.name].type if field.name in self.found else field.type or "str"
            for field in self._fields
            if field.is_asked or field.name in self.found
        }

    def note(self, columns: Mapping[str, Sequence[Any]], starts: Sequence[int], item: int) -> None:
        """Look at the values of some documents.

        Args:
            columns: The values of each field.
            starts: Where each document starts.
            item: The number of the input.

        Raises:
            SourceError: If one is of another type than those before it, or cannot be kept.
        """
        for field in self._fields:
            values = columns.get(field.name, ())
            kinds = set(map(type, values)) - {_NULL}
            known = self.found.get(field.name)
            if not kinds or (known is not None and kinds == {TYPES[known.type]}):
                continue
            for value, start in zip(values, starts, strict=True):
                if value is None:
                    continue
                name = _NAMES.get(type(value))
                if name is None:
                    raise SourceError(
                        f"{self._where(item, start)}: field {field.name!r} is {type(value).__name__}, "
                        f"expected {', '.join(TYPES)}; the reader must give one of these"
                    )
                self._add(field, FirstValue(name, item, start))

    def add(self, found: Mapping[str, FirstValue]) -> None:
        """Look at what the documents that follow have in each field.

        Args:
            found: What another one of these has found in them.

        Raises:
            SourceError: If a type is not that of the documents before.
        """
        for field in self._fields:
            if field.name in found:
                self._add(field, found[field.name])

    def _add(self, field: KeptField, value: FirstValue) -> None:
        known = self.found.setdefault(field.name, value)
        if field.type is not None and value.type != field.type:
            raise self._refused(field, value, f", expected {field.type}", [])
        if known.type == value.type:
            return
        if field.is_asked:
            before = f", and {known.type} in {self._where(known.input, known.start)}"
            types = ["float"] if {known.type, value.type} == _NUMBERS else []
            raise self._refused(field, value, before, types)
        if known.type != "str":  # a whole number: what nobody asked for is text or that
            self.found[field.name] = dataclasses.replace(
                known, type="str", text_from=(value.input, value.start)
            )

    def _refused(self, field: KeptField, value: FirstValue, why: str, types: list[str]) -> SourceError:
        where = self._where(value.input, value.start)
        remedies = " or ".join(f"--keep {field.name}:{type}" for type in (*types, "str"))
        return SourceError(
            f"{where}: field {field.name!r} is {value.type} here{why}; repair it, or keep all as one type "
            f"with {remedies}",
            found=value.type,
        )


__all__ = ["FieldTypes", "FirstValue", "Where"]
