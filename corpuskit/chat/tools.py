"""Tools of a conversation: their definitions, the calls, and the messages that answer them."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from corpuskit.chat.conversation import BadConversation, Message, ToolCall
from corpuskit.numbers import may_be_rounded


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
    """The JSON value of a text, whole numbers of any size as they are.

    Raises:
        BadConversation: If it is none.
    """
    with contextlib.suppress(ValueError):
        if not may_be_rounded(value := orjson.loads(text)):
            return value
    try:
        return json.loads(text)  # of half characters, too, which are said to be that later
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
    waiting = _Waiting()
    found: list[Message] = []
    for place, message in enumerate(messages):
        for call in message.tool_calls:
            waiting.add(call)
            if known and call.name not in known:
                raise BadConversation(
                    "orphan-tool-call",
                    f"message {place + 1} calls a tool {call.name!r:.60} that field 'tools' does not define,",
                )
        if message.role == "tool":
            answered = waiting.take(answers.get(place, ""), message.name)
            if answered is None:
                raise BadConversation(
                    "orphan-tool-call", f"message {place + 1} is of a tool and answers no call"
                )
            message = message._replace(name=answered.name or message.name)
        found.append(message)
    return found


class _Waiting:
    """Calls that wait for an answer. One is found without a look at all others: there may be thousands."""

    def __init__(self) -> None:
        self._calls: list[ToolCall | None] = []  # None once it is answered
        #: The numbers of the calls of an id and a name; None stands for any.
        self._queues: defaultdict[tuple[str | None, str | None], deque[int]] = defaultdict(deque)

    def add(self, call: ToolCall) -> None:
        """Let one more call wait."""
        for key in itertools.product((call.id, None), (call.name, None)):
            self._queues[key].append(len(self._calls))
        self._calls.append(call)

    def take(self, id: str, name: str) -> ToolCall | None:
        """The first call that an answer may be of, which waits no longer; None if there is none.

        Args:
            id: The id that the answer says. A call that has none is found by its name all the same.
            name: The name that the answer says; of a call that has none it may be, too.
        """
        of = "" if id else None
        keys = [(of, name), (of, "")] if name else [(of, None)]
        queues = [self._queues[key] for key in ([(id, None), *keys] if id else keys)]
        for queue in queues:
            while queue and self._calls[queue[0]] is None:
                queue.popleft()
        number = min((queue[0] for queue in queues if queue), default=None)
        if number is None:
            return None
        call, self._calls[number] = self._calls[number], None
        return call


__all__ = ["as_json", "calls_of", "function_of", "matched", "parsed", "tool_name", "tools_of"]
