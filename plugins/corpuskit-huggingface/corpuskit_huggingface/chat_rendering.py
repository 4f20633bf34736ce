"""Conversations as a model folder's chat template writes them: pieces, with what is learnt.

Everything here works on plain messages, as JSON has them; `corpuskit_huggingface.chat_template` is the
template that corpuskit knows.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import functools
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from corpuskit.errors import ConfigError
from corpuskit.plugin import DocumentPiece, looking_at, user_path
from corpuskit_huggingface.chat_controls import Controls
from corpuskit_huggingface.chat_files import ChatFiles, find_chat
from corpuskit_huggingface.chat_limits import Refused, Spans
from corpuskit_huggingface.chat_numbers import numbered_message, owners_of, without_numbers
from corpuskit_huggingface.chat_sandbox import Compiled

#: What a message's reasoning may be called; templates find it under the first two.
REASONING = ("reasoning_content", "thinking", "reasoning")
#: What conversations that a template is tried with consist of.
_ROLES = ("system", "user", "assistant", "tool")
#: The variables of a template that are not a user's to set.
_OF_CONVERSATIONS = frozenset({"messages", "tools", "add_generation_prompt"})

Messages = Sequence[Mapping[str, Any]]
Tools = Sequence[Mapping[str, Any]] | None


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a user names: a folder and what is set for its template.

    Args:
        place: A folder, or `org/name[@revision]`.
        template: The template of this name, where there are several; None for the usual one.
        date: What the template takes for today.
        variables: What else the template is given, such as `enable_thinking`.
    """

    place: str
    template: str | None
    date: datetime.date | None
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, argument: str) -> Choice:
        """What `FOLDER,name=value,...` says; a folder that is there is taken whatever its name.

        Raises:
            ConfigError: If what follows a comma is no name and value, or the date is none.
        """
        place, values = argument, list[str]()
        path = user_path(argument)
        with looking_at(path):
            if not path.exists():
                place, *values = argument.split(",")
        given: dict[str, str] = {}
        for value in values:
            name, equals, said = value.partition("=")
            if not equals or not name.isidentifier():
                raise ConfigError(
                    f"hf:{argument}: expected hf:FOLDER,name=value, found {value!r}, such as "
                    "hf:FOLDER,date=2026-01-01 or hf:FOLDER,enable_thinking=false",
                    found=value,
                )
            given[name] = said
        template, day = given.get("template"), given.get("date")
        try:
            date = None if day is None else datetime.date.fromisoformat(day)
        except ValueError as error:
            raise ConfigError(
                f"hf:{argument}: date: expected a day such as 2026-01-01, found {day!r}", found=day
            ) from error
        others = {name: _value(said) for name, said in given.items() if name not in ("template", "date")}
        return cls(place, template, date, others)


def _value(said: str) -> Any:
    """A variable's value: a JSON one where it reads like one, else text."""
    try:
        return json.loads(said)
    except ValueError:
        return said


