"""Taking the fields that are kept out of records, and what values they may have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.kept_fields import TYPES, KeptField, parse_keep
from corpuskit.sources.readers.base import BadDocuments
from corpuskit.sources.readers.json_values import value_of
from corpuskit.sources.readers.lenient_json import Unreadable

_LARGEST_INT = 2**63
_TEXT_OR_NULL = {str, type(None)}
_BOOLEANS = {"true": True, "false": False}
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number with a fraction",
    bool: "true or false",
    dict: "an object",
    list: "an array",
    Unreadable: "nested too deeply, or a number too long",
}


class Keep:
    """Takes the fields that are kept out of records, and checks their values.

    Args:
        said: The option `keep`, as `parse_keep` takes it.

    Attributes:
        fields: The fields in order.

    Raises:
        ConfigError: As `parse_keep`.
    """

    def __init__(self, said: str | None) -> None:
        self.fields = parse_keep(said)
        #: The only field, where it needs no path: records are asked for it faster.
        self.single = (
            self.fields[0].name if len(self.fields) == 1 and "." not in self.fields[0].name else None
        )
        self._names = [field.name for field in self.fields]
        self._is_flat = not any("." in name for name in self._names)
        self._paths = [(field.name, field.name.split(".")) for field in self.fields]

    def of_record(self, record: Mapping[str, Any]) -> list[Any]:
        """The values of a record, as they are, one for each field; None for what it has not."""
        if self._is_flat:
            return [*map(record.get, self._names)]
        return [value_of(record, name, path) for name, path in self._paths]

    def columns(self, rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
        """The values of some records by field."""
        return {name: [row[number] for row in rows] for number, name in enumerate(self._names)}

    def is_text(self, batch: DocumentBatch) -> bool:
        """Whether all fields of documents hold text, as it is kept; those without a value are dropped."""
        if any(field.type not in (None, "str") for field in self.fields):
            return False
        for name, values in list((batch.fields or {}).items()):
            kinds = set(map(type, values))
            if kinds == {type(None)}:
                assert batch.fields is not None
                del batch.fields[name]
            elif not kinds <= _TEXT_OR_NULL:
                return False
        batch.fields = batch.fields or None
        return True

    def checked(self, batch: DocumentBatch, bad: BadDocuments, *, is_valid: bool = False) -> DocumentBatch:
        """Documents whose fields hold what can be kept: None, text, a whole number, a float or a bool.

        Args:
            batch: The documents, with fields as they were read; broken bytes of text are lone surrogates.
            bad: What is done about text that is no Unicode.
            is_valid: Whether it is known that all text is Unicode.

        Raises:
            SourceError: If a value cannot be kept, which names the remedy.
        """
        if not batch.fields:
            return batch
        fields: dict[str, list[Any]] = {}
        left_out: set[int] = set()
        for field in self.fields:
            values = batch.fields.get(field.name)
            if values is None or not (kinds := set(map(type, values)) - {type(None)}):
                continue
            if not _is_fine(kinds, field, values):
                values = [
                    None if value is None else _converted(field, value, start, bad)
                    for value, start in zip(values, batch.starts, strict=True)
                ]
            if not is_valid and not _is_unicode(values):
                values = _repaired(field, values, batch.starts, bad, left_out)
            fields[field.name] = values
        batch.fields = fields or None
        if left_out:
            return batch.chosen([number for number in range(len(batch.texts)) if number not in left_out])
        return batch


def _is_fine(kinds: set[type], field: KeptField, values: Sequence[Any]) -> bool:
    """Whether all values of a field can be kept as they are, told by their types."""
    wanted = {TYPES[field.type]} if field.type else set(TYPES.values()) if field.is_asked else {str, int}
    return kinds <= wanted and (int not in kinds or _fit(values))


def _fit(values: Sequence[Any]) -> bool:
    """Whether all whole numbers have 64 bits."""
    ints = [value for value in values if type(value) is int]
    return min(ints) >= -_LARGEST_INT and max(ints) < _LARGEST_INT


def _converted(field: KeptField, value: Any, start: int, bad: BadDocuments) -> Any:
    """What is kept of one value that is there.

    Raises:
        SourceError: If it cannot be kept.
    """
    try:
        if field.type == "str":
            return as_text(value)
        if not field.is_asked:
            return value if type(value) is int and _fit([value]) else as_text(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        if not field.is_asked:
            return None
        raise bad.error(
            f"field {field.name!r} is nested too deeply, or a number too long, to be kept, in the record",
            start,
            _remedy(field, value),
        ) from None
    return _scalar(field, value, start, bad)


def _scalar(field: KeptField, value: Any, start: int, bad: BadDocuments) -> Any:
    """A value of the type that a field has, if it has one.

    Raises:
        SourceError: If it is of another type.
    """
    kind = type(value)
    if field.type == "float" and kind is int:
        try:
            return float(value)
        except OverflowError:
            pass
    elif kind is int and not _fit([value]) and field.type in (None, "int"):
        raise bad.error(
            f"field {field.name!r} is a whole number of more than 64 bits, in the record",
            start,
            _remedy(field, value),
        )
    elif kind in _KINDS and kind is (TYPES[field.type] if field.type else kind) and kind in TYPES.values():
        return value
    wanted = _KINDS[TYPES[field.type]] if field.type else "text, a number or true/false"
    raise bad.error(
        f"field {field.name!r} is {_KINDS.get(kind, kind.__name__)}, expected {wanted}, in the record",
        start,
        _remedy(field, value),
    )


def _remedy(field: KeptField, value: Any) -> str:
    """What can be done about a value that is not kept: not everything can be text."""
    try:
        as_text(value)
    except (RecursionError, ValueError):
        return f"or leave {field.name!r} out of --keep"
    return f"or keep it as text with --keep {field.name}:str"


def as_text(value: Any) -> str:
    """A value as text: a nested one as compact JSON with sorted keys."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_other_text)


