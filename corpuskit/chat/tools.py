"""Tools of a conversation: their definitions, the calls, and the messages that answer them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from corpuskit.chat.conversation import BadConversation, Message, ToolCall


def tools_of(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The definitions of tools in a record, which may be a list of objects, or such a list as JSON text.

    Raises:
        BadConversation: If they are none.
    """
    if not value:
        return ()
    if isinstance(value, str):
        value = parsed(value, "field 'tools'")
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadConversation("not-a-conversation", "field 'tools' is not a list of objects")
    for tool in value:
        if not tool_name(tool):
            raise BadConversation("not-a-conversation", "a tool without a name")
    return tuple(value)


def tool_name(tool: Mapping[str, Any]) -> str:
    """The name of a tool that is defined; empty where it has none."""
    name = function_of(tool).get("name")
    return name if isinstance(name, str) else ""


def function_of(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a definition or a call says of its function, which may be nested in it or be all of it."""
    inner = tool.get("function")
    return inner if isinstance(inner, dict) else tool


def calls_of(value: Any, where: str) -> tuple[ToolCall, ...]:
    """The calls of one message.

    Args:
        value: A list of objects, each a call or with a call as its "function".
        where: Words for the message.

    Raises:
        BadConversation: If they are no calls.
    """
    if not value:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadConversation("not-a-conversation", f"the tool calls of {where} are not a list of objects")
    return tuple(_call(one, where) for one in value)


def _call(value: dict[str, Any], where: str) -> ToolCall:
    function = function_of(value)
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise BadConversation("orphan-tool-call", f"a tool call without a function name, of {where},")
    id = value.get("id")
    return ToolCall(name, _arguments(function.get("arguments"), where), id if isinstance(id, str) else "")


def _arguments(value: Any, where: str) -> str:
    """The arguments of a call as JSON: text stays as it is."""
    if value is None or value == "":
        return "{}"
    if isinstance(value, str):
        parsed(value, f"the arguments of a tool call of {where}")
        return value.strip()
    return as_json(value, f"the arguments of a tool call of {where}")


def parsed(text: str, what: str) -> Any:
    """The JSON value of a text.

    Raises:
        BadConversation: If it is none.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(text)  # of half characters, which are said to be that later
    except (ValueError, RecursionError) as error:
        raise BadConversation("not-a-conversation", f"{what}: no JSON") from error


def as_json(value: Any, what: str = "a tool", *, indent: int | None = None, compact: bool = False) -> str:
    """A value as JSON, as Jinja templates of chat models write it.

    Args:
        value: The value.
        what: Words for it.
        indent: How far to indent, as `json.dumps` takes it.
        compact: Whether there is no space after a comma or a colon.

    Raises:
        BadConversation: If it cannot be JSON.
    """
    try:
        separators = (",", ":") if compact else None
        return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadConversation("not-a-conversation", f"{what} holds what is no JSON") from error
    except RecursionError as error:
        raise BadConversation("not-a-conversation", f"{what} is nested too deeply") from error


def matched(
    messages: Sequence[Message], answers: Mapping[int, str], tools: Sequence[Mapping[str, Any]]
) -> list[Message]:
    """Messages in which each answer of a tool has the name of the tool that it is of.

    Args:
        messages: The messages.
        answers: Which call each answer says that it is of, by its place; empty where it does not say.
        tools: The definitions of the tools; none where they are not known.

    Raises:
        BadConversation: If an answer is of no call, or a call of no tool.
    """
    known = {tool_name(tool) for tool in tools}
    waiting: list[ToolCall] = []
    found: list[Message] = []
    for place, message in enumerate(messages):
        for call in message.tool_calls:
            if known and call.name not in known:
                raise BadConversation(
                    "orphan-tool-call",
                    f"message {place + 1} calls a tool {call.name!r:.60} that field 'tools' does not define,",
                )
        waiting += message.tool_calls
        if message.role == "tool":
            answered = next(_answered(waiting, answers.get(place, ""), message.name), None)
            if answered is None:
                raise BadConversation(
                    "orphan-tool-call", f"message {place + 1} is of a tool and answers no call"
                )
            waiting.remove(answered)
            message = message._replace(name=answered.name or message.name)
        found.append(message)
    return found


def _answered(waiting: Sequence[ToolCall], id: str, name: str) -> Iterator[ToolCall]:
    """The calls that an answer may be of, the likeliest first."""
    for call in waiting:
        if call.id == id if id and call.id else not name or call.name in ("", name):
            yield call


__all__ = ["as_json", "calls_of", "function_of", "matched", "parsed", "tool_name", "tools_of"]
