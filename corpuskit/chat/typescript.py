"""Definitions of tools as the TypeScript-like types that harmony describes them by.

A tool is a type of a function in a namespace; what JSON Schema says of its parameters becomes types, comments
above them, and comments behind them. It is the text that OpenAI's own renderer makes, spaces included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.tools import as_json, function_of, tool_name

#: What types of JSON Schema that have no parts are called.
_TYPES = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
_MAX_DEPTH = 64


def namespace(name: str, tools: Sequence[Mapping[str, Any]]) -> str:
    """The section of a developer's message that defines tools.

    Args:
        name: The namespace.
        tools: Their definitions.

    Raises:
        BadConversation: If a definition is nested too deeply.
    """
    lines = ["# Tools\n", f"## {name}\n", f"namespace {name} {{\n"]
    for tool in tools:
        function = function_of(tool)
        lines += (f"// {line}" for line in _text(function, "description").splitlines())
        parameters = function.get("parameters")
        takes = f"_: {_type(parameters, '', 0)}" if isinstance(parameters, dict) else ""
        lines.append(f"type {tool_name(tool)} = ({takes}) => any;\n")
    return "\n".join([*lines, f"}} // namespace {name}"])


def _type(schema: Any, indent: str, depth: int) -> str:
    """The type that a JSON Schema says."""
    if depth > _MAX_DEPTH:
        raise BadConversation("not-a-conversation", "a tool is nested too deeply")
    if not isinstance(schema, dict):
        return "any"
    kind = schema.get("type")
    one_of = schema.get("oneOf")
    if isinstance(one_of, list):
        return "".join(f"\n{line}" for line in _variants({"oneOf": one_of}, indent, depth))
    if isinstance(kind, list) and (kinds := [one for one in kind if isinstance(one, str)]):
        return " | ".join("number" if one == "integer" else one for one in kinds)
    if kind == "object":
        return _object(schema, indent, depth)
    if kind == "array":
        return f"{_type(schema['items'], indent, depth + 1)}[]" if "items" in schema else "Array<any>"
    if kind == "string" and isinstance(schema.get("enum"), list):
        words = [f'"{one}"' for one in schema["enum"] if isinstance(one, str)]
        return " | ".join(words) or "string"
    return _TYPES.get(kind, "any") if isinstance(kind, str) else "any"


def _object(schema: Mapping[str, Any], indent: str, depth: int) -> str:
    """The type of an object: its properties, each on lines of its own."""
    own = _text(schema, "description")
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    properties = schema.get("properties")
    lines = [f"{indent}// {own}", "{"] if own else ["{"]
    for name, value in (properties if isinstance(properties, dict) else {}).items():
        optional = "" if name in names else "?"
        found = value if isinstance(value, dict) else {}
        lines += (f"{indent}{line}" for line in _comments(found))
        if isinstance(found.get("oneOf"), list):
            lines.append(f"{indent}{name}{optional}:")
            lines += _variants(found, indent, depth)
            lines.append(f"{indent},")
            continue
        words = _nullable(found, _type(found, indent + "    ", depth + 1))
        default = "" if "oneOf" in found else _default(found)
        lines.append(f"{indent}{name}{optional}: {words},{f' // {default}' if default else ''}")
    return "\n".join([*lines, f"{indent}}}"])


def _comments(schema: Mapping[str, Any]) -> Iterator[str]:
    """What is said of a property above it."""
    if title := _text(schema, "title"):
        yield from (f"// {title}", "//")
    own = _text(schema, "description")
    variants = schema.get("oneOf")
    if own and variants is None:
        yield f"// {own}"
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        yield "// Examples:"
        yield from (f'// - "{one}"' for one in examples if isinstance(one, str))
    if isinstance(variants, list):
        first = variants[0] if variants and isinstance(variants[0], dict) else {}
        if own and _text(first, "description") != own:
            yield f"// {own}"
        if default := _default(schema):
            yield f"// {default}"


def _variants(schema: Mapping[str, Any], indent: str, depth: int) -> Iterator[str]:
    """The types of which a property has one, with what is said of each behind it."""
    own = _text(schema, "description")
    for number, variant in enumerate(schema["oneOf"]):
        found = variant if isinstance(variant, dict) else {}
        words = _nullable(found, _type(found, indent + "   ", depth + 1))
        said = _text(found, "description")
        is_said = not said or said == own or (number == 0 and bool(own))
        comments = [*([] if is_said else [said]), *filter(None, [_default(found)])]
        behind = f" // {' '.join(comments)}" if comments else ""
        yield f"{indent} | {words}{behind}"


def _nullable(schema: Any, words: str) -> str:
    is_nullable = isinstance(schema, dict) and schema.get("nullable") is True
    return f"{words} | null" if is_nullable and "null" not in words else words


def _default(schema: Mapping[str, Any]) -> str:
    """Words for a default value; empty where there is none."""
    if "default" not in schema:
        return ""
    value = schema["default"]
    if isinstance(value, str):
        return f"default: {value}" if isinstance(schema.get("enum"), list) else f'default: "{value}"'
    return f"default: {as_json(value, 'a default', compact=True)}"


def _text(schema: Mapping[str, Any], name: str) -> str:
    value = schema.get(name)
    return value if isinstance(value, str) else ""


__all__ = ["namespace"]
