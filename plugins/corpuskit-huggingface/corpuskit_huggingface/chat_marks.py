"""`{% generation %}`: which parts of a rendered text its template marks as what is to be learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from corpuskit_huggingface.chat_limits import current_run


class Mark(NamedTuple):
    """What a pair of generation marks encloses: where it begins and ends in a text, and which pair it is."""

    start: int
    stop: int
    number: int


class Marked(str):
    """A text that knows what of it is between generation marks, wherever a template puts it.

    What changes the text makes an ordinary one of it, so that the marks are missed in the end.
    """

    __slots__ = ("marks",)
    marks: Sequence[Mark]

    @classmethod
    def of(cls, text: str, marks: Sequence[Mark]) -> Marked:
        marked = cls(text)
        marked.marks = marks
        return marked

    def __str__(self) -> Marked:
        return self


def joined(parts: Sequence[str]) -> str:
    """Texts as one, with their marks."""
    text = "".join(parts)
    if not any(isinstance(part, Marked) for part in parts):
        return text
    marks: list[Mark] = []
    place = 0
    for part in parts:
        for start, stop, number in part.marks if isinstance(part, Marked) else ():
            marks.append(Mark(place + start, place + stop, number))
        place += len(part)
    return Marked.of(text, marks)


class Marks(Extension):
    """`{% generation %}`, which encloses what a model is to learn, and the steps of loops and macros."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_generation"), [], [], body).set_lineno(line)

    def _generation(self, caller: Callable[[], str]) -> str:
        run = current_run.get()
        run.marks += 1
        number = run.marks
        text = caller()
        inner = text.marks if isinstance(text, Marked) else ()
        return Marked.of(text, [Mark(0, len(text), number), *inner])

    def _step(self) -> bool:
        current_run.get().count()
        return True


__all__ = ["Mark", "Marked", "Marks", "joined"]
