"""Choosing documents by what is known of them: an expression over their kept fields, as DuckDB takes it.

An expression is the condition of a WHERE clause and nothing else: it reads no file, changes nothing, and
gives the same documents every time. So it calls only functions that are known to do so.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.corpus.field_tables import shard_table
from corpuskit.corpus.fields import arrow_schema, import_pyarrow
from corpuskit.corpus.file_bytes import forget
from corpuskit.corpus.id_lists import ID_FIELD, id_list, listed
from corpuskit.corpus.index import COLUMNS, ROW_BYTES, ends_of, text_bytes_of
from corpuskit.corpus.split import Split
from corpuskit.errors import ConfigError
from corpuskit.registry.distribution import install_command
from corpuskit.selection import Selection

log = logging.getLogger(__name__)

#: Functions of one row, and whether one of the name says of itself that it gives the same answer every time.
_FUNCTIONS = """
    SELECT lower(function_name), coalesce(bool_or(stability = 'CONSISTENT'), false)
    FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro') GROUP BY ALL
"""
#: Macros say nothing of themselves; these do, too.
_PURE_MACROS = {
    *("array_append", "array_prepend", "array_reverse", "array_to_string", "date_add", "days_in_month"),
    *("fdiv", "if", "json", "list_any_value", "list_append", "list_avg", "list_bool_and", "list_bool_or"),
    *("list_count", "list_first", "list_last", "list_max", "list_median", "list_min", "list_mode"),
    *("list_prepend", "list_product", "list_reverse", "list_string_agg", "list_sum", "md5_number_lower"),
    *("md5_number_upper", "nullif", "split_part"),
}
#: What gives another answer in every run without saying so: `age` of one date, and what SQL writes as a word.
_OF_THE_MOMENT = {"age", "current_time", "current_timestamp", "localtime", "localtimestamp"}
_MAX_DEPTH = 100
#: What DuckDB's errors begin with.
_KIND_OF_ERROR = re.compile(r"^[A-Z]\w*(?: [A-Z]\w*)* Error: ")
#: What they say of an option that nobody can set here.
_HOW_TO_SET = re.compile(r"\. Use \"SET .*", re.DOTALL)
_TEXTS, _QUOTED = re.compile(r"'(?:[^']|'')*'"), re.compile(r'"((?:[^"]|"")*)"')
_WORD = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
_CHARACTERS_SHOWN = 80
_MAX_CHARACTERS = 100_000
_COLUMNS_SHOWN = 20
_REASON_SHOWN = 300
#: Documents that are looked at at once.
_ROWS = 2**18


#: What `exclude` takes: a file of ids, numbers of documents, or a selection of them.
Excluded = str | os.PathLike[str] | Sequence[int] | NDArray[Any] | Selection


def select(
    split: Split,
    expression: str = "",
    *,
    numbers: Sequence[int] | NDArray[Any] | None = None,
    exclude: Excluded | None = None,
    field: str = ID_FIELD,
) -> Selection:
    """Choose documents of a split by their kept fields, by their numbers, or all but some.

    The columns are the kept fields (one whose name is no word is written in double quotes: `"meta.source"`),
    and `document` (the number), `num_tokens` and `text_bytes`, where no kept field has the name. A document
    for which the condition is null is not chosen.

    Args:
        split: A split, such as `corpus["train"]`.
        expression: A condition as in SQL, such as `lang = 'de' and score > 3`.
        numbers: The documents' numbers instead, from 0.
        exclude: Documents that are not chosen, whatever else is said: a text file of values of the field
            `field`, one a line, such as a ban list; or numbers, or a selection.
        field: The kept field whose values the file has.

    Returns:
        The documents for which it is true, to be given to samplers and mixtures.

    Raises:
        ConfigError: If the expression is no condition or names a column that is not there, which says those
            that there are; or a number is none of a document.
        StorageError: If the list of ids cannot be read.
    """
    if not isinstance(split, Split):
        found = type(split).__name__
        raise ConfigError(f"select: expected a split such as corpus['train'], found {found}", found=found)
    if not isinstance(expression, str):
        kind = type(expression).__name__
        raise ConfigError(f"select: expected a condition as text, found {kind}; or numbers=[...]", found=kind)
    for name, given in (("numbers", numbers), ("exclude", exclude)):
        if isinstance(given, Selection) and given.split != split.fingerprint:
            raise ConfigError(
                f"select: {name} is a selection of another split or corpus, which has others; select anew",
                expected=split.fingerprint,
                found=given.split,
            )
    if bool(expression) == (numbers is not None) and (expression or exclude is None):
        raise ConfigError("select: expected an expression such as lang = 'de', or numbers=[...]; give one")
    if expression:
        numbers = chosen(split, expression)
    of = functools.partial(Selection, split=split.fingerprint, num_documents=split.num_documents)
    if exclude is None:
        return of([] if numbers is None else numbers, expression=expression)
    left = excluded(split, exclude, field)
    np.logical_not(left, out=left)
    if numbers is None:
        return of(np.flatnonzero(left))
    asked = of(numbers).numbers
    return of(asked[left[asked]], expression=expression)


def selection_of(split: Split, selection: Selection | str | None, exclude: Any = None) -> Selection | None:
    """The selection that the keywords of batches and evaluations mean; None is all documents.

    Args:
        split: The split.
        selection: A selection, or a condition on kept fields; None is all documents.
        exclude: Documents that are left out, as `select` takes them.

    Raises:
        ConfigError: As `select`. What is neither is refused by whoever reads it.
        StorageError: If the list of ids cannot be read.
    """
    if isinstance(selection, str):
        return select(split, selection, exclude=exclude)
    numbers: Any = selection
    return selection if exclude is None else select(split, numbers=numbers, exclude=exclude)


def excluded(split: Split, exclude: Excluded, field: str = ID_FIELD) -> NDArray[np.bool_]:
    """bool[D]: which documents of a split `exclude` names; see `select`."""
    if isinstance(exclude, (str, os.PathLike)):
        ids = id_list(exclude, field)
        named = listed(ids, [split], split.field_types)
        log.info("%s: %s", split.path, named.words(ids))
        return named.masks[0]
    numbers: Any = exclude
    found = Selection(numbers, split=split.fingerprint, num_documents=split.num_documents)
    mask = np.zeros(split.num_documents, np.bool_)
    mask[found.numbers] = True
    return mask


def chosen(split: Split, expression: str, shards: range | None = None) -> NDArray[np.int64]:
    """The numbers of the documents for which an expression is true.

    Args:
        split: The split.
        expression: A condition; see `select`.
        shards: The numbers of the shards whose documents are looked at, following each other; None for all.

    Raises:
        ConfigError: If it is no condition.
    """
    if len(expression) > _MAX_CHARACTERS:
        raise ConfigError(
            f"select: expected a condition of at most {_MAX_CHARACTERS:,} characters, found "
            f"{len(expression):,} characters; give numbers=[...]",
            found=len(expression),
        )
    duckdb = _duckdb()
    tables = _tables(split, range(len(split.shard_starts) - 1) if shards is None else shards)
    table = next(tables)
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "max_expression_depth": str(_MAX_DEPTH),
        },
    )
    names = table.column_names
    try:
        with contextlib.suppress(duckdb.CatalogException):  # a DuckDB without time zones
            connection.execute("SET TimeZone = 'UTC'")  # and not this machine's
        connection.execute("SET lock_configuration = true")
        _check(connection, expression, names)
        connection.register("documents", table)
        condition = duckdb.SQLExpression(expression)
        kind = str(connection.table("documents").select(condition).types[0])
        if kind != "BOOLEAN":
            raise ConfigError(
                f"select {_shown(expression)}: expected a condition that is true or false, found {kind}; "
                "write one such as lang = 'de'",
                found=kind,
            )
        parts: list[NDArray[np.int64]] = []
        for each in itertools.chain([table], tables):
            connection.unregister("documents")
            connection.register("documents", each)
            rows = connection.table("documents").filter(condition)
            found = rows.select(duckdb.ColumnExpression(names[-1])).fetchnumpy()
            parts.append(np.asarray(found[names[-1]], np.int64))
    except duckdb.Error as error:
        reason = _KIND_OF_ERROR.sub("", str(error).strip().split("\n")[0].rstrip("!."))
        raise ConfigError(
            f"select {_shown(expression)}: {reason:.{_REASON_SHOWN}}{_quotes(expression, names[:-1])}; "
            f"the columns are {_listed(names[:-1])}",
            found=expression,
        ) from error
    finally:
        connection.close()
    return np.concatenate(parts)


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError(
            "choosing documents by a condition needs a package that is not installed; run: "
            f"{install_command('select')}, or name the documents by their numbers"
        ) from error
    return duckdb


def _tables(split: Split, shards: range) -> Iterator[Any]:
    """What `_table` gives of all documents of some shards, not too many at a time; at least one table."""
    for shard in shards:
        count = int(split.shard_documents[shard + 1] - split.shard_documents[shard])
        for start in range(0, max(count, 1), _ROWS):
            stop = min(start + _ROWS, count)
            yield _table(split, shard, start, stop)
            forget(split.index(shard), start * ROW_BYTES, stop * ROW_BYTES)
            if split.field_types:
                forget(split.fields_data(shard), 0, split.fields_data(shard).nbytes)
    if not shards:
        yield _table(split, None, 0, 0)


def _table(split: Split, shard: int | None, start: int, stop: int) -> Any:
    """The kept fields of some documents of a shard, with the columns that every document has."""
    pa = import_pyarrow("selecting by an expression")
    if shard is None:
        first, rows = 0, np.empty((0, COLUMNS), np.uint64)
        before = 0
    else:
        first, index = int(split.shard_documents[shard]) + start, split.index(shard)
        rows = index[start:stop]
        before = split.end_before(first) - int(split.shard_starts[shard])
    columns = {
        "document": np.arange(first, first + len(rows)),
        "num_tokens": np.diff(ends_of(rows).astype(np.int64), prepend=before),
    }
    if split.knows_text_bytes:
        columns["text_bytes"] = text_bytes_of(rows).astype(np.int64)
    if shard is None or not split.field_types:
        table = arrow_schema(split.field_types).empty_table()
    else:
        table = shard_table(split, shard, split.field_types, start, stop)
    kept = {name.casefold() for name in table.column_names}
    if len(kept) != len(table.column_names):
        names = ", ".join(map(repr, table.column_names))
        raise ConfigError(
            f"select: two of the fields {names} differ in capital letters alone, which DuckDB takes for one; "
            "choose documents with numbers=[...]"
        )
    made = {name: pa.array(values) for name, values in columns.items() if name not in kept}
    number = pa.array(columns["document"])
    arrays = [*(table.column(name) for name in table.column_names), *made.values(), number]
    hidden = "_".join(["document", *sorted(kept)]) + "_"
    return pa.Table.from_arrays(arrays, names=[*table.column_names, *made, hidden])


def _check(connection: Any, expression: str, columns: Sequence[str]) -> None:
    """Refuse what is more than a condition on a document's own columns, or gives another answer every time.

    Raises:
        ConfigError: If it is that.
        duckdb.Error: If it cannot be parsed.
    """
    query = f"SELECT 1 FROM documents WHERE ({expression}\n)"  # noqa: S608 (it is parsed, and not run)
    tree = json.loads(connection.execute("SELECT json_serialize_sql($1)", [query]).fetchone()[0])
    if tree["error"]:
        reason = f"no condition: {_HOW_TO_SET.sub('', tree['error_message'])}"
    elif len(tree["statements"]) != 1:
        reason = "several statements, where one condition is expected"
    else:
        known = {name.casefold() for name in columns}
        functions = dict(connection.execute(_FUNCTIONS).fetchall())
        pure = {name for name, is_pure in functions.items() if is_pure} | _PURE_MACROS
        changing = functions.keys() - pure | _OF_THE_MOMENT
        condition = tree["statements"][0]["node"]["where_clause"]
        reason = next((found for node in _nodes(condition) if (found := _refused(node, changing, known))), "")
    if reason:
        raise ConfigError(
            f"select {_shown(expression)}: {reason}; write one such as lang = 'de'", found=expression
        )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a JSON value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            yield each
            left += each.values()
        elif isinstance(each, list):
            left += each


def _refused(node: dict[str, Any], changing: set[str], known: set[str]) -> str:
    """What is wrong with a part of an expression; empty if nothing."""
    kind = node.get("class")
    if kind == "SUBQUERY":
        return "a query in the condition, which is about one document"
    if kind == "PARAMETER":
        return "a parameter, of which there are none"
    name = str(node.get("function_name", ""))
    if kind == "COLUMN_REF" and len(node["column_names"]) == 1:
        name = node["column_names"][0]
        name = "" if name.casefold() in known else name
    return f"{name} is not known to give the same answer every time" if name.casefold() in changing else ""


def _quotes(expression: str, columns: Sequence[str]) -> str:
    """What to say of quotation marks in an expression that is wrong: they are of names, and not of texts."""
    code = _TEXTS.sub("''", expression)
    known = {name.casefold() for name in columns}
    text = next((one for one in _QUOTED.findall(code) if one.casefold() not in known), None)
    if text is not None:
        return f"; double quotes are of columns: write text in single quotes, as {text[:_CHARACTERS_SHOWN]!r}"
    code = _QUOTED.sub("", code).casefold()
    dotted = (name for name in columns if "." in name and name.casefold() in code)
    return next((f"; write {_listed([name])} in double quotes" for name in dotted), "")


def _shown(expression: str) -> str:
    short = " ".join(expression.split())
    return repr(short if len(short) <= _CHARACTERS_SHOWN else short[:_CHARACTERS_SHOWN] + "...")


def _listed(names: Sequence[str]) -> str:
    """Columns as an expression names them."""
    words = [name if _WORD.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names]
    return ", ".join(words[:_COLUMNS_SHOWN]) + (", ..." if len(words) > _COLUMNS_SHOWN else "")


__all__ = ["Excluded", "chosen", "excluded", "select", "selection_of"]
