"""What only plain text has: characters that can be counted, and byte ranges that can be read."""

from __future__ import annotations

import abc


class PlainText(abc.ABC):
    """An input that is plain text in UTF-8, as `Source.plain_text` gives it.

    Attributes:
        is_one_document: Whether the input is one document and any range of its bytes can be read. `prepare`
            may cut such a document where the ids allow it. Its slices are byte ranges.
    """

    is_one_document: bool = False

    @abc.abstractmethod
    def window(self, start: int, stop: int) -> bytes:
        """The bytes from the offset `start` to the offset `stop`; asked of one document only."""

    @abc.abstractmethod
    def count_characters(self) -> int:
        """How many characters there are; a byte order mark is none."""

    @abc.abstractmethod
    def character_offset(self, characters_before: int) -> int:
        """The byte offset of the character with this number; the end, if it is the number of them.

        Args:
            characters_before: How many characters come before it, 0 or more.

        Raises:
            SourceError: If there are fewer characters.
        """


__all__ = ["PlainText"]
