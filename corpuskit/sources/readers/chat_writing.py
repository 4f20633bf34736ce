"""Records of conversations, whatever file they are in, as documents in pieces."""

from __future__ import annotations

import operator
from collections.abc import Mapping, MutableSequence, Sequence
from typing import Any, ClassVar

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import FIELDS, conversation_of
from corpuskit.chat.template import REASONING_OF, TRAIN_ON, Template
from corpuskit.numbers import may_be_rounded
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers import lenient_json as lenient
from corpuskit.sources.readers.base import BadDocuments, Reader
from corpuskit.tokenizers.pieces import DocumentPiece

#: A conversation in pieces.
Pieces = list[DocumentPiece]

_TOOL_CALLS = operator.attrgetter("tool_calls")
#: By what the user says which field is read.
FIELD_FLAG = "--reader-option conversation_field=NAME"


class Writer:
    """Makes documents of records.

    Args:
        options: The reader's options.

    Attributes:
        template: The template that writes them.
        fields: The fields that may hold a conversation, in order of preference.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.template: Template = open_template(options["template"])
        self._field: str = options["conversation_field"]
        self.fields = [self._field] if self._field else [*FIELDS]
        self._how = {name: options[name] for name in ("train_on", "tools", "reasoning")}

    def pieces(self, record: Any, line: bytes = b"") -> Pieces:
        """The document of a record.

        Args:
            record: The record.
            line: Its JSON, where a parser read it that rounds whole numbers of more than 64 bits.

        Raises:
            BadConversation: If it is no conversation, or the template cannot write it.
            UnicodeEncodeError: If it holds half a character.
        """
        conversation = conversation_of(record, self._field)
        # Tools and their calls are all of a conversation that numbers can be in.
        has_tools = conversation.tools or any(map(_TOOL_CALLS, conversation.messages))
        if has_tools and line and may_be_rounded(record):
            conversation = conversation_of(lenient.loads(line), self._field)
        return self.template.pieces(conversation, **self._how)

    def checked(
        self, record: Any, start: int, bad: BadDocuments, *, of: str, line: bytes = b""
    ) -> Pieces | None:
        """The document of a record that may be wrong; None if it is left out.

        Args:
            record: The record.
            start: Where it starts.
            bad: What is done about documents that cannot be read.
            of: Words for the record, between what is wrong and its place.
            line: As `pieces` takes it.

        Raises:
            SourceError: If it is wrong, and such documents are an error.
            UnicodeEncodeError: If it holds half a character.
        """
        try:
            return self.pieces(record, line)
        except BadConversation as error:
            bad.bad(error.kind, start, f"{error.reason}{of}")
        return None


class ConversationReader(Reader):
    """What all readers of conversations have in common.

    Attributes:
        writer: What makes documents of records.
    """

    OPTIONS: ClassVar[Mapping[str, Any]] = {
        **Reader.COMMON_OPTIONS,
        "template": "chatml",
        "train_on": "assistant",
        "tools": True,
        "reasoning": "all",
        "conversation_field": "",
    }
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **Reader.CHOICES,
        "train_on": TRAIN_ON,
        "reasoning": REASONING_OF,
    }
    APPENDS_EOT: ClassVar[bool] = False

    writer: Writer

    @property
    def control_tokens(self) -> Sequence[str]:
        """Those of the template."""
        return self.writer.template.control_tokens


def batch_of(
    documents: list[Pieces], starts: MutableSequence[int], fields: dict[str, list[Any]] | None = None
) -> DocumentBatch:
    """A batch of conversations.

    Args:
        documents: The conversations.
        starts: Where each starts.
        fields: Their kept fields.
    """
    texts = [b"".join([piece.text for piece in document if not piece.is_control]) for document in documents]
    return DocumentBatch(texts, starts, pieces=documents, fields=fields)


__all__ = ["FIELD_FLAG", "ConversationReader", "Pieces", "Writer", "batch_of"]
