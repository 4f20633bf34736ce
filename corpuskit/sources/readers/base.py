"""What a reader is: one file format, as documents.

A reader is made from its options, checks them, says where an input may be cut, and reads one slice of it.
It keeps nothing between calls, so any process can read any slice.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Input, OnBadDocument, Shares, Slice
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.inputs.compression import Limits
from corpuskit.sources.inputs.stream import InputStream, text_bytes
from corpuskit.sources.inputs.utf8 import invalid_utf8, is_valid
from corpuskit.sources.kept_fields import parse_keep
from corpuskit.sources.option_names import TYPES, refused
from corpuskit.sources.plain_text import PlainText

#: About how many bytes of text a reader gives in one batch.
BATCH_BYTES = 2**20
#: The largest number of documents that a reader gives in one batch.
BATCH_DOCUMENTS = 16384

#: How far into a file the line of a broken document is counted; beyond, only the byte is named.
_LINE_COUNT_BYTES = 8 * 2**30


class Reader(abc.ABC):
    """One file format.

    Args:
        options: What the user or a spec said; None stands for an option's default.

    Raises:
        ConfigError: If there is an option that the reader does not know, or a value that it cannot use.

    Attributes:
        OPTIONS: Every option with its default; a subclass adds its own to `COMMON_OPTIONS`.
        CHOICES: What the options may be that have a few values.
        PLACES: What a document's start is: "bytes" of the decompressed input, or "rows"; both from 0.
        APPENDS_EOT: Whether an end-of-text id follows each document where the user does not say.
        VERBATIM: Whether a document's text is the decompressed input's bytes from its start on.
        COUNTS_ROWS: Whether a slice is a range of rows, as many as it is long.
        block_bytes: How much is read at once.
        on_open: Called with each stream that `open` opens, if it is not None.
    """

    #: invalid_utf8: "error" (as on_bad_document says) or "replace" (with U+FFFD, counted).
    #: on_bad_document: "error" or "skip" (left out, counted), for documents that cannot be read.
    #: on_missing: "skip" or "error", for records without text.
    #: keep: The fields or columns to keep beside the text, as `parse_keep` takes them; None keeps an id that
    #: there is, an empty text none.
    #: max_document_bytes: A longer document cannot be read: it would have to fit in memory.
    #: max_ratio: The largest expansion of compressed data that is taken for text.
    #: max_window_bytes: The largest window of compressed data; each worker may hold one.
    COMMON_OPTIONS: ClassVar[Mapping[str, Any]] = {
        "invalid_utf8": "error",
        "on_bad_document": "error",
        "on_missing": "skip",
        "keep": None,
        "max_document_bytes": 256 * 2**20,
        "max_ratio": Limits().max_ratio,
        "max_window_bytes": Limits().max_window_bytes,
    }
    OPTIONS: ClassVar[Mapping[str, Any]] = COMMON_OPTIONS
    #: Whether `text_field` may be a list, in order of preference, from which the reader chooses for each
    #: record. For other readers one is chosen for each file, by `fields`.
    CHOOSES_TEXT_FIELD: ClassVar[bool] = False
    PLACES: ClassVar[Literal["bytes", "rows"]] = "bytes"
    APPENDS_EOT: ClassVar[bool] = True
    VERBATIM: ClassVar[bool] = False
    COUNTS_ROWS: ClassVar[bool] = False

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "invalid_utf8": ("error", "replace"),
        "on_bad_document": ("error", "skip"),
        "on_missing": ("skip", "error"),
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.block_bytes = BATCH_BYTES
        self.on_open: Callable[[InputStream], None] | None = None
        name = type(self).__name__.removesuffix("Reader").lower()
        for option in options:
            if option not in self.OPTIONS and options[option] is not None:
                raise ConfigError(
                    f"the {name} reader has no option {option!r}; it has: {', '.join(self.OPTIONS)}"
                )
        given = {option: value for option, value in options.items() if value is not None}
        self.options: dict[str, Any] = {**self.OPTIONS, **given}
        for option, value in given.items():
            default = self.OPTIONS[option]
            if option in self.CHOICES and value not in self.CHOICES[option]:
                allowed = " or ".join(map(repr, self.CHOICES[option]))
                raise refused(option, value, allowed)
            if option == "text_field" and self.CHOOSES_TEXT_FIELD and _are_texts(value):
                continue
            if default is not None and type(value) is not type(default):
                raise refused(option, value, TYPES.get(type(default), "text"))
            if type(default) is int and value < 1:
                raise refused(option, value, "1 or more")
        parse_keep(self.options["keep"])

    @abc.abstractmethod
    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The documents of one slice in order, in batches of bounded size.

        Args:
            item: The input.
            part: One of `slices(item)`, or any range that begins and ends where a document does.
            on_bad: Called for each document that is left out or repaired.

        Raises:
            SourceError: For what the options say is an error; it names the place.
        """

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Where an input may be cut, in order; by default nowhere.

        Args:
            item: The input.
            target_bytes: About how large a slice should be.
        """
        return [Slice(size_bytes=text_bytes(item))]

    @property
    def control_tokens(self) -> Sequence[str]:
        """The names of the control tokens that its documents may hold; see `Source.control_tokens`."""
        return ()

    @classmethod
    def class_for(cls, item: Input) -> type[Reader]:
        """The class of what reads an input, which says what its documents' starts are; see `for_input`."""
        return cls

    def for_input(self, item: Input) -> Reader:
        """What reads an input: the reader itself, unless it has others for inputs of other kinds."""
        return self

    def open(self, item: Input, part: Slice) -> InputStream:
        """The decompressed bytes of a range of an input; `skip_bom` skips a byte order mark."""
        limits = Limits(self.options["max_ratio"], self.options["max_window_bytes"])
        stream = InputStream(
            item, start=part.start, stop=part.stop, limits=limits, block_bytes=self.block_bytes
        )
        if self.on_open is not None:
            self.on_open(stream)
        return stream

    def fields(self, item: Input) -> Sequence[str]:
        """The names of the columns or fields that the input's records have; dots lead into nested ones."""
        return ()

    def num_records(self, item: Input, part: Slice) -> int | None:
        """How many records begin in a slice, where that is known without reading them."""
        return part.stop - part.start if self.COUNTS_ROWS and part.stop is not None else None

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Small slices from all over a slice; see `corpuskit.sources.base.Source.places`."""
        return None

    def plain_text(self, item: Input) -> PlainText | None:
        """What can be done with an input that is plain text; None in formats that are something else."""
        return None

    def policy(self, item: Input, on_bad: OnBadDocument) -> BadDocuments:
        """What to do about the broken documents of an input."""
        return BadDocuments(self, item, on_bad)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value)


class BadDocuments:
    """Does with broken documents what the reader's options say: raises, counts, repairs.

    Args:
        reader: Whose options decide.
        item: The input, for messages.
        on_bad: Called for each document that is left out or repaired.
    """

    def __init__(self, reader: Reader, item: Input, on_bad: OnBadDocument) -> None:
        self._reader = reader
        self._item = item
        self._on_bad = on_bad
        self._skip = reader.options["on_bad_document"] == "skip"
        self._replace = reader.options["invalid_utf8"] == "replace"
        self._skip_missing = reader.options["on_missing"] == "skip"

    @property
    def skips_invalid_utf8(self) -> bool:
        """Whether a document with broken bytes is left out."""
        return self._skip and not self._replace

    def leave_out(self, kind: str, start: int, reason: str) -> None:
        """Count a document that is left out whatever the options say."""
        self._on_bad(kind, start, reason)

    def bad(self, kind: str, start: int, reason: str, *, within: int = 0, repair: str = "") -> None:
        """Leave out a document that cannot be read.

        Args:
            kind: Of what kind it is.
            start: Where the document starts.
            reason: What is wrong, for a person.
            within: The byte of the document where it is wrong.
            repair: The flag that has it repaired, if there is one.

        Raises:
            SourceError: If broken documents are an error.
        """
        if not self._skip:
            flags = f"{repair} or --on-bad-document skip" if repair else "--on-bad-document skip"
            raise self.error(reason, start, f"or use {flags}", within=within)
        self._on_bad(kind, start, reason)

    def missing(self, kind: str, start: int, reason: str) -> None:
        """Leave out a record without text.

        Raises:
            SourceError: If such records are an error.
        """
        if not self._skip_missing:
            raise self.error(reason, start, "or use --on-missing skip")
        self._on_bad(kind, start, reason)

    def utf8(self, text: bytes, start: int) -> bytes | None:
        """The text as valid UTF-8, repaired if that is asked for; None if it is left out.

        Raises:
            SourceError: If broken bytes are an error; it names the first one's place.
        """
        if text.isascii() or is_valid(text, final=True):
            return text
        try:
            text.decode()
        except UnicodeDecodeError as error:
            repaired = text.decode(errors="replace").encode()
            return self.repaired(invalid_utf8(text, error), start, repaired, within=error.start)
        return text

    def repaired(self, reason: str, start: int, text: bytes, *, within: int = 0) -> bytes | None:
        """A text in which U+FFFD stands for what is no Unicode, if that is asked for; None if it is left out.

        Args:
            reason: What is wrong, for a person.
            start: Where the document starts.
            text: The repaired text.
            within: The byte of the document where it is wrong.

        Raises:
            SourceError: If such documents are an error.
        """
        if self._replace:
            self._on_bad("invalid-utf8", start, f"{reason} {self.place(start, within)}, replaced")
            return text
        self.bad("invalid-utf8", start, reason, within=within, repair="--invalid-utf8 replace")
        return None

    def place(self, start: int, within: int = 0) -> str:
        """Words for a byte of a document.

        Args:
            start: Where the document starts.
            within: The byte's offset in the document.
        """
        return f"at byte {start + within:,}"

    def error(self, reason: str, start: int, remedy: str = "", *, within: int = 0) -> SourceError:
        """An error that names the line and the byte.

        Args:
            reason: What is wrong.
            start: Where the document starts.
            remedy: What else to do than to repair the input.
            within: The byte of the document where it is wrong.
        """
        where = self.where(start + within)
        repair = f"; repair it {remedy}" if remedy else ""
        return SourceError(
            f"{where}: {reason} {self.place(start, within)}{repair}",
            path=self._item.name,
            found=start + within,
        )

    def where(self, at: int) -> str:
        """The input's name, with the line of a byte where it can be counted."""
        line = _line_number(self._reader, self._item, at)
        return self._item.name if line is None else f"{self._item.name}:{line}"

    def too_long(self, start: int) -> None:
        """Leave out a document that would have to fit in memory and is too large for that.

        Raises:
            SourceError: If broken documents are an error.
        """
        limit = self._reader.options["max_document_bytes"]
        repair = f"--reader-option max_document_bytes={2 * limit}"
        self.bad("too-long", start, f"a document of more than {limit:,} bytes begins", repair=repair)


class BadRows(BadDocuments):
    """The same for formats in which a document's start is the number of its row."""

    def place(self, start: int, within: int = 0) -> str:
        """Words for a byte of a row's text."""
        return f"in row {start:,}" + (f" (byte {within:,} of its text)" if within else "")

    def where(self, at: int) -> str:
        """The input's name."""
        return self._item.name


def _line_number(reader: Reader, item: Input, at: int) -> int | None:
    """The line of a byte of an input, from 1; None if it cannot be counted or is too far away."""
    if at > _LINE_COUNT_BYTES:
        return None
    line = 1
    with contextlib.suppress(SourceError), reader.open(item, Slice()) as stream:
        while at > 0:
            data = stream.read(min(at, BATCH_BYTES))
            if not data:
                break
            line += data.count(b"\n")
            at -= len(data)
        return line
    return None


__all__ = ["BATCH_BYTES", "BATCH_DOCUMENTS", "BadDocuments", "BadRows", "Reader"]
