"""What a chat template may spend: how many steps one rendering takes, and how large what it makes may be.

A template is a program from elsewhere. Jinja's sandbox keeps it from Python's insides, and not from looping
for hours or from making a text that fills the memory.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

#: The most characters that a text may have that a template makes.
MAX_CHARACTERS = 1 << 24
#: The most rounds of loops, calls and uses of filters in one rendering; a long text counts for more.
MAX_STEPS = 1_000_000
#: So many characters or items that one call goes through count as one more step.
_SIZE_OF_A_STEP = 256
#: Each is written behind its number of characters: more digits than this are no width.
_LONG_NUMBER = re.compile(r"\d{7}")
#: A width that an argument says.
_OPEN_WIDTH = re.compile(r"%[^a-zA-Z]*\*|\{[^{}]*\{")
#: Filters and methods that ask a text for their arguments and do not write them; `replace` asks for one.
_ASKING = frozenset(
    {"count", "endswith", "find", "index", "lstrip", "partition", "removeprefix", "removesuffix", "replace"}
    | {"rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "startswith", "strip", "trim"}
)
#: Filters and methods that make as much as a number says.
_WIDE = frozenset({"batch", "center", "expandtabs", "indent", "ljust", "rjust", "round", "slice", "zfill"})

#: The marked parts of a text: where each begins and ends, in characters.
Spans = list[tuple[int, int]]


class Refused(Exception):
    """A template does not take a conversation; the message is a part of a line."""


class Run:
    """What one rendering has come to.

    Attributes:
        marks: How many parts between generation marks were made.
        steps: See `MAX_STEPS`.
        hidden: What is done to a text that is compared with content or looked for in it, where the content is
            hidden; None where it is not.
    """

    def __init__(self, hidden: Callable[[Any], Any] | None = None) -> None:
        self.marks = 0
        # The lists that were weighed: kept, so that their ids stay theirs.
        self._weighed: dict[int, tuple[Any, int]] = {}
        self.steps = 0
        self.hidden = hidden

    def count(self, size: int = 0) -> None:
        """One more step, which went through this many characters or items."""
        self.steps += 1 + size // _SIZE_OF_A_STEP
        if self.steps > MAX_STEPS:
            raise Refused(f"it takes more than {MAX_STEPS:,} steps")

    def weight(self, value: Any) -> int:
        """How large a value is when it is written: one that stands in a list twice counts twice.

        Raises:
            Refused: If it is larger than anything may be.
        """
        if isinstance(value, str):
            return len(value)
        if not isinstance(value, list | tuple | dict):
            return value.bit_length() >> 3 if isinstance(value, int) else 1
        if id(value) not in self._weighed:
            parts = value if not isinstance(value, dict) else itertools.chain(value, value.values())
            self._weighed[id(value)] = (value, sum(self.weight(part) + 1 for part in parts))
        weight = self._weighed[id(value)][1]
        check_length(weight)
        return weight


#: The rendering that goes on; the names of Jinja's functions have no place for it.
current_run: ContextVar[Run] = ContextVar("corpuskit_huggingface_chat_run")


_TOO_LARGE = f"it makes a text, a list or a number of more than {MAX_CHARACTERS:,} characters"


def check_length(length: int) -> None:
    if length > MAX_CHARACTERS:
        raise Refused(_TOO_LARGE)


def check_size(size: int) -> None:
    check_length(size)
    run = current_run.get(None)
    if run is not None:
        run.count(size)


def check_result(result: Any) -> None:
    check_size(current_run.get().weight(result))


def check_arguments(what: str, subject: Any, arguments: tuple[Any, ...]) -> None:
    """Refuse what would make something far larger than what it is made of.

    Args:
        what: The name of a filter, or of a text's method.
        subject: What it is used on.
        arguments: What it is given beside.
    """
    length = len(subject) if isinstance(subject, str | list | tuple) else 1
    if what in ("format", "format_map", "%"):
        given = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], tuple) else arguments
        has_open_width = _OPEN_WIDTH.search(str(subject)) is not None
        if _LONG_NUMBER.search(str(subject)) or (has_open_width and _largest(given) >= 10**6):
            raise Refused("it writes a field of a million characters or more")
    elif what in _WIDE:
        check_size(_largest(arguments) * (length if what in ("expandtabs", "indent") else 1))
    elif what == "replace" and len(arguments) >= 2:
        old, new = str(arguments[0]), str(arguments[1])
        check_size(length + str(subject).count(old) * len(new))
    elif what == "join" and arguments and isinstance(arguments[0], str | list | tuple):
        check_size(length * len(arguments[0]))


def _largest(arguments: Any) -> int:
    return max((abs(value) for value in arguments if isinstance(value, int)), default=0)


def hidden_arguments(what: str, subject: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with which a filter or a method finds in hidden content what it finds in the content.

    Args:
        what: Its name.
        subject: What it is used on.
        arguments: What it is given beside.
    """
    run = current_run.get(None)
    if run is None or run.hidden is None or what not in _ASKING or not isinstance(subject, str):
        return arguments
    most = 1 if what == "replace" else len(arguments)
    return (
        *(
            run.hidden(value) if not (isinstance(value, str) and value in subject) else value
            for value in arguments[:most]
        ),
        *arguments[most:],
    )


def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose use is a step, and whose result has a limit."""
    takes_context = hasattr(function, "jinja_pass_arg")

    @functools.wraps(function)
    def used(*arguments: Any, **named: Any) -> Any:
        values = arguments[1:] if takes_context else arguments
        if values:
            check_arguments(name, values[0], (*values[1:], *named.values()))
            check_result(values[0])
            asked = hidden_arguments(name, values[0], tuple(values[1:]))
            arguments = (*arguments[: len(arguments) - len(asked)], *asked)
        result = function(*arguments, **named)
        check_result(result)
        return result

    return used


__all__ = [
    "MAX_CHARACTERS",
    "MAX_STEPS",
    "Refused",
    "Run",
    "Spans",
    "check_arguments",
    "check_length",
    "check_result",
    "check_size",
    "counted",
    "current_run",
    "hidden_arguments",
]
