"""Llama 3: `<|start_header_id|>role<|end_header_id|>`, two newlines, the content, `<|eot_id|>`.

Content is written without the white space around it. Without tools this is Llama 3's template. With tools it
is Llama 3.1's: the definitions are in the user's first message, the system's begins with the two dates that
the template has itself, and a call is JSON. What a tool answered is of the role `ipython`, as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.chat.conversation import BadConversation, Conversation, Message
from corpuskit.chat.template import Template, check_one_system, control, text, thought
from corpuskit.chat.tools import as_json
from corpuskit.tokenizers.pieces import DocumentPiece

_BEGIN, _START, _END, _EOT = "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
_FIRST, _HEADER, _HEADED, _STOP = control(_BEGIN), control(_START), control(_END), control(_EOT)
_BREAK = text("\n\n")
_ROLES = {
    **{role: text(role) for role in ("system", "user", "assistant")},
    "developer": text("system"),
    "tool": text("ipython"),
}
_WITH_TOOLS = "Environment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
_BEFORE_TOOLS = (
    "Given the following functions, please respond with a JSON for a function call with its proper arguments "
    'that best answers the given prompt.\n\nRespond in the format {"name": function name, "parameters": '
    "dictionary of argument name and its value}.Do not use variables.\n\n"
)


class Llama3(Template):
    """Writes `<|start_header_id|>role<|end_header_id|>`, two newlines, the content and `<|eot_id|>`."""

    control_tokens = (_BEGIN, _START, _END, _EOT)

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces."""
        messages = conversation.messages
        if conversation.tools:
            messages, trained = _with_definitions(conversation, trained, is_all=is_all)
        pieces: list[DocumentPiece] = [_FIRST[is_all]]
        for message, is_trained in zip(messages, trained, strict=True):
            role, content = message.role, message.content
            given = is_all and is_trained
            if role == "developer":
                check_one_system(messages, self.name)
            if message.reasoning or message.tool_calls:
                content = _said(message)
            content = content.strip()
            pieces += (_HEADER[given], _ROLES[role][given], _HEADED[given], _BREAK[given])
            if content:
                pieces.append(DocumentPiece(content.encode(), False, is_trained))
            pieces.append(_STOP[is_trained])
        return pieces


def _with_definitions(
    conversation: Conversation, trained: Sequence[bool], *, is_all: bool
) -> tuple[list[Message], list[bool]]:
    """The messages, the tools' definitions in the user's first."""
    messages = [*conversation.messages]
    user = next((place for place, message in enumerate(messages) if message.role == "user"), None)
    if user is None:
        raise BadConversation(
            "not-in-template", "tools and no message of the user, which template llama3 writes them into,"
        )
    words = _BEFORE_TOOLS + "".join(f"{as_json(tool, indent=4)}\n\n" for tool in conversation.tools)
    messages[user] = messages[user]._replace(content=words + messages[user].content.strip())
    first, *others = messages
    if first.role in ("system", "developer"):
        return [first._replace(content=_WITH_TOOLS + first.content.strip()), *others], [*trained]
    return [Message("system", _WITH_TOOLS), *messages], [is_all, *trained]


def _said(message: Message) -> str:
    """What an assistant writes: its reasoning, its text, and its call.

    Raises:
        BadConversation: If there are several calls.
    """
    if len(message.tool_calls) > 1:
        raise BadConversation(
            "not-in-template",
            f"{len(message.tool_calls)} tool calls in one message, where template llama3 has one,",
        )
    calls = [
        f'{{"name": {as_json(call.name)}, "parameters": {call.arguments}}}' for call in message.tool_calls
    ]
    content = message.content.strip()
    return thought(message) + "\n".join([content, *calls] if content else calls)


__all__ = ["Llama3"]
