"""What a conversation is: messages of roles, in turn, and the tools that may be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: The roles that a message may have.
ROLES = ("system", "developer", "user", "assistant", "tool")


class BadConversation(ValueError):
    """A record that is no conversation, or one that cannot be written.

    Args:
        kind: A word by which it is counted: "unknown-role", "empty-conversation", "orphan-tool-call",
            "two-system-messages", "content-parts", "not-a-conversation", or "not-in-template" for one that is
            as it should be and that a template has no way to write.
        reason: What is wrong, for a person: some words that fit before "in the record".
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class ToolCall(NamedTuple):
    """One call of a tool by the assistant.

    Args:
        name: The tool's name.
        arguments: What it is called with, as JSON text: an object, in most cases.
        id: By which a tool's message says which call it answers; empty where there is none.
    """

    name: str
    arguments: str
    id: str = ""


class Message(NamedTuple):
    """One message.

    Args:
        role: One of `ROLES`.
        content: Its text; empty where it has none.
        reasoning: What an assistant thought before it.
        tool_calls: The tools that an assistant calls.
        name: Whose it is; of a tool's message, the tool.
        is_trained: False where the record itself says that the message is not to be learned.
    """

    role: str
    content: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    name: str = ""
    is_trained: bool = True


class Conversation(NamedTuple):
    """Messages in turn.

    Args:
        messages: One or more messages.
        tools: The definitions of the tools that may be called, as JSON values.
        num_prompt: How many messages at the beginning are a prompt: an answer among them is given to a model
            and not learned.
        has_roles: False for a prompt and a completion that are text, which a base model reads as one text.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] = ()
    num_prompt: int = 0
    has_roles: bool = True


__all__ = ["ROLES", "BadConversation", "Conversation", "Message", "ToolCall"]
