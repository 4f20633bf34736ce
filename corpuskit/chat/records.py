"""Conversations from records, in the three shapes that they have.

- `{"messages": [{"role": "user", "content": "Hi"}, ...]}`, as OpenAI's;
- `{"conversations": [{"from": "human", "value": "Hi"}, ...]}`, as ShareGPT's;
- `{"prompt": ..., "completion": ...}`, each a text or a list of messages, as TRL takes them.

A record may have `tools`, and a `system` prompt beside its messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpuskit.chat.conversation import ROLES, BadConversation, Conversation, Message, ToolCall
from corpuskit.chat.tools import calls_of, matched, parsed, tools_of
from corpuskit.near import near

#: The fields that a conversation may be in, in order of preference; a prompt has its completion beside it.
MESSAGES = ("messages", "conversations")
PROMPT, COMPLETION = "prompt", "completion"
FIELDS = (*MESSAGES, PROMPT)

#: What each shape calls a message's role and content, and what each role is.
_OPENAI = ("role", "content", {**{role: role for role in ROLES}, "function": "tool"})
_SHAREGPT = (
    "from",
    "value",
    {
        **{role: role for role in ROLES},
        "human": "user",
        "gpt": "assistant",
        "chatgpt": "assistant",
        "model": "assistant",
        "function_call": "assistant",
        "observation": "tool",
        "function_response": "tool",
    },
)
#: Roles of messages that are nothing but text.
_SIMPLE = {
    "role": {role: role for role in ("system", "user", "assistant")},
    "from": {
        "system": "system",
        "human": "user",
        "user": "user",
        "gpt": "assistant",
        "assistant": "assistant",
    },
}
#: Makes a tuple of names in half the time: this runs for every message.
_new = tuple.__new__
#: What different people call an assistant's reasoning.
_REASONING = ("reasoning", "reasoning_content", "thinking")
#: With this in its text, a message of ShareGPT's calls a tool.
_CALL_IN_TEXT = "<tool_call>"
#: Stands for a call that is in a text.
_UNNAMED = ToolCall("", "{}")

_NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


def conversation_of(record: Mapping[str, Any], field: str = "") -> Conversation:
    """The conversation of a record.

    Args:
        record: A JSON object.
        field: The field that holds the messages, dots leading into nested objects; empty where the shape of
            the record says it.

    Raises:
        BadConversation: If it is none.
    """
    if not isinstance(record, dict):
        raise BadConversation("not-a-conversation", f"{_kind(record)} where an object is expected")
    name, value = field_of(record, (field,) if field else FIELDS)
    if name == PROMPT and not field:
        return _prompted(record)
    if name is None or value is None:
        wanted = repr(field) if field else " or ".join(map(repr, FIELDS))
        raise BadConversation("not-a-conversation", f"no field {wanted}")
    tools = tools_of(record.get("tools"))
    return Conversation(_messages(value, name, record.get("system"), tools), tools)


def field_of(record: Mapping[str, Any], fields: Sequence[str]) -> tuple[str | None, Any]:
    """The field that a record's conversation is in, with its value: the first not null, or the first there.

    Args:
        record: A JSON object.
        fields: The fields that it may be in. One's own name goes before a way with dots into nested objects.

    Returns:
        The field and its value; (None, None) if the record has none of them.
    """
    there = None
    for field in fields:
        value: Any = record
        for key in (field,) if field in record else field.split("."):
            if not isinstance(value, dict) or key not in value:
                break
            value = value[key]
        else:
            if value is not None:
                return field, value
            there = there or field
    return there, None


def _prompted(record: Mapping[str, Any]) -> Conversation:
    """The conversation of a prompt and its completion."""
    prompt, completion = record[PROMPT], record.get(COMPLETION)
    if prompt is None or completion is None:
        raise BadConversation("not-a-conversation", "a prompt without a completion, or one that is null,")
    tools = tools_of(record.get("tools"))
    is_text = isinstance(prompt, str) and isinstance(completion, str)
    before = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    after = [{"role": "assistant", "content": completion}] if isinstance(completion, str) else completion
    if not isinstance(before, list) or not isinstance(after, list):
        raise BadConversation("not-a-conversation", "a prompt or a completion that is no text and no list")
    system = record.get("system")
    messages = _messages([*before, *after], f"{PROMPT} and {COMPLETION}", system, tools)
    num_prompt = len(messages) - len(after)
    return Conversation(
        messages, tools, num_prompt, has_roles=not (is_text and num_prompt == 1 and not tools)
    )


def _messages(value: Any, field: str, system: Any, tools: tuple[Mapping[str, Any], ...]) -> list[Message]:
    """The messages of a list, checked together."""
    if type(value) is not list:
        raise BadConversation(
            "not-a-conversation", f"field {field!r:.60} is {_kind(value)}, not a list of messages,"
        )
    first = value[0] if value else None
    shape = _SHAREGPT if isinstance(first, dict) and "from" in first and "role" not in first else _OPENAI
    said, text = shape[0], shape[1]
    simple = _SIMPLE[said]
    messages: list[Message] = []
    answers: dict[int, str] = {}
    if system:
        if not isinstance(system, str):
            raise BadConversation("not-a-conversation", f"field 'system' is {_kind(system)}, not text,")
        messages.append(Message("system", system))
    has_tools = False
    for entry in value:
        try:
            role, content = simple[entry[said]], entry[text]
            if len(entry) == 2 and type(content) is str:
                messages.append(_new(Message, (role, content, "", (), "", True)))
                continue
        except (KeyError, TypeError):
            pass
        message = _message(entry, shape, f"message {len(messages) + 1}")
        if message.role == "tool":
            answers[len(messages)] = _text_or_none(entry, "tool_call_id")
        has_tools = has_tools or message.role == "tool" or bool(message.tool_calls)
        messages.append(message)
    found = [message.role for message in messages]
    for role in ("system", "developer"):
        if found.count(role) > 1:
            raise BadConversation(
                "two-system-messages", f"{found.count(role)} messages of role {role!r} (join them into one)"
            )
    if not any(message.content or message.tool_calls or message.reasoning for message in messages):
        raise BadConversation("empty-conversation", "no message with text" if value else "no messages")
    return _answering(messages, answers, tools, shape) if has_tools else messages


def _answering(
    messages: list[Message],
    answers: Mapping[int, str],
    tools: tuple[Mapping[str, Any], ...],
    shape: tuple[str, str, Mapping[str, str]],
) -> list[Message]:
    """The messages with the tool of each answer; ShareGPT's calls may be in the text of a message."""
    if shape is not _SHAREGPT:
        return matched(messages, answers, tools)
    unnamed = [
        message._replace(tool_calls=(_UNNAMED,) * message.content.count(_CALL_IN_TEXT))
        if message.role == "assistant" and not message.tool_calls
        else message
        for message in messages
    ]
    found = matched(unnamed, answers, () if unnamed != messages else tools)
    return [one._replace(tool_calls=own.tool_calls) for one, own in zip(found, messages, strict=True)]


