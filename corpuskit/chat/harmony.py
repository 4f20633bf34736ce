"""Harmony, the format of gpt-oss: roles, channels and recipients, as OpenAI's own renderer writes them.

A system's message with the model's identity, its reasoning effort and the channels begins a conversation; the
day is left out, because the same corpus is made on any day. A system's or a developer's message of the record
is the developer's message, with the tools; a record that has both gives the system's instead of the usual.
Reasoning is in the channel `analysis`, an answer in `final`, and what is said before a call in `commentary`.

A model is given `<|start|>assistant` and writes the rest: channels, recipients, and the headers of what it
says in one go are learned with its text. A call ends with `<|call|>`. An answer ends with `<|end|>`, and with
`<|return|>` where it is learned and the conversation is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpuskit.chat.conversation import Conversation, Message
from corpuskit.chat.template import Template, control, text
from corpuskit.chat.typescript import namespace
from corpuskit.tokenizers.pieces import DocumentPiece

_NAMES = ("<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>", "<|call|>", "<|constrain|>")
_START, _MESSAGE, _CHANNEL, _END, _RETURN, _CALL, _CONSTRAIN = map(control, _NAMES)
_ANALYSIS, _FINAL, _COMMENTARY, _CALLING = map(text, ("analysis", "final", "commentary", "commentary "))
_ASSISTANT, _JSON = text("assistant"), text("json")
_SYSTEM = (
    "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\n\n"
    "Reasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every "
    "message."
)
_FOR_TOOLS = "\nCalls to these tools must go to the commentary channel: 'functions'."
_INSTRUCTIONS = "# Instructions\n\n"
_FUNCTIONS = "functions."
#: The roles that a conversation may begin with before anything is said.
_HEADS = ("system", "developer")


class Harmony(Template):
    """Writes messages with channels, as gpt-oss has them."""

    control_tokens = _NAMES

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces."""
        messages = conversation.messages
        count = next((n for n, message in enumerate(messages) if message.role not in _HEADS), len(messages))
        pieces = _beginning(messages[:count], trained, conversation.tools, is_all=is_all)
        last = len(messages) - 1
        for place in range(count, len(messages)):
            message, is_trained = messages[place], trained[place]
            given = is_all and is_trained
            role, content = message.role, message.content
            if role == "assistant":
                is_over = place == last and is_trained
                pieces += _answer(message, is_trained=is_trained, given=given, is_over=is_over)
            elif role == "tool":
                header = DocumentPiece(f"{_function(message.name)} to=assistant".encode(), False, given)
                pieces += (_START[given], header, _CHANNEL[given], _COMMENTARY[given], _MESSAGE[given])
                pieces += (*_text(content, given), _END[given])
            elif role == "user":
                pieces += _message(f"user:{message.name}" if message.name else role, content, given=given)
            else:
                pieces += _message("developer", _INSTRUCTIONS + content, given=given)
        return pieces


def _beginning(
    heads: Sequence[Message], trained: Sequence[bool], tools: Sequence[Mapping[str, Any]], *, is_all: bool
) -> list[DocumentPiece]:
    """The system's message and the developer's.

    Args:
        heads: The messages of a system or a developer that a conversation begins with.
        trained: Of each message of the conversation, whether it is to be learned.
        tools: The definitions of the tools.
        is_all: Whether what no message says is to be learned.
    """
    said = {one.role: (one.content, is_all and trained[place]) for place, one in enumerate(heads)}
    system = (_SYSTEM + _FOR_TOOLS if tools else _SYSTEM, is_all)
    if len(said) > 1:
        system = said.pop("system")
    pieces = _message("system", system[0], given=system[1])
    words, given = next(iter(said.values()), ("", is_all))
    sections = ([_INSTRUCTIONS + words] if words else []) + ([namespace("functions", tools)] if tools else [])
    return pieces + _message("developer", "\n\n".join(sections), given=given) if sections else pieces


def _answer(message: Message, *, is_trained: bool, given: bool, is_over: bool) -> list[DocumentPiece]:
    """What an assistant writes: its reasoning, its answer or what it says before its calls, and these.

    Args:
        message: The message.
        is_trained: Whether it is to be learned.
        given: Whether the header that a model is given is to be learned, too.
        is_over: Whether the message is learned and the conversation's last.
    """
    pieces = [_START[given], _ASSISTANT[given]]
    goes_on = [_START[is_trained], _ASSISTANT[is_trained]]  # written by the model: it did not stop
    if message.reasoning:
        pieces += (_CHANNEL[is_trained], _ANALYSIS[is_trained], _MESSAGE[is_trained])
        pieces += (*_text(message.reasoning, is_trained), _END[is_trained], *goes_on)
    calls = message.tool_calls
    if message.content or not calls:
        channel, end = (_COMMENTARY, _END) if calls else (_FINAL, _RETURN if is_over else _END)
        pieces += (_CHANNEL[is_trained], channel[is_trained], _MESSAGE[is_trained])
        pieces += (*_text(message.content, is_trained), end[is_trained])
        pieces += goes_on if calls else ()
    for number, call in enumerate(calls):
        if number:
            pieces += (_START[given], _ASSISTANT[given])
        pieces += (*_text(f" to={_function(call.name)}", is_trained), _CHANNEL[is_trained])
        pieces += (_CALLING[is_trained], _CONSTRAIN[is_trained], _JSON[is_trained], _MESSAGE[is_trained])
        pieces += (*_text(call.arguments, is_trained), _CALL[is_trained])
    return pieces


def _message(role: str, content: str, *, given: bool) -> list[DocumentPiece]:
    """A message that is not the assistant's."""
    header = DocumentPiece(role.encode(), False, given)
    return [_START[given], header, _MESSAGE[given], *_text(content, given), _END[given]]


def _text(words: str, is_trained: bool) -> tuple[DocumentPiece, ...]:
    return (DocumentPiece(words.encode(), False, is_trained),) if words else ()


def _function(name: str) -> str:
    """A tool as a recipient or as a role."""
    return name if name.startswith(_FUNCTIONS) else _FUNCTIONS + name


__all__ = ["Harmony"]
