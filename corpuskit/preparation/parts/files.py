"""Work files as values: what reads a dataclass from JSON, strictly, and what is wrong with it in one line."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def reader_of(kind: type) -> TypeAdapter[Any]:
    """What reads a dataclass from JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