class ChatTemplate:
    """A chat template that turns messages into pieces.

    Args:
        argument: A folder, or `org/name[@revision]`, and what is set: see `Choice`.

    Raises:
        ConfigError: If it has no chat template, or one that is no Jinja.
        TokenizerError: If there is no such folder, or a file in it is broken.
        FetchError: If the Hub does not give it.
    """

    def __init__(self, argument: str) -> None:
        self.where = f"hf:{argument}"
        self._choice = Choice.of(argument)
        self._files: ChatFiles = find_chat(self._choice.place)
        self._controls = Controls(self._files.special)
        self._compiled(self._text(has_tools=False))
        self._check_variables()

    def _check_variables(self) -> None:
        """Refuse a variable that no template of the folder reads."""
        given = [*self._choice.variables]
        if not given:
            return
        read = {name for text in self._files.templates.values() for name in self._compiled(text).variables}
        known = sorted(read - _OF_CONVERSATIONS)
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known)
                raise ConfigError(
                    f"{self.where}: the template reads no variable {name!r}; "
                    + (f"did you mean {near[0]!r}?" if near else f"it reads: {', '.join(known) or 'none'}"),
                    expected=", ".join(known),
                    found=name,
                )

    @functools.cached_property
    def fingerprint(self) -> str:
        """A sha256 over everything that decides the pieces."""
        choice = self._choice
        said = {
            "templates": dict(self._files.templates),
            "named": dict(self._files.named),
            "special": sorted(map(dataclasses.astuple, self._files.special)),
            "template": choice.template,
            "date": str(choice.date),
            "variables": dict(choice.variables),
        }
        text = "corpuskit huggingface chat 1\n" + json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @functools.cached_property
    def control_tokens(self) -> Sequence[str]:
        """The special tokens that the template writes, in their order in the vocabulary.

        They are those that stand in its text, those that it knows by a name such as `bos_token`, and those
        that it writes in short conversations of every role.
        """
        texts = [*self._files.templates.values()]
        found = {name for name in self._controls.names if any(name in text for text in texts)}
        found |= {name for key, name in self._files.named.items() if any(key in text for text in texts)}
        user, *rest = ({"role": role, "content": "a"} for role in ("user", "assistant", *_ROLES))
        for messages in ([user], [user, rest[0]], *([message, user, rest[0]] for message in rest)):
            try:
                pieces = self.pieces(messages)
            except Refused:
                continue
            found |= {piece.text.decode() for piece in pieces if piece.is_control}
        return [name for name in self._controls.names if name in found]

    def pieces(
        self,
        messages: Messages,
        *,
        tools: Tools = None,
        learned: Collection[int] | None = None,
        left_out: Collection[int] = (),
    ) -> list[DocumentPiece]:
        """A conversation's pieces.

        Args:
            messages: The messages as JSON values, one or more.
            tools: The definitions of tools, as JSON schemas; None and an empty list are no tools.
            learned: The numbers of the messages that are learnt, counted from 0, each an assistant's; what
                the assistant writes in them is learnt. None where everything is.
            left_out: The numbers of messages that are not learnt where everything else is.

        Raises:
            Refused: If the template does not take the conversation, or does not say what an assistant says.
            ConfigError: If the template cannot be used at all.
        """
        shown = _as_templates_read(messages)
        source = self._text(has_tools=bool(tools))
        text, hidden, marked = self._render(source, shown, tools)
        numbers, whole = (left_out, True) if learned is None else (learned, False)
        spans: Spans = []
        if numbers:
            by_marks = self._compiled(source).has_marks
            if by_marks and all(shown[number].get("role") == "assistant" for number in numbers):
                spans = self._marked(source, shown, tools, text, marked, numbers)
            else:
                spans = self._by_prefixes(source, shown, tools, text, numbers, whole=whole)
        trained = merged(spans)
        return self._controls.pieces(text, hidden, _others(trained, len(text)) if whole else trained)

    def _text(self, *, has_tools: bool) -> str:
        return self._files.chosen(self._choice.template, has_tools=has_tools, where=self.where)

    @functools.cached_property
    def _cache(self) -> dict[str, Compiled]:
        return {}

    def _compiled(self, source: str) -> Compiled:
        if source not in self._cache:
            self._cache[source] = Compiled(source, where=self.where, date=self._choice.date)
        return self._cache[source]

    def _variables(self, messages: Any, tools: Any, *, prompt: bool = False) -> dict[str, Any]:
        return {
            "messages": messages,
            "tools": tools or None,
            "documents": None,
            "add_generation_prompt": prompt,
            **self._files.named,
            **self._choice.variables,
        }

    def _render(self, source: str, messages: Any, tools: Any) -> tuple[str, str, Spans]:
        """The text, the text with hidden content, and what the template marks."""
        text, marked = self._compiled(source).render(self._variables(messages, tools))
        # Templates make names of special tokens from roles.
        hide = self._controls.hidden
        hidden = [
            content if (content := hide(message)) is message else {**content, "role": message["role"]}
            for message in messages
        ]
        hidden_tools = hide(tools)
        if hidden_tools is tools and all(a is b for a, b in zip(hidden, messages, strict=True)):
            return text, text, marked
        try:
            other, _ = self._compiled(source).render(self._variables(hidden, hidden_tools), hidden=hide)
        except Refused as error:
            raise Refused(f"{_LOOKS_ALIKE} ({error})") from error
        if not self._controls.are_alike(text, other):
            raise Refused(_LOOKS_ALIKE)
        return text, other, marked

    def _marked(
        self,
        source: str,
        messages: list[Any],
        tools: Any,
        text: str,
        marked: Spans,
        learned: Collection[int],
    ) -> Spans:
        """What the template's generation marks enclose in the messages that are learnt.

        Whose a mark is says a second rendering, where each message's texts end with its number.
        """
        answers = {number for number, message in enumerate(messages) if message.get("role") == "assistant"}
        if answers <= {*learned}:
            return marked
        numbered = [numbered_message(message, number) for number, message in enumerate(messages)]
        try:
            other, others = self._compiled(source).render(self._variables(numbered, tools))
        except Refused as error:
            raise Refused(f"{_WHOSE_MARKS} ({error})") from error
        if without_numbers(other) != text or len(others) != len(marked):
            raise Refused(_WHOSE_MARKS)
        spans: Spans = []
        for span, owners in zip(marked, owners_of(other, others, len(messages)), strict=True):
            here = owners & answers
            if here and here <= {*learned}:
                spans.append(span)
            elif here & {*learned}:
                raise Refused(_WHOSE_MARKS)
        return spans

    def _by_prefixes(
        self,
        source: str,
        messages: list[Any],
        tools: Any,
        text: str,
        learned: Collection[int],
        *,
        whole: bool,
    ) -> Spans:
        """What the template writes between the prompt for an answer and the answer's end.

        Where messages are learnt as a whole: what it writes between the message before and this one's end.
        """

        def end_of(some: list[Any], number: int, what: str, *, prompt: bool = False) -> int:
            if len(some) == len(messages):
                return len(text)
            if not some and not prompt:
                return 0
            try:
                part, _ = self._compiled(source).render(self._variables(some, tools, prompt=prompt))
            except Refused as error:
                raise Refused(f"{what} message {number + 1} cannot be written alone: {error}") from error
            if not text.startswith(part):
                raise Refused(
                    f"{what} message {number + 1} is no beginning of the whole conversation, so that what is "
                    "to be learnt cannot be told; put {% generation %} marks into the template of a copy of "
                    "the folder, or use --train-on all"
                )
            return len(part)

        return [
            (
                end_of(messages[:number], number, "the prompt for", prompt=not whole),
                end_of(messages[: number + 1], number, "the conversation up to"),
            )
            for number in sorted(learned)
        ]


