"""Conversations: JSON Lines, JSON arrays or Parquet whose records hold messages, written by a template.

The name of an input says which of these it is: `.parquet`, and JSON whatever else. A document is a
conversation, in pieces. One that is wrong is an error, or left out and counted by its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.stream import base_name
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.chat_json import ChatJsonReader
from corpuskit.sources.readers.chat_parquet import ChatParquetReader
from corpuskit.sources.readers.chat_writing import ConversationReader, Writer

_PARQUET = ".parquet"


class ChatReader(ConversationReader):
    """Reads conversations.

    Options:
        template: The template that writes them, by name.
        train_on: What is to be learned: "assistant" (what the assistant writes), "last" (its last message),
            or "all".
        tools: Whether definitions of tools, calls, and what tools answered are written.
        reasoning: Which reasoning is written: "all", "last" (what comes after the user's last message) or
            "none".
        conversation_field: The field that holds the messages; empty finds `messages`, `conversations`, or
            `prompt` with `completion`. Dots lead into nested objects.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.writer = Writer(self.options)
        self._json = ChatJsonReader(self.options, self.writer)
        self._parquet = ChatParquetReader(self.options, self.writer)

    @classmethod
    def class_for(cls, item: Input) -> type[Reader]:
        """By the input's name, what is of Parquet, and of JSON."""
        return ChatParquetReader if base_name(item).lower().endswith(_PARQUET) else ChatJsonReader

    def for_input(self, item: Input) -> Reader:
        """What reads the input."""
        return self._parquet if self.class_for(item) is ChatParquetReader else self._json

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The conversations of one slice."""
        return self.for_input(item).read(item, part, on_bad)

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Ranges of whole lines or rows; all of an array."""
        return self.for_input(item).slices(item, target_bytes=target_bytes)

    def fields(self, item: Input) -> Sequence[str]:
        """The fields of the first record, or the columns."""
        return self.for_input(item).fields(item)

    def num_records(self, item: Input, part: Slice) -> int | None:
        """How many rows there are; of JSON it is not known."""
        return self.for_input(item).num_records(item, part)

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Whole lines; None where only the beginning can be read alone."""
        return self.for_input(item).places(item, part, shares)


__all__ = ["ChatReader"]
