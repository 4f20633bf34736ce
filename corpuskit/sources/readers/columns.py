"""The columns or fields that a file has, and the one that holds the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from corpuskit.chat.records import COMPLETION, MESSAGES, PROMPT
from corpuskit.errors import SourceError
from corpuskit.near import near
from corpuskit.sources.base import Input

_NAMES_SHOWN = 10
_NAME_CHARACTERS = 60
_NAMES_COMPARED = 100
#: By what a user chooses the column of the text.
_FLAG = "--text-field"


def listed(names: Sequence[str]) -> str:
    """Some names for one line of a message; what begins or ends with white space is quoted."""
    words = [printable(name) if name == name.strip() else quoted(name) for name in names[:_NAMES_SHOWN]]
    return ", ".join(words) + (", ..." if len(names) > _NAMES_SHOWN else "")


def close_to(field: str, names: Sequence[str]) -> str:
    """A question whether another name was meant; empty where none is like it.

    Args:
        field: The name that is not there.
        names: Those that are; dots lead into what is nested.
    """
    wanted = _last_part(field)
    same = [name for name in names if _last_part(name) == wanted]
    close = same or near(field, names[:_NAMES_COMPARED], most=1)
    return f"did you mean {quoted(close[0])}?" if close else ""


def of_conversations(names: Sequence[str]) -> str:
    """How records with these fields are read, if they are conversations; empty if not.

    Args:
        names: The fields.
    """
    found = any(name in names for name in MESSAGES) or (PROMPT in names and COMPLETION in names)
    return "conversations are read from JSON or Parquet, with --format chat" if found else ""


def missing_column(
    item: Input,
    field: str | Sequence[str],
    names: Sequence[str],
    nested: Iterable[str] = (),
    *,
    remedy: str = _FLAG,
) -> SourceError:
    """The error about a file without the text's column.

    Args:
        item: The input.
        field: The column that is not there, or several of them.
        names: Those that are.
        nested: Columns inside them, as dots lead to them.
        remedy: The flag by which the column is chosen.
    """
    wanted = [field] if isinstance(field, str) else [*field]
    close = close_to(wanted[-1], (*names, *nested))
    other = of_conversations(names) if remedy == _FLAG else ""
    return SourceError(
        f"{item.name}: no column {either(wanted)}; it has: {listed(names)}; choose one with {remedy}"
        + (f" ({close})" if close else "")
        + (f"; {other}" if other else ""),
        path=item.name,
        expected=field,
        found=list(names),
    )


def either(names: Sequence[str]) -> str:
    """Some names of which one is meant, in quotation marks."""
    return " or ".join(map(repr, names))


def check_unique(item: Input, field: str, names: Sequence[str], *, remedy: str = _FLAG) -> None:
    """Check that a name stands for one column; other columns' names are their own business.

    Args:
        item: The input.
        field: The column's name.
        names: All columns' names.
        remedy: The flag by which the column is chosen.

    Raises:
        SourceError: If several have it.
    """
    count = names.count(field)
    if count > 1:
        raise SourceError(
            f"{item.name}: {count} columns are named {field!r}; rename all but one, "
            f"or choose another with {remedy}",
            path=item.name,
            expected=1,
            found=count,
        )


def text_path(item: Input, field: str, schema: Any) -> list[str]:
    """The names that lead to the text's column in a table of Arrow's types.

    Args:
        item: The input.
        field: The column; dots lead into structs, and a column whose own name has dots is found first.
        schema: A `pyarrow.Schema`.

    Raises:
        SourceError: If there is no such column, if there are two, or if it holds no text.
    """
    path = [field] if field in schema.names else field.split(".")
    check_unique(item, path[0], schema.names)
    found = column_type(schema, path)
    if found is None:
        raise missing_column(item, field, schema.names, _nested_columns(schema))
    if not is_text(found):
        raise SourceError(
            f"{item.name}: column {field!r} holds {found}, not text; choose another with --text-field",
            path=item.name,
            expected="string",
            found=str(found),
        )
    return path


def column_type(schema: Any, path: Sequence[str]) -> Any:
    """The type of a column of a table of Arrow's types; None if there is no such column.

    Args:
        schema: A `pyarrow.Schema`.
        path: The names that lead to the column.
    """
    found = schema.field(schema.names.index(path[0])).type if path[0] in schema.names else None
    for name in path[1:]:
        found = _inside(found).get(name)
    return found


def all_columns(schema: Any) -> list[str]:
    """The names of a table's columns, with dots into those of structs, in the table's order."""
    return [name for column in schema for name in (column.name, *_nested_columns([column]))]


def _inside(type: Any) -> dict[str, Any]:
    """The fields of a struct that can be told by their names, with their types; of other types none."""
    from pyarrow import types

    if type is None or not types.is_struct(type):
        return {}
    fields = [type.field(number) for number in range(type.num_fields)]
    return {field.name: field.type for field in fields if type.get_field_index(field.name) >= 0}


def _nested_columns(schema: Any) -> Iterator[str]:
    for column in schema:
        for name in _inside(column.type):
            yield f"{column.name}.{name}"


def is_text(type: Any) -> bool:
    """Whether a column of a type of Arrow's holds text."""
    from pyarrow import types

    held = type.value_type if types.is_dictionary(type) else type
    names = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    # Older versions of pyarrow have no views.
    return any(getattr(types, f"is_{name}")(held) for name in names if hasattr(types, f"is_{name}"))


def _last_part(name: str) -> str:
    return name.rpartition(".")[2].strip().casefold()


def quoted(name: str) -> str:
    """A name in quotes for one line of a message, with the white space that it begins or ends with."""
    return repr(printable(name) if name == name.strip() else name[:_NAME_CHARACTERS])


def printable(name: str) -> str:
    """A name for one line of a message, whatever characters it has."""
    return " ".join(name.encode("utf-8", "backslashreplace").decode().split())[:_NAME_CHARACTERS]


__all__ = [
    "all_columns",
    "check_unique",
    "close_to",
    "column_type",
    "is_text",
    "listed",
    "missing_column",
    "of_conversations",
    "printable",
    "quoted",
    "text_path",
]
