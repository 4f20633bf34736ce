"""Whose words a rendered conversation is: which special tokens stand in the template's own text.

A template writes its special tokens and the conversation's content into one text, where the two look alike.
So content that could be taken for a special token is rendered a second time with one character of each such
spelling exchanged for a private one, and the texts are compared: what still reads like a special token is the
template's own. Conversations without such content, nearly all, are rendered once.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from corpuskit.plugin import DocumentPiece
from corpuskit_huggingface.chat_limits import Spans

#: What `tokenizers` takes for space around a token that swallows it.
_SPACE = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
#: Where the private characters begin: those of Unicode's last plane, for private use.
_PRIVATE = 0x10F000
#: What a template asks of a text without writing what it asks for.
_METHODS = frozenset(
    {"count", "endswith", "find", "index", "partition", "removeprefix", "removesuffix", "replace", "rfind"}
    | {"rindex", "rpartition", "rsplit", "split", "startswith"}
)


@dataclasses.dataclass(frozen=True)
class SpecialToken:
    """A special token as a tokenizer finds it in text.

    Args:
        name: How it is spelt.
        takes_left: Whether it swallows the space in front of it.
        takes_right: Whether it swallows the space behind it.
        single_word: Whether it is none in the middle of a word.
    """

    name: str
    takes_left: bool = False
    takes_right: bool = False
    single_word: bool = False


class Controls:
    """The special tokens that a template may write.

    Args:
        tokens: The tokens, each spelt in another way.
    """

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self._tokens = {token.name: token for token in tokens if token.name}
        names = sorted(self._tokens, key=len, reverse=True)
        self._longest = max(map(len, names), default=0)
        self._pattern = re.compile("|".join(map(re.escape, names)) or "(?!)")
        # Found wherever one begins, also inside another one.
        self._anywhere = re.compile(f"(?=({self._pattern.pattern}))")
        self._beginnings = [*{name[:2] for name in names}]
        self._heads = {name[:n] for name in names for n in range(1, len(name))}
        self._tails = {name[n:] for name in names for n in range(1, len(name))}
        ends = sorted({name[0] for name in names} | {name[-1] for name in names})
        private = {character: chr(_PRIVATE + number) for number, character in enumerate(ends)}
        self._to_private = private
        self._from_private = str.maketrans({mark: character for character, mark in private.items()})
        self._any_private = (
            re.compile("[" + "".join(private.values()) + "]") if private else re.compile("(?!)")
        )

    @property
    def names(self) -> Sequence[str]:
        """The tokens' names."""
        return [*self._tokens]

    def hidden(self, value: Any) -> Any:
        """A JSON value whose texts hold nothing that could be taken for a special token.

        Roles stay as they are: templates make names of tokens from them. A value with nothing to hide is
        the same object.

        Raises:
            ValueError: If a text to hide something in holds a private character.
        """
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            items = [self.hidden(item) for item in value]
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        if isinstance(value, Mapping):
            pairs = {
                self.hide(key): item if key == "role" else self.hidden(item) for key, item in value.items()
            }
            same = all(pairs.get(key) is item for key, item in value.items())
            return value if same and len(pairs) == len(value) else pairs
        return value

    def hide(self, text: str) -> str:
        """A text of the same length with no special token, nor an edge that could be a part of one."""
        places = self._places(text)
        if not places:
            return text
        if self._any_private.search(text):
            raise ValueError(f"{text!r:.60} holds both a special token's name and a private character")
        characters = [*text]
        for place in places:
            characters[place] = self._to_private[characters[place]]
        return "".join(characters)

    def hide_whole(self, text: str) -> str:
        """As `hide`, where only whole names count."""
        characters = [*text]
        for match in self._anywhere.finditer(text):
            characters[match.start()] = self._to_private[text[match.start()]]
        return "".join(characters)

    def _places(self, text: str) -> set[int]:
        """Where a character has to be exchanged."""
        places = set()
        if any(beginning in text for beginning in self._beginnings):
            places = {match.start() for match in self._anywhere.finditer(text)}
        trimmed = text.rstrip()
        end = len(trimmed)
        places |= {
            end - n for n in range(1, min(end, self._longest) + 1) if trimmed[end - n :] in self._heads
        }
        start = len(text) - len(text.lstrip())
        stop = min(len(text) - start, self._longest)
        places |= {start + n - 1 for n in range(1, stop + 1) if text[start : start + n] in self._tails}
        return places

    def shown(self, text: str) -> str:
        """The text that `hidden` was done to."""
        return text.translate(self._from_private)

    def hide_in_tests(self, tree: nodes.Template) -> None:
        """Let a template that looks for a special token in content find it in what `hidden` made of it."""
        for asked in _asked(tree):
            for constant in [asked] if isinstance(asked, nodes.Const) else asked.find_all(nodes.Const):
                if isinstance(constant.value, str):
                    constant.value = self.hide_whole(constant.value)

    def pieces(self, text: str, hidden: str, trained: Spans) -> list[DocumentPiece]:
        """A rendered conversation in pieces.

        Args:
            text: The text.
            hidden: The text with hidden content, of the same length.
            trained: What of it is learnt, in order; without overlaps.

        Returns:
            The special tokens of the template's own, and the text between them, cut where spans do.
        """
        pieces: list[DocumentPiece] = []
        position = 0
        for start, stop, name in self._found(hidden):
            pieces += _cut(text, position, start, trained)
            learnt = any(begin < stop and start < end for begin, end in trained)
            pieces.append(DocumentPiece(name.encode(), True, learnt))
            position = stop
        return [*pieces, *_cut(text, position, len(text), trained)]

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where special tokens stand, with the space that they swallow, and their names."""
        position = 0
        for match in self._pattern.finditer(text):
            token = self._tokens[match[0]]
            start, stop = match.span()
            if start < position:
                continue
            if token.single_word and (_is_word(text[start - 1 : start]) or _is_word(text[stop : stop + 1])):
                continue
            if token.takes_left:
                start = position + len(text[position:start].rstrip(_SPACES))
            if token.takes_right:
                stop = _SPACES_FROM.match(text, stop).end()  # type: ignore[union-attr]
            yield start, stop, token.name
            position = stop


_SPACES_FROM = re.compile(_SPACE)
_SPACES = "".join(c for c in map(chr, range(0x3001)) if re.fullmatch(_SPACE, c))


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_")


def _cut(text: str, start: int, stop: int, trained: Spans) -> Iterator[DocumentPiece]:
    """Some text as pieces that are learnt and pieces that are not."""
    for begin, end in trained:
        begin, end = max(begin, start), min(end, stop)
        if begin >= end:
            continue
        if start < begin:
            yield DocumentPiece(text[start:begin].encode())
        yield DocumentPiece(text[begin:end].encode(), False, True)
        start = end
    if start < stop:
        yield DocumentPiece(text[start:stop].encode())


def _asked(tree: nodes.Template) -> Iterator[nodes.Node]:
    """What a template compares texts with, or looks for in them."""
    for compare in tree.find_all(nodes.Compare):
        yield compare.expr
        yield from (operand.expr for operand in compare.ops)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in _METHODS:
            yield from call.args[: 1 if call.node.attr == "replace" else None]
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name == "replace":
            yield from filtered.args[:1]


__all__ = ["Controls", "SpecialToken"]
