"""Whose words a rendered conversation is: which special tokens stand in the template's own text.

A template writes its special tokens and the conversation's content into one text, where the two look alike.
So the conversation is rendered a second time, where every character of its content that a special token
begins or ends with has another in its place: what still reads like a special token is the template's own,
whatever it cuts out of the content or joins. Conversations without such a character are rendered once.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from corpuskit.plugin import DocumentPiece
from corpuskit_huggingface.chat_limits import Spans

#: What `tokenizers` takes for space around a token that swallows it.
_SPACE = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
#: Where the characters begin that stand for others: Sutton's signs, which are no letters and no space,
#: have no case, and are written as they are by `repr`, as is what they stand for.
_STAND_INS = 0x1D800
#: What no character of a name is exchanged for everywhere: JSON and `repr` write it in ways of their own.
_QUOTES = "_\"'\\"


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
        self._pattern = re.compile("|".join(map(re.escape, names)) or "(?!)")
        ends = sorted({name[0] for name in names} | {name[-1] for name in names})
        stand_ins = {ord(end): chr(_STAND_INS + number) for number, end in enumerate(ends)}
        self._stand_ins = stand_ins
        self._everywhere = {ord(end): stand_ins[ord(end)] for end in ends if not _is_ordinary(end)}
        self._has_any = re.compile("|".join(re.escape(chr(end)) for end in self._everywhere) or "(?!)")
        # A name like a word: its letters stand everywhere, so that only the whole name counts.
        words = [name for name in names if _is_ordinary(name[0]) and _is_ordinary(name[-1])]
        self._words = re.compile(
            "|".join(f"{re.escape(word[0])}(?={re.escape(word[1:])})" for word in words) or "(?!)"
        )

    @property
    def names(self) -> Sequence[str]:
        """The tokens' names."""
        return [*self._tokens]

    def hidden(self, value: Any) -> Any:
        """A JSON value whose texts hold nothing that could be a part of a special token.

        A value with nothing to hide is the same object.
        """
        if isinstance(value, str):
            text = self._words.sub(lambda match: self._stand_ins[ord(match[0])], value)
            return text.translate(self._everywhere) if self._has_any.search(text) else text
        if isinstance(value, list | tuple):
            items = [self.hidden(item) for item in value]
            same = all(a is b for a, b in zip(items, value, strict=True))
            return value if same else type(value)(items)
        if isinstance(value, Mapping):
            pairs = {self.hidden(key): self.hidden(item) for key, item in value.items()}
            same = all(pairs.get(key) is item for key, item in value.items())
            return value if same and len(pairs) == len(value) else pairs
        return value

    def are_alike(self, text: str, hidden: str) -> bool:
        """Whether two texts differ in nothing but what `hidden` changes."""
        return text is hidden or text.translate(self._stand_ins) == hidden.translate(self._stand_ins)

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


def _is_ordinary(character: str) -> bool:
    """Whether it stands in names of JSON values, or is written in another way in places."""
    return character.isalnum() or character.isspace() or character in _QUOTES


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


__all__ = ["Controls", "SpecialToken"]
