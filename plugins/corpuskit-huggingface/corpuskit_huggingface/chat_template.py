"""The template `hf`: conversations as a model folder's chat template writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.plugin import (
    BadConversation,
    Conversation,
    DocumentPiece,
    Message,
    Template,
    ToolCall,
)
from corpuskit_huggingface.chat_limits import Refused
from corpuskit_huggingface.chat_rendering import ChatTemplate


class HuggingFaceTemplate(Template):
    """A chat template of a model, found by its folder or its name on the Hub.

    Args:
        name: What users type in front of the colon.
        argument: A folder or `org/name[@revision]`, and after commas what is set: `date=2026-01-01`,
            `template=tool_use`, and whatever variables the template reads, such as `enable_thinking=false`.

    Raises:
        ConfigError: If there is no argument, no chat template, or none that can be used.
        TokenizerError: If there is no such folder, or a file in it is broken.
        FetchError: If the Hub does not give it.
    """

    TAKES_ARGUMENT = True

    def __init__(self, *, name: str = "hf", argument: str | None = None) -> None:
        if not argument:
            raise ConfigError(f"template {name!r} needs a model's folder or its name: {name}:FOLDER")
        super().__init__(name=name, argument=argument)
        self._template = ChatTemplate(argument)
        self.control_tokens = tuple(self._template.control_tokens)
        self.fingerprint = self._template.fingerprint

    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces.

        Raises:
            BadConversation: If the template does not take it, or what is to be learnt cannot be told.
            ConfigError: If the template asks for the clock or for chance.
        """
        learned = [number for number, is_trained in enumerate(trained) if is_trained]
        try:
            pieces = self._template.pieces(
                _as_json(conversation.messages),
                tools=conversation.tools,
                learned=None if is_all else learned,
                left_out={*range(len(trained))} - {*learned} if is_all else (),
            )
        except Refused as error:
            raise BadConversation("not-in-template", f"template {self.name} refuses it ({error})") from error
        except RecursionError as error:
            raise BadConversation("not-in-template", "its tools' arguments are nested too deep") from error
        unknown = {piece.text for piece in pieces if piece.is_control} - {
            *map(str.encode, self.control_tokens)
        }
        if unknown:
            raise BadConversation(
                "not-in-template",
                f"template {self.name} makes a special token of a part of it ({min(unknown)!r:.60})",
            )
        return pieces


def _as_json(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as chat templates take them."""
    made: list[dict[str, Any]] = []
    waiting: list[ToolCall] = []
    for message in messages:
        value: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.reasoning:
            value["reasoning_content"] = message.reasoning
        if message.tool_calls:
            value["tool_calls"] = [_call(call) for call in message.tool_calls]
            waiting += message.tool_calls
        if message.name:
            value["name"] = message.name
        if message.role == "tool":
            call = next((call for call in waiting if message.name in ("", call.name)), None)
            if call is not None:
                waiting.remove(call)
                if call.id:
                    value["tool_call_id"] = call.id
        made.append(value)
    return made


def _call(call: ToolCall) -> Mapping[str, Any]:
    function = {"name": call.name, "arguments": json.loads(call.arguments)}
    return {"type": "function", **({"id": call.id} if call.id else {}), "function": function}


__all__ = ["HuggingFaceTemplate"]
