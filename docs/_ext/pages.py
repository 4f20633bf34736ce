"""What a page shows: its fenced blocks, each with the HTML comment above it, which says what it is.

<!-- output -->                  the text that the block before it prints
<!-- output varies: A | B -->    the same, where A and B are one sample of what may stand there
<!-- varies: A | B -->           the same for what the commands of a console block print
<!-- in tests: CODE -->          a block that the tests run with CODE after it, to be done sooner
<!-- file: NAME -->              a file to write instead of running it
<!-- not run: WHY -->            neither
<!-- where: PACKAGE -->          the block and its output are skipped where PACKAGE is not installed
"""

from __future__ import annotations

import dataclasses
import re

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[\w ]+?)(?:: (?P<detail>.*?))? -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the comment above it, its line in the page, and its place."""

    language: str
    code: str
    mark: str
    detail: str
    line: int
    place: tuple[int, int]

    @property
    def is_output(self) -> bool:
        return self.mark in ("output", "output varies")

    @property
    def expected(self) -> str:
        """The text with `...` in the place of what varies.

        Raises:
            ValueError: If the comment names something that the block does not show.
        """
        return self.loosely(self.code)

    def loosely(self, text: str) -> str:
        for piece in self.detail.split(" | ") if self.mark.endswith("varies") else []:
            pattern = r".*?".join(re.escape(part.strip()) for part in piece.split("..."))
            if not re.search(pattern, self.code, re.DOTALL):
                raise ValueError(f"line {self.line}: {piece!r} varies, and is not in the block")
            text = re.sub(pattern, lambda _: "...", text, flags=re.DOTALL)
        return text


def blocks(text: str) -> list[Block]:
    return [
        Block(
            found["language"],
            found["code"],
            found["mark"] or "",
            found["detail"] or "",
            text.count("\n", 0, found.start("code")),
            found.span(),
        )
        for found in BLOCK.finditer(text)
    ]