def _message(entry: Any, shape: tuple[str, str, Mapping[str, str]], where: str) -> Message:
    """One message."""
    said, text, roles = shape
    if not isinstance(entry, dict):
        raise BadConversation("not-a-conversation", f"{where} is {_kind(entry)}, not an object,")
    role = entry.get(said)
    known = roles.get(role) if isinstance(role, str) else None
    if known is None:
        raise BadConversation(
            "unknown-role", f"{where} has the role {role!a:.60} (expected {', '.join(ROLES)}{_meant(role)})"
        )
    content = entry.get(text)
    calls = calls_of(entry.get("tool_calls"), where)
    if one := entry.get("function_call"):
        calls += calls_of([one], where)
    if role == "function_call" and isinstance(content, str):
        one = parsed(content, f"the call that {where} is")
        calls, content = calls_of(one if isinstance(one, list) else [one], where), None
        if not calls:
            raise BadConversation("orphan-tool-call", f"{where} is a call without a function name")
    if calls and known != "assistant":
        raise BadConversation("orphan-tool-call", f"{where} calls a tool and is of role {role!r:.60}")
    reasoning = next((found for name in _REASONING if (found := _text_or_none(entry, name))), "")
    if content is None and not (calls or reasoning):
        raise BadConversation("not-a-conversation", f"{where} has no {text!r}")
    return Message(
        known,
        "" if content is None else _text(content, where),
        reasoning,
        calls,
        _text_or_none(entry, "name"),
        _is_trained(entry, where),
    )


def _meant(role: Any) -> str:
    """A question whether another role was meant; empty where none is like it."""
    if not isinstance(role, str):
        return ""
    word = role.casefold()
    close = [_SHAREGPT[2][word]] if word in _SHAREGPT[2] else near(word[:60], ROLES, most=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _text(content: Any, where: str) -> str:
    """A message's text, which may be a list of parts that are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadConversation("not-a-conversation", f"the content of {where} is {_kind(content)}, not text,")
    texts = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type", "text") == "text" and _is_text(part.get("text")):
            texts.append(part["text"])
        else:
            kind = part.get("type") if isinstance(part, dict) else _kind(part)
            raise BadConversation("content-parts", f"{where} has a part that is no text ({kind!a:.60})")
    return "".join(texts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_none(entry: Mapping[str, Any], name: str) -> str:
    """What a message has in a field that may be missing; empty where it is."""
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadConversation(
            "not-a-conversation", f"field {name!r} of a message is {_kind(value)}, not text,"
        )
    return value


def _is_trained(entry: Mapping[str, Any], where: str) -> bool:
    """Whether a message's own "weight" or "train" leaves it to be learned."""
    weight, train = entry.get("weight"), entry.get("train")
    if weight not in (None, 0, 1):
        raise BadConversation(
            "not-a-conversation", f"{where} has the weight {weight!a:.60} (expected 0 or 1)"
        )
    if train not in (None, True, False):
        raise BadConversation(
            "not-a-conversation", f'{where} has "train": {train!a:.60} (expected true or false)'
        )
    return weight != 0 and train != 0


def _kind(value: Any) -> str:
    """What a value is, in JSON's words."""
    return _NAMES.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


__all__ = ["COMPLETION", "FIELDS", "MESSAGES", "PROMPT", "conversation_of", "field_of"]
