"""Plain text for base models: no control token but the tokenizer's end of text.

Messages are `User: ...` and `Assistant: ...` with a blank line between them, and the end of text follows each
message of the assistant. A prompt and a completion that are text are one text, without names.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.chat.conversation import Conversation, Message
from corpuskit.chat.template import Template, check_one_system, control, text, thought
from corpuskit.chat.tools import as_json
from corpuskit.tokenizers.pieces import DocumentPiece

_END = control("")
_NAMES = {"system": "System", "developer": "System", "user": "User", "tool": "Tool"}
#: A space goes with the word that follows it, in every vocabulary of byte pairs: it is the assistant's.
_FIRST, _ASSISTANT = text("Assistant:"), text("\n\nAssistant:")


class Plain(Template):
    """Writes messages with the names of their roles, and the end of text after each of the assistant's."""

    control_tokens = ("",)

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces."""
        messages = conversation.messages
        pieces: list[DocumentPiece] = []
        if not conversation.has_roles:
            for message, is_trained in zip(messages, trained, strict=True):
                if message.content:
                    pieces.append(DocumentPiece(message.content.encode(), False, is_trained))
                if message.role == "assistant":
                    pieces.append(_END[is_trained])
            return pieces
        if conversation.tools:
            words = "\n".join(as_json(tool) for tool in conversation.tools)
            pieces.append(DocumentPiece(f"Tools:\n{words}".encode(), False, is_all))
        for message, is_trained in zip(messages, trained, strict=True):
            role = message.role
            given = is_all and is_trained
            if role == "assistant":
                content = _said(message)
                pieces.append((_ASSISTANT if pieces else _FIRST)[given])
                if content:
                    pieces.append(DocumentPiece(f" {content}".encode(), False, is_trained))
                pieces.append(_END[is_trained])
                continue
            if role == "developer":
                check_one_system(messages, self.name)
            between = "\n\n" if pieces else ""
            pieces.append(DocumentPiece(f"{between}{_NAMES[role]}: {message.content}".encode(), False, given))
        return pieces


def _said(message: Message) -> str:
    """What an assistant writes: its reasoning, its text, and its calls."""
    if not (message.reasoning or message.tool_calls):
        return message.content
    calls = [
        f'{{"name": {as_json(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
    ]
    return thought(message) + "\n".join([message.content, *calls] if message.content else calls)


__all__ = ["Plain"]
