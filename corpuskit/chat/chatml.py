"""ChatML: `<|im_start|>role`, a newline, the content, `<|im_end|>`, a newline; tools as Qwen2.5 has them.

Definitions of tools end the system's message, or are one. A call is JSON in `<tool_call>`, and what tools
answer is a user's message with each answer in `<tool_response>`. Reasoning is in `<think>`, as Qwen3 has it.
All of these are text. Where a conversation has no system's message none is made up.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.chat.conversation import Conversation, Message
from corpuskit.chat.template import Template, check_one_system, control, text, thought
from corpuskit.chat.tools import as_json
from corpuskit.tokenizers.pieces import DocumentPiece

#: Makes a tuple of names in half the time: this runs for every message.
_new = tuple.__new__
_START, _END = "<|im_start|>", "<|im_end|>"
_BEGIN, _STOP = control(_START), control(_END)
_ASSISTANT, _NEWLINE = text("assistant\n"), text("\n")
_BEFORE_TOOLS = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_AFTER_TOOLS = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": '
    "<args-json-object>}\n</tool_call>"
)


class Chatml(Template):
    """Writes `<|im_start|>role`, a newline, the content, `<|im_end|>` and a newline."""

    control_tokens = (_START, _END)

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces."""
        messages = conversation.messages
        if conversation.tools:
            messages, trained = _with_definitions(conversation, trained, is_all=is_all)
        pieces: list[DocumentPiece] = []
        for place, (message, is_trained) in enumerate(zip(messages, trained, strict=True)):
            role, content = message.role, message.content
            given = is_all and is_trained
            if role == "assistant":
                if message.reasoning or message.tool_calls:
                    content = _said(message)
                pieces += (_BEGIN[given], _ASSISTANT[given])
                if content:
                    pieces.append(_new(DocumentPiece, (content.encode(), False, is_trained)))
                pieces += (_STOP[is_trained], _NEWLINE[given])
                continue
            if role == "tool":
                pieces += _answer(messages, place, given=given)
                continue
            if role == "developer":
                check_one_system(messages, self.name)
                role = "system"
            piece = _new(DocumentPiece, (f"{role}\n{content}".encode(), False, given))
            pieces += (_BEGIN[given], piece, _STOP[given], _NEWLINE[given])
        return pieces


def _with_definitions(
    conversation: Conversation, trained: Sequence[bool], *, is_all: bool
) -> tuple[list[Message], list[bool]]:
    """The messages, the tools' definitions at the end of the system's, or before all others."""
    words = _BEFORE_TOOLS + "".join(f"\n{as_json(tool)}" for tool in conversation.tools) + _AFTER_TOOLS
    first, *others = conversation.messages
    if first.role in ("system", "developer"):
        return [first._replace(content=f"{first.content}\n\n{words}"), *others], [*trained]
    return [Message("system", words), first, *others], [is_all, *trained]


def _said(message: Message) -> str:
    """What an assistant writes: its reasoning, its text, and its calls."""
    calls = [
        f'<tool_call>\n{{"name": {as_json(call.name)}, "arguments": {call.arguments}}}\n</tool_call>'
        for call in message.tool_calls
    ]
    return thought(message) + "\n".join([message.content, *calls] if message.content else calls)


def _answer(messages: Sequence[Message], place: int, *, given: bool) -> list[DocumentPiece]:
    """What a tool answered; those that follow each other are one message."""
    begins = place == 0 or messages[place - 1].role != "tool"
    ends = place + 1 == len(messages) or messages[place + 1].role != "tool"
    words = f"\n<tool_response>\n{messages[place].content}\n</tool_response>"
    piece = DocumentPiece(f"{'user' if begins else ''}{words}".encode(), False, given)
    before = [_BEGIN[given]] if begins else []
    return [*before, piece, *([_STOP[given], _NEWLINE[given]] if ends else [])]


__all__ = ["Chatml"]