_LOOKS_ALIKE = (
    "it treats content that is spelt like a special token in its own way, so that the two cannot be told "
    "apart; take the spelling out of the content"
)


_WHOSE_MARKS = (
    "which of its generation marks is which message's cannot be told, so that all answers can be learnt and "
    "not some of them"
)


def _as_templates_read(messages: Messages) -> list[dict[str, Any]]:
    """Messages as transformers hands them on: nothing that is null, and reasoning under its usual names."""
    shown = []
    for message in messages:
        said = {key: value for key, value in message.items() if value is not None}
        reasoning = next((said[name] for name in REASONING if name in said), None)
        if reasoning is not None:
            said = {"thinking": reasoning, **said, "reasoning_content": reasoning}
        shown.append(said)
    return shown


def _others(spans: Spans, length: int) -> Spans:
    """What is between spans and around them."""
    ends = [0, *(end for span in spans for end in span), length]
    return [(start, stop) for start, stop in zip(ends[::2], ends[1::2], strict=True) if start < stop]


def merged(spans: Spans) -> Spans:
    """Spans in order, without overlaps and empty ones."""
    result: Spans = []
    for start, stop in sorted(spans):
        if start >= stop:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(stop, result[-1][1]))
        else:
            result.append((start, stop))
    return result


__all__ = ["REASONING", "ChatTemplate", "Choice", "merged"]
