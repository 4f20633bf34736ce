"""Documents drawn on lines of a terminal: what a model is to learn of them, and their control tokens."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from corpuskit.terminal.token_lines import Look, cut, inked, visible

#: The signs around what is learned and around a control token, for text without colours.
LEARNED, CONTROL = ("⟦", "⟧"), ("⟪", "⟫")
#: Where there are no colours, these stand for themselves in no text.
_SIGNS = re.compile("[⟦⟧⟪⟫]")
#: Inks by whether it is learned, and whether it is a control token: what is learned has green paper.
_COLOURS = {
    256: (("", "38;5;16;48;5;250"), ("38;5;16;48;5;157", "1;38;5;16;48;5;114")),
    16: (("", "30;47"), ("30;42", "1;4;30;42")),
}


@dataclasses.dataclass(frozen=True, slots=True)
class MaskedText:
    """Some text of a document that is of one kind.

    Args:
        text: The text; of a control token its name.
        is_learned: Whether a model is to learn it.
        is_control: Whether it is a control token.
    """

    text: str
    is_learned: bool = False
    is_control: bool = False


def legend(look: Look) -> str:
    """A line that says what the signs and colours are."""
    examples = (
        MaskedText("to be learned", is_learned=True),
        MaskedText("control token", is_control=True),
        MaskedText("control token to be learned", is_learned=True, is_control=True),
    )
    if look.colours:
        return "  ".join(inked(one.text, _ink(one, look), look) for one in examples) + "\n"
    return f"{_wrapped('to be learned', LEARNED)}  {_wrapped('control token', CONTROL)}\n"


def lines(texts: Iterable[MaskedText], look: Look) -> Iterator[str]:
    """The lines of a document; in text without colours each line has the signs of its own.

    Args:
        texts: What the document is made of, in order.
        look: How wide the lines are, and whether there are colours.
    """
    line = _Line(look)
    for one in texts:
        text = one.text if look.colours else _SIGNS.sub(_spelled, one.text)
        for number, part in enumerate(visible(text).split("\n")):
            if line.text and (number or (one.is_control and not line.has_room(part))):
                yield line.end()
            for count, (piece, cells) in enumerate(cut(part, line.used, line.room)):
                if count and line.text:
                    yield line.end()
                line.add(piece, cells, one)
    if line.text:
        yield line.end()


class _Line:
    """A line in the making."""

    def __init__(self, look: Look) -> None:
        # The last column is for what shows a line's end; each text may bring two signs, and the line one.
        self.room = max(look.columns - (1 if look.colours else 5), 1) if look.columns else 0
        self.text, self.used = "", 0
        self._look, self._is_open = look, False

    def has_room(self, text: str) -> bool:
        """Whether a text fits behind what is there."""
        from rich.cells import cell_len

        return not self.room or self.used + cell_len(text) <= self.room

    def add(self, piece: str, cells: int, one: MaskedText) -> None:
        """Put a piece of a text on it."""
        if not piece:
            return
        if self._look.colours:
            self.text += inked(piece, _ink(one, self._look), self._look)
            self.used += cells
            return
        if one.is_learned != self._is_open:
            self.text += LEARNED[not one.is_learned]
            self.used += 1
            self._is_open = one.is_learned
        self.text += _wrapped(piece, CONTROL) if one.is_control else piece
        self.used += cells + 2 * one.is_control

    def end(self) -> str:
        """The line as it is; the next one begins."""
        made = f"{self.text}{LEARNED[1] if self._is_open else ''}\n"
        self.text, self.used, self._is_open = "", 0, False
        return made


def _ink(one: MaskedText, look: Look) -> str:
    return _COLOURS[look.colours][one.is_learned][one.is_control]


def _wrapped(text: str, signs: tuple[str, str]) -> str:
    return f"{signs[0]}{text}{signs[1]}"


def _spelled(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


__all__ = ["CONTROL", "LEARNED", "MaskedText", "legend", "lines"]
