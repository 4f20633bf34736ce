"""Which field or column of a file holds the text, where files differ: in order of preference, or by pattern.

`body,text` is the first of the two that is there; `*.csv=body` is for files of such names only, and goes
before what is for all. A name that is there as it was said, comma and all, is always meant.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from corpuskit.sources.base import Input
from corpuskit.sources.inputs.stream import base_name

#: The field of files that no pattern is for.
DEFAULT = "text"


def is_one_name(said: str | Sequence[str]) -> bool:
    """Whether a name is said that leaves nothing to choose."""
    return isinstance(said, str) and "," not in said and "=" not in said


def unmatched(said: str | Sequence[str], items: Sequence[Input]) -> list[str]:
    """What is said for files of some names only, where no file has such a name.

    Args:
        said: What the user said: one text, or several.
        items: All inputs.
    """
    return [
        text
        for text in ([said] if isinstance(said, str) else said)
        if set("*?[.") & set(text.partition("=")[0])
        and "=" in text
        and not any(_is_of(item, text.partition("=")[0]) for item in items)
    ]


def candidates(said: str | Sequence[str], item: Input) -> list[str]:
    """The fields that may hold the text of an input, in order of preference.

    Args:
        said: What the user said: one text, or several.
        item: The input.
    """
    texts = [said] if isinstance(said, str) else [*said]
    matched, general = [], []
    for text in texts:
        pattern, equals, fields = text.partition("=")
        if not equals:
            general += text.split(",")
        elif _is_of(item, pattern):
            matched += fields.split(",")
    as_said = [text for text in texts if not is_one_name(text)]
    return list(dict.fromkeys([*as_said, *matched, *general] if matched or general else [*as_said, DEFAULT]))


def _is_of(item: Input, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in (item.name, base_name(item)))


def shown(fields: Sequence[str]) -> list[str]:
    """The fields of some candidates as a message names them, without what is several or a pattern."""
    return [field for field in fields if not set(",=") & set(field)] or [*fields]


def chosen(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of some fields that a file has; None if it has none of them."""
    return next((name for name in wanted if name in names), None)


__all__ = ["candidates", "chosen", "is_one_name", "shown", "unmatched"]
