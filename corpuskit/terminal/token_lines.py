"""Tokens drawn on lines of a terminal: with their borders, and with ids under them where those are wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from corpuskit.terminal.text import one_line, safe

#: What ends a token in text without colours, and one whose target is masked.
BORDER, MASKED_BORDER = "│", "┊"
#: What shows a line's end and a tab, which have no ink of their own.
_LINE_END, _TAB = "↵", "→"

_RESET = "\x1b[0m"
#: Ink on paper in turns, so that a terminal's own colours do not matter; what is masked has little contrast.
_COLOURS = {
    256: (("38;5;16;48;5;153", "38;5;16;48;5;223"), ("38;5;250;48;5;240", "38;5;250;48;5;242")),
    16: (("30;46", "30;43"), ("2;37;40", "2;37;40")),
}
_FOUND, _FAINT = "1;4", "2"


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A token to draw.

    Args:
        text: What it stands for, as the corpus has it.
        number: Its id.
        masked: Whether its target is masked.
        found: Whether it is a part of what was looked for.
    """

    text: str
    number: int
    masked: bool = False
    found: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How tokens look.

    Args:
        columns: How wide the lines are; 0 is as wide as the text.
        colours: How many colours there are: 0, 16 or 256.
        borders: Whether a character stands between tokens.
        ids: Whether each token has its id under it.
    """

    columns: int
    colours: int = 0
    borders: bool = False
    ids: bool = False

    @classmethod
    def of_stdout(cls, *, borders: bool, ids: bool) -> Look:
        """What stdout can show; the colours are none where it is no terminal, or NO_COLOR is set."""
        from rich.console import Console

        console = Console()
        colours = 0 if console.no_color else _DEPTHS.get(console.color_system or "", 0)
        return cls(console.width if console.is_terminal else 0, colours, borders, ids)

    @property
    def is_plain(self) -> bool:
        """Whether tokens have no borders at all, so that there is nothing to draw."""
        return not (self.colours or self.borders)


_DEPTHS = {"standard": 16, "windows": 16, "256": 256, "truecolor": 256}


def lines(tokens: Iterable[Token], look: Look) -> Iterator[str]:
    """The lines that tokens take, each with its line end.

    Args:
        tokens: The tokens.
        look: How they look.
    """
    return _with_ids(tokens, look) if look.ids else _flowing(tokens, look)


def rule(title: str, look: Look, *, stroke: str = "─") -> str:
    """A line across the terminal with a title in it.

    Args:
        title: What it says; it is shortened where there is no room.
        look: How wide it is; 80 columns where that does not matter.
        stroke: What it is drawn with.
    """
    from rich.cells import cell_len, set_cell_size

    columns = look.columns or 80
    title = one_line(title)
    if cell_len(title) > (room := max(columns - 6, 1)):
        title = set_cell_size(title, room - 1).rstrip() + "…"
    text = f"{stroke * 2} {title} "
    return inked(text + stroke * max(2, columns - cell_len(text)), _FAINT, look) + "\n"


def faint(text: str, look: Look) -> str:
    """A line that says something about the tokens."""
    return inked(one_line(text), _FAINT, look) + "\n"


def _flowing(tokens: Iterable[Token], look: Look) -> Iterator[str]:
    """Text as it flows, broken where the terminal would: a line that it breaks may be coloured to its end."""
    room = look.columns - 1  # the last column is for what shows a line's end
    made, used, border = "", 0, ""
    for turn, token in enumerate(tokens):
        if border:
            if used >= room > 0:
                yield made + "\n"
                made, used = "", 0
            made, used = made + inked(border, _FAINT, look), used + 1
        for number, part in enumerate(visible(token.text).split("\n")):
            if number:
                yield made + "\n"
                made, used = "", 0
            for count, (piece, cells) in enumerate(cut(part, used, room)):
                if count:
                    yield made + "\n"
                    made, used = "", 0
                made, used = made + inked(piece, _ink(token, turn, look), look), used + cells
        border = "" if not look.borders else MASKED_BORDER if token.masked else BORDER
    if border == MASKED_BORDER:  # which says something at the end too
        made += inked(border, _FAINT, look)
    if made:
        yield made + "\n"


def _with_ids(tokens: Iterable[Token], look: Look) -> Iterator[str]:
    """Each token over its id, as many beside each other as there is room for."""
    from rich.cells import cell_len

    room = look.columns - look.borders
    above, below, used, border = "", "", 0, ""
    for turn, token in enumerate(tokens):
        text, number = visible(token.text).replace("\n", ""), str(token.number)
        cells = cell_len(text)
        width = max(cells, len(number))
        if above and look.columns and used + len(border) + width > room:
            yield f"{above.rstrip()}\n{below.rstrip()}\n"
            above, below, used, border = "", "", 0, ""
        ink = _ink(token, turn, look)
        if width <= room or not look.columns:
            pad = " " * (width - cells)
            between = inked(border, _FAINT, look)
            above += f"{between}{inked(text, ink, look)}{pad}"
            below += f"{' ' * len(border)}{inked(number.ljust(width), _FAINT, look)}"
            used += len(border) + width
        else:
            for piece, _ in cut(text, 0, look.columns):
                yield inked(piece, ink, look) + "\n"
            yield inked(number, _FAINT, look) + "\n"
            continue
        border = " " if not look.borders else MASKED_BORDER if token.masked else BORDER
        if "\n" in token.text:
            yield f"{above.rstrip()}\n{below.rstrip()}\n"
            above, below, used, border = "", "", 0, ""
    if border == MASKED_BORDER:
        above += inked(border, _FAINT, look)
    if above:
        yield f"{above.rstrip()}\n{below.rstrip()}\n"


def visible(text: str) -> str:
    """A token's text, safe, in which line ends and tabs are seen too."""
    return safe(text).replace("\t", f"{_TAB}   ").replace("\n", f"{_LINE_END}\n")


def cut(text: str, used: int, room: int) -> Iterator[tuple[str, int]]:
    """A text in pieces that each fit on a line, and their cells; the first line has some in use already."""
    from rich.cells import cell_len, get_character_cell_size

    if room <= 0 or used + len(text) * 2 <= room:
        yield text, cell_len(text)
        return
    start, cells = 0, 0
    for at, character in enumerate(text):
        size = get_character_cell_size(character)
        if used + cells + size > room and used + cells and character != _LINE_END:
            yield text[start:at], cells
            start, used, cells = at, 0, 0
        cells += size
    yield text[start:], cells


def _ink(token: Token, turn: int, look: Look) -> str:
    if not look.colours:
        return ""
    ink = _COLOURS[look.colours][token.masked][turn % 2]
    return f"{ink};{_FOUND}" if token.found else ink


def inked(text: str, ink: str, look: Look) -> str:
    """Text in an ink, where there are colours."""
    return f"\x1b[{ink}m{text}{_RESET}" if text and ink and look.colours else text


__all__ = ["BORDER", "MASKED_BORDER", "Look", "Token", "cut", "faint", "inked", "lines", "rule", "visible"]
