r"""JSON as people and programs write it, where a fast parser refuses it: slower, and less strict.

Numbers may have any number of digits, and `NaN`, `Infinity` and `-Infinity` are numbers, because Python
writes them. A string may hold control characters as they are, and half of a surrogate pair. Nesting may be of
any depth. What is deeper than any text field is not looked at, and a whole number of thousands of digits not
read: `UNREADABLE` stands for either.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from corpuskit.sources.inputs.signatures import is_html

#: No deeper than Python's parser follows on any stack.
_MAX_DEPTH = 200
#: A backslash and what it escapes, or a sign of structure.
_SIGNS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
#: `-Infinity`, and an escape, are no longer: what is cut in them is refused so far from the end.
_LONGEST_WORD = 16
#: A whole number of more is not read: Python takes the square of the time for it, and refuses at last.
_MAX_DIGITS = 4000
#: A literal, which is no longer than what it stands for: of a container that was cut out.
_CUT_OUT = "-0"
_OBJECT_GOES_ON = re.compile(r'\{\s*"')


class Unreadable:
    """What a value is that is nested too deeply, or is a number of too many digits."""


UNREADABLE = Unreadable()


class DamagedJson(ValueError):
    """What is no JSON.

    Args:
        reason: What is wrong.
        within: The byte where it is wrong.
    """

    def __init__(self, reason: str, within: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.within = within


class CutOff(DamagedJson):
    """What may be the beginning of JSON."""


def loads(data: bytes, *, errors: str = "surrogateescape") -> Any:
    """The value that some bytes are; broken UTF-8 travels as lone surrogates, and numbers are exact.

    Args:
        data: One JSON value, perhaps after a byte order mark.
        errors: How broken UTF-8 is decoded.

    Raises:
        DamagedJson: If they are none.
    """
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors)
    shallow = _shallow(text)
    try:
        return (_EXACT if shallow is text else _EXACT_CUT).decode(shallow)
    except json.JSONDecodeError as error:
        bom_bytes = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
        before = text[: error.pos].encode("utf-8", "surrogateescape")
        raise DamagedJson(error.msg, bom_bytes + len(before)) from None


def other_layout(head: bytes) -> str:
    """What a file is instead of JSON Lines, with how to convert it; empty where it may be JSON Lines.

    Args:
        head: The file's beginning.
    """
    if is_html(head.removeprefix(codecs.BOM_UTF8)):
        return "this is a page of HTML, such as a server sends instead of a file; get the file again"
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    line, _, rest = text.partition("\n" if "\n" in text else "\r")
    if text.startswith("["):
        if rest.strip() and _length_of_value(line):
            return ""  # an array a line
        words = "one JSON array, where JSON Lines has an object a line"
        return f"{words}; say --format json, or convert it with jq -c '.[]'"
    if text.startswith("{"):
        goes_on = line.strip() == "{" and _OBJECT_GOES_ON.match(text)
        if goes_on or _length_of_value(text) > len(line):
            return "a JSON object on several lines, where JSON Lines has one a line; convert it with jq -c ."
    return ""


def _length_of_value(text: str) -> int:
    """How many characters the JSON value at the beginning of a text has; 0 if there is none."""
    try:
        return _DECODER.raw_decode(_shallow(text))[1]
    except json.JSONDecodeError:
        return 0


def end_of_value(text: str, start: int) -> int:
    """Where the JSON value ends that begins at some place of a text.

    Args:
        text: JSON, perhaps cut off at its end.
        start: Where the value begins.

    Raises:
        CutOff: If the text ends too early.
        DamagedJson: If it is no JSON; `within` is the place in the text.
    """
    try:
        try:
            return _DECODER.raw_decode(text, start)[1]
        except RecursionError:
            return _end_of_deep_value(text, start)
    except json.JSONDecodeError as error:
        is_cut = error.msg.startswith("Unterminated string") or error.pos >= len(text) - _LONGEST_WORD
        raise (CutOff if is_cut else DamagedJson)(error.msg, error.pos) from None


def _end_of_deep_value(text: str, start: int) -> int:
    """The same where Python's parser gives up; what is wrong may always be that the text ends too early."""
    try:
        return start + _DECODER.raw_decode(_shallow(text[start:]))[1]
    except json.JSONDecodeError as error:
        raise CutOff(error.msg, start + error.pos) from None


def _shallow(text: str) -> str:
    """JSON in which `_CUT_OUT`, as long, stands for what is nested too deeply, so that all places stay."""
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return text
    kept: list[str] = []
    depth = begin = cut = 0
    in_string = False
    for found in _SIGNS.finditer(text):
        sign = found[0]
        if sign == '"':
            in_string = not in_string
        elif in_string:
            continue
        elif sign in "[{":
            depth += 1
            if depth == _MAX_DEPTH + 1:
                cut = found.start()
                kept.append(text[begin:cut])
                begin = len(text)
        elif sign in "]}":
            if depth == _MAX_DEPTH + 1:
                begin = found.end()
                kept.append(_CUT_OUT.ljust(begin - cut))
            depth -= 1
    return "".join([*kept, text[begin:]])


def _integer(literal: str) -> int:
    return 0


def _fraction(literal: str) -> float:
    return 0.0


def _exact_integer(literal: str) -> int | Unreadable:
    return int(literal) if len(literal) <= _MAX_DIGITS else UNREADABLE


def _exact_integer_or_cut(literal: str) -> int | Unreadable:
    return UNREADABLE if literal == _CUT_OUT else _exact_integer(literal)


_EXACT = json.JSONDecoder(parse_int=_exact_integer, strict=False)
_EXACT_CUT = json.JSONDecoder(parse_int=_exact_integer_or_cut, strict=False)
#: Finds where values end.
_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_fraction, strict=False)

__all__ = ["UNREADABLE", "CutOff", "DamagedJson", "Unreadable", "end_of_value", "loads", "other_layout"]
