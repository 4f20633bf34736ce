"""Files beside the built pages for programs to read: the API on one sheet, and the manifest's JSON schema.

`api-sheet.txt` has every public name with its signature, every command with its options, the fields of the
configuration and the errors, a line each. It is made from the code, so that it cannot be out of date.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import corpuskit_reference as reference
from docstrings import arguments, type_name
from pydantic import BaseModel
from sphinx.application import Sphinx

import corpuskit
from corpuskit import plugin
from corpuskit.cli import root
from corpuskit.cli.help import option_groups
from corpuskit.config import BatchConfig, PrepareConfig, describe
from corpuskit.config.keywords import BatchKeywords, PrepareKeywords
from corpuskit.corpus.manifest import Manifest

HEAD = f"""\
corpuskit {corpuskit.__version__}: the API on one sheet. Made from the code; the pages beside it explain.
Text -> `prepare` -> a folder of token files (a corpus) -> `Corpus.batches` -> (x, y), any of them by number.
The distribution is corpuskit-core; the import package and the command are corpuskit.
"""
#: Where types are from, which nobody needs to read.
_MODULES = re.compile(r"\b(?:typing|collections\.abc|pathlib|numpy|corpuskit(?:\.\w+)+?)\.(?=\w)")


def sheet() -> str:
    """The text of api-sheet.txt."""
    sections = {
        "import corpuskit": _names(),
        "Command line": _commands(),
        "Configuration: [prepare] in TOML, or arguments of prepare and plan": _fields(PrepareConfig),
        "Configuration: [batches] in TOML, or arguments of Corpus.batches": _fields(BatchConfig),
        "Errors (corpuskit.errors): class(bases), what the command line exits with": _errors(),
        "import corpuskit.plugin: what plugins use": _plugin_names(),
    }
    parts = [HEAD]
    for title, lines in sections.items():
        parts.append("\n".join(["", f"== {title}", "", *lines, ""]))
    return "".join(parts)


def _names() -> Iterator[str]:
    """Functions first, because most callers need no more."""
    values = {name: getattr(corpuskit, name) for name in corpuskit.__all__}
    for name, value in values.items():
        if not isinstance(value, type):
            yield f"{name}{_signature(value)}  # {_line(value)}" if callable(value) else f"{name} = {value!r}"
    for name, value in values.items():
        if isinstance(value, type):
            yield from _class(name, value)


def _class(name: str, value: type) -> Iterator[str]:
    """A class with its public attributes and methods, those of its bases included where they are ours."""
    is_model = issubclass(value, BaseModel)
    signature = f"({', '.join(value.model_fields)})" if is_model else _signature(value)
    yield f"class {name}{signature.removesuffix(' -> None')}  # {_line(value)}"
    for attribute, meaning in _attributes(value).items():
        yield f"    .{attribute}  # {meaning}"
    for member, found in _members(value).items():
        if inspect.isfunction(found) or isinstance(found, (classmethod, staticmethod)):
            bound = getattr(value, member)
            yield f"    .{member}{_signature(bound, drop_self=inspect.isfunction(bound))}  # {_line(bound)}"
        else:
            yield f"    .{member}  # {_line(found)}"


def _attributes(value: type) -> dict[str, str]:
    """What a docstring says of attributes that its signature does not show."""
    prose, _ = arguments(inspect.getdoc(value) or "")
    _, found = arguments(re.sub(r"^Attributes:", "Args:", prose, flags=re.MULTILINE))
    shown = {field.name for field in dataclasses.fields(value)} if dataclasses.is_dataclass(value) else set()
    return {name: meaning for name, meaning in found.items() if name not in shown}


def _members(value: type) -> dict[str, Any]:
    """The methods and properties of a class that callers use, with those of its bases that are ours."""
    found: dict[str, Any] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("corpuskit") and base.__name__ not in reference.INSIDE:
            for name, member in vars(base).items():
                is_public = not name.startswith("_") or name in ("__len__", "__getitem__")
                kinds = (property, functools.cached_property, classmethod, staticmethod)
                if is_public and (inspect.isfunction(member) or isinstance(member, kinds)):
                    found[name] = member
    return {name: member for name, member in found.items() if inspect.getdoc(getattr(value, name))}


def _signature(value: Any, *, drop_self: bool = False) -> str:
    """A signature with its types, in one line; the options of batches are written out in one place."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return "(...)"
    parameters = [
        one.replace(annotation=_type(one.annotation))
        for one in list(signature.parameters.values())[drop_self:]
    ]
    for function, options in _SAID_BEFORE.items():
        if options <= {one.name for one in parameters} and value is not function:
            parameters = [one for one in parameters if one.name not in options]
            also = f"the options of {function.__qualname__}"
            parameters.append(
                inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD, annotation=_Plain(also))
            )
    returns = _type(signature.return_annotation)
    return re.sub(r"\n\s*", " ", str(signature.replace(parameters=parameters, return_annotation=returns)))


#: Functions whose options others take as well.
_SAID_BEFORE = {
    corpuskit.prepare: set(PrepareKeywords.__annotations__),
    corpuskit.Corpus.batches: set(BatchKeywords.__annotations__),
}


class _Plain:
    """An annotation that is shown as it is, without quotation marks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _type(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return annotation
    if typing.get_origin(annotation) is typing.Union:
        return _Plain(" | ".join(repr(_type(part)) for part in typing.get_args(annotation)))
    if annotation is type(None):
        return _Plain("None")
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _Plain(_MODULES.sub("", text))


def _line(value: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def _commands() -> Iterator[str]:
    context = click.Context(root, info_name="corpuskit")
    yield "corpuskit [OPTIONS] COMMAND  # before every command:"
    yield from _options(root, context)
    for path, command, context in reference.cli_commands():
        usage = " ".join(["corpuskit", *path, *command.collect_usage_pieces(context)])
        yield f"{usage}  # {' '.join((command.help or '').split(chr(10) * 2)[0].split())}"
        yield from _options(command, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for records in option_groups(command, context).values():
        yield from (f"    {flags}  # {meaning}" for flags, meaning in records if "--help" not in flags)


def _fields(model: type[BaseModel]) -> Iterator[str]:
    for field, default, description in describe(model):
        annotation = type_name(model.model_fields[field].annotation)
        value = f" = {default}" if default else ""
        yield f"{field}: {annotation}{value}  # {description}"


def _errors() -> Iterator[str]:
    for error in reference.error_classes():
        bases = ", ".join(base.__name__ for base in error.__bases__)
        yield f"{error.__name__}({bases}): {error.exit_code}  # {_line(error)}"


def _plugin_names() -> Iterator[str]:
    for title, places in plugin.GROUPS.items():
        yield f"{title}: {', '.join(name for name in places)}"


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    Path(app.outdir, "api-sheet.txt").write_text(sheet(), encoding="utf-8")
    schema = json.dumps(Manifest.model_json_schema(), indent=2)
    Path(app.outdir, "manifest.schema.json").write_text(schema + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
