"""What a template is: a way to write conversations as text and control tokens.

A template gives pieces: text, which is encoded as any text is, and control tokens by name. What a message
holds is text, however it looks. Each piece says whether a model is to learn it:

- `train_on="assistant"`: what the assistant writes, which is its reasoning, its text, its calls, and the
  control token by which it ends. What a model is given, such as the header of a message, is not learned.
- `train_on="last"`: the same of the last message of the assistant alone.
- `train_on="all"`: everything, control tokens and headers included.

A message whose record says `"weight": 0` or `"train": false` is not learned. Answers inside a prompt that has
a completion are learned with `train_on="all"` alone.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, Literal, final

from corpuskit.chat.conversation import BadConversation, Conversation, Message
from corpuskit.errors import ConfigError
from corpuskit.tokenizers.pieces import DocumentPiece

#: What of a conversation is to be learned.
TrainOn = Literal["assistant", "last", "all"]
#: Which reasoning is written: of every message, of those after the user's last one, or none.
ReasoningOf = Literal["all", "last", "none"]
TRAIN_ON: tuple[TrainOn, ...] = ("assistant", "last", "all")
REASONING_OF: tuple[ReasoningOf, ...] = ("all", "last", "none")

#: A piece as it is where it is not learned, and where it is: it is found by that.
PieceOf = tuple[DocumentPiece, DocumentPiece]


class Template(abc.ABC):
    """A way to write conversations.

    Args:
        name: The name that it was found by.
        argument: What followed the name after a colon, else None.

    Raises:
        ConfigError: If there is an argument and the template takes none.

    Attributes:
        name: What users call it, with its argument.
        control_tokens: The names of all control tokens that its pieces may be; one that is empty is the
            tokenizer's end of text.
        fingerprint: A sha256 over what decides its pieces and is not in its code, such as a file of a model;
            empty where there is nothing of the kind.
        TAKES_ARGUMENT: Whether its name may have an argument.
    """

    TAKES_ARGUMENT: ClassVar[bool] = False

    control_tokens: tuple[str, ...] = ()
    fingerprint: str = ""

    def __init__(self, *, name: str, argument: str | None = None) -> None:
        if argument is not None and not self.TAKES_ARGUMENT:
            raise ConfigError(
                f"template {name}:{argument}: {name!r} takes no argument; say {name}", found=argument
            )
        self.name = name if argument is None else f"{name}:{argument}"

    @final
    def pieces(
        self,
        conversation: Conversation,
        *,
        train_on: TrainOn = "assistant",
        tools: bool = True,
        reasoning: ReasoningOf = "all",
    ) -> list[DocumentPiece]:
        """A conversation as pieces.

        Args:
            conversation: The conversation.
            train_on: What is to be learned: "assistant", "last" or "all".
            tools: Whether definitions of tools, calls, and what tools answered are written.
            reasoning: Which reasoning is written: "all", "last" (what comes after the user's last message),
                or "none".

        Raises:
            BadConversation: If nothing is left to write, or the template has no way to write it.
        """
        if not tools:
            conversation = _without_tools(conversation)
        if reasoning != "all":
            conversation = conversation._replace(messages=_with_reasoning(conversation.messages, reasoning))
        is_all = train_on == "all"
        return self.write(conversation, _trained(conversation, train_on), is_all=is_all)

    @abc.abstractmethod
    def write(
        self, conversation: Conversation, trained: Sequence[bool], *, is_all: bool
    ) -> list[DocumentPiece]:
        """A conversation as pieces, after what is not to be written was taken out of it.

        Args:
            conversation: The conversation. All that it holds is to be written.
            trained: Of each message, whether it is to be learned.
            is_all: Whether what a model is given is to be learned too, such as the header of a message that
                is to be learned, and what no message says.

        Raises:
            BadConversation: If the template has no way to write it.
        """


def control(name: str) -> PieceOf:
    """A control token, not to be learned and to be learned."""
    return (DocumentPiece(name.encode(), True, False), DocumentPiece(name.encode(), True, True))


def text(words: str) -> PieceOf:
    """A text that is always the same, not to be learned and to be learned."""
    return (DocumentPiece(words.encode(), False, False), DocumentPiece(words.encode(), False, True))


def _trained(conversation: Conversation, train_on: TrainOn) -> list[bool]:
    """Which of the messages are to be learned."""
    if train_on == "all":
        return [message.is_trained for message in conversation.messages]
    trained = [message.role == "assistant" and message.is_trained for message in conversation.messages]
    if num_prompt := conversation.num_prompt:
        trained[:num_prompt] = [False] * num_prompt
    if train_on == "last":
        roles = [message.role for message in conversation.messages]
        last = max((place for place, role in enumerate(roles) if role == "assistant"), default=-1)
        trained = [is_trained and place == last for place, is_trained in enumerate(trained)]
    return trained


def _without_tools(conversation: Conversation) -> Conversation:
    """A conversation without tools, their calls and their answers.

    Raises:
        BadConversation: If nothing is left to write.
    """
    kept = []
    for place, message in enumerate(conversation.messages):
        is_call = bool(message.tool_calls) and not message.content
        if message.role != "tool" and not is_call:
            kept.append((place, message._replace(tool_calls=())))
    if not any(message.content or message.reasoning for _, message in kept):
        raise BadConversation("empty-conversation", "a conversation without text but for calls of tools")
    num_prompt = sum(place < conversation.num_prompt for place, _ in kept)
    return conversation._replace(messages=[message for _, message in kept], tools=(), num_prompt=num_prompt)


def _with_reasoning(messages: Sequence[Message], reasoning: ReasoningOf) -> list[Message]:
    """The messages without reasoning, but for that after the user's last one, where that is asked for."""
    last = len(messages)
    if reasoning == "last":
        users = (place for place, message in enumerate(messages) if message.role == "user")
        last = max(users, default=-1)
    return [
        message._replace(reasoning="") if message.reasoning and place <= last else message
        for place, message in enumerate(messages)
    ]


def thought(message: Message) -> str:
    """A message's reasoning as text before its content, as Qwen and DeepSeek write it; empty without any."""
    return f"<think>\n{message.reasoning}\n</think>\n\n" if message.reasoning else ""


def check_one_system(messages: Sequence[Message], name: str) -> None:
    """Check that there is a system's message or a developer's, where a template writes both as one role.

    Args:
        messages: The messages.
        name: The template's name.

    Raises:
        BadConversation: If there are both.
    """
    if {"system", "developer"} <= {message.role for message in messages}:
        raise BadConversation(
            "two-system-messages",
            f"a message of the system and one of a developer, which template {name} has one role for,",
        )


__all__ = [
    "REASONING_OF",
    "TRAIN_ON",
    "PieceOf",
    "ReasoningOf",
    "Template",
    "TrainOn",
    "check_one_system",
    "control",
    "text",
    "thought",
]