def cell_value(field: KeptField, cell: str, start: int, bad: BadDocuments) -> Any:
    """What a cell of a table whose cells are all text holds: null where it is empty, and text unless asked.

    Args:
        field: The field, whose type is what the cell is read as.
        cell: The text.
        start: The number of the row.
        bad: Says where something is wrong.

    Raises:
        SourceError: If the text is no value of the type.
    """
    if not cell:
        return None
    if field.type in (None, "str"):
        return cell
    try:
        if field.type == "bool":
            return _BOOLEANS[cell.strip().lower()]
        if "_" not in cell:  # which Python takes for no sign at all
            return TYPES[field.type](cell)
        raise ValueError(cell)
    except (ValueError, KeyError):
        raise bad.error(
            f"column {field.name!r} is {cell[:40]!r}, expected {_KINDS[TYPES[field.type]]},",
            start,
            f"or keep it as text with --keep {field.name}:str",
        ) from None


def _other_text(value: Any) -> str:
    """The text of a value that JSON has none for.

    Raises:
        ValueError: If it was not read.
    """
    if isinstance(value, Unreadable):
        raise ValueError(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _is_unicode(values: Sequence[Any]) -> bool:
    try:
        "".join([value for value in values if type(value) is str]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _repaired(
    field: KeptField, values: list[Any], starts: Sequence[int], bad: BadDocuments, left_out: set[int]
) -> list[Any]:
    """Values in which U+FFFD stands for what is no Unicode; documents that are not to be had are noted.

    Raises:
        SourceError: If such text is an error.
    """
    repaired = list(values)
    for number, value in enumerate(values):
        if isinstance(value, str) and (half := _SURROGATE.search(value)):
            repaired[number] = _SURROGATE.sub("\ufffd", value)
            if not field.is_asked:
                continue
            reason = f"text that is no Unicode (\\u{ord(half[0]):04x}) in field {field.name!r} of the record"
            if number not in left_out and bad.repaired(reason, starts[number], b"") is None:
                left_out.add(number)
    return repaired


__all__ = ["Keep", "as_text", "cell_value"]
