"""Whose words stand where in a rendered conversation: its messages' texts, each with its message's number.

Rendered with the numbers, a conversation says of each place of the text which message it comes from. It is of
use where the text without the numbers is the text that the conversation gives.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from corpuskit_huggingface.chat_limits import Spans

#: A number is three digits of base 256: Sutton's signs, which are no letters and no space, and have no case.
_ZERO = 0x1D900
_NUMBER = re.compile("[\U0001d900-\U0001d9ff]{3}")
#: What of a message is its own words; its names, kinds and identifiers are what templates look at.
_WORDS = ("content", "reasoning_content", "thinking", "reasoning", "arguments")


def numbered_message(message: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A message as templates take it, each of whose texts ends with its number.

    Args:
        message: The message.
        number: Its number, less than 2 to the 24th.
    """
    mark = "".join(chr(_ZERO + byte) for byte in number.to_bytes(3, "big"))

    def said(value: Any, is_said: bool) -> Any:
        if isinstance(value, str):
            words = value.rstrip()
            return f"{words}{mark}{value[len(words) :]}" if is_said and words else value
        if isinstance(value, list):
            return [said(item, is_said) for item in value]
        if isinstance(value, Mapping):
            return {key: said(item, is_said or key in _WORDS) for key, item in value.items()}
        return value

    numbered: dict[str, Any] = said(message, False)
    return numbered


def without_numbers(text: str) -> str:
    """The text without the numbers that `numbered_message` put into it."""
    return _NUMBER.sub("", text)


def owners_of(text: str, spans: Spans, count: int) -> Iterator[set[int]]:
    """The messages that each part of a text with numbers may come from.

    Args:
        text: The text.
        spans: The parts.
        count: How many messages there are.

    Yields:
        Those whose numbers stand in the part; where there are none, the one whose words stand before it, the
        one whose words come next, and those between.
    """
    found = [*_NUMBER.finditer(text)]
    places = [match.start() for match in found]
    numbers = [int.from_bytes(bytes(ord(digit) - _ZERO for digit in match[0]), "big") for match in found]
    for start, stop in spans:
        first, end = bisect.bisect_left(places, start), bisect.bisect_left(places, stop)
        if first < end:
            yield {*numbers[first:end]}
        else:
            before = numbers[first - 1] if first else 0
            yield {*range(before, numbers[end] + 1 if end < len(numbers) else count)}


__all__ = ["numbered_message", "owners_of", "without_numbers"]
