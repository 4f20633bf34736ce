"""What a source is: text of documents, in order, from inputs that can be identified.

A source knows its inputs (a file, a table, an embedded text), says where each may be cut into slices that
can be read on their own, and reads the documents of one slice. `prepare` does the rest. Sources that are
files inherit all of it from `corpuskit.sources.files`; a source with its own code implements `inputs` and
`documents`:

```python
class Proverbs(Source):
    def inputs(self):
        return [Input.of_text("proverbs", "".join(LINES))]

    def documents(self, item):
        for number, line in enumerate(LINES):
            yield Document(line, start=number)
```
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from corpuskit.errors import ConfigError, CorpuskitError, SourceError
from corpuskit.on_progress import OnProgress
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.changes import Recorded, changes
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.plain_text import PlainText

#: The number of documents that the default `read` puts into one batch.
_DOCUMENTS_PER_BATCH = 256
#: What a user may ask of a source, beside what to do about broken documents, which there may be none of.
_ASKED = {
    "location": "--from",
    "format": "--format",
    "text_field": "--text-field",
    "separator": "--separator",
    "lines": "--lines",
    "template": "--template",
    "train_on": "--train-on",
    "keep": "--keep",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """One document of a corpus.

    Args:
        text: Its text, or the text's UTF-8 bytes.
        start: Where it starts in its input: a byte offset, or a row number in formats that have rows.
    """

    text: str | bytes
    start: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Input:
    """One input of a source, identified by its content.

    Args:
        name: What the manifest records: the URL that was read, without credentials, or a path relative to the
            corpus.
        size_bytes: The size of what is read.
        sha256: Its hexadecimal digest; empty where it is not known yet, because hashing a large local file
            takes a while: `corpuskit.sources.files.hash_input` computes it, in any process.
        split: The split that all of it belongs to, where the corpus comes split; else None.
        location: Where this machine reads it (a local path or a URL); never recorded.
        format: The name of its reader.
        member: The file read inside a zip archive, else None.
        version: What tells this state of the file from a later one (a modification time, an ETag); never
            recorded. Reading checks it: an input that changed since it was listed is an error.
        unverified: True where the user gave the file for another one (`--from`), and nothing says what that
            one's bytes are.
    """

    name: str
    size_bytes: int
    sha256: str
    split: str | None = None
    location: str = ""
    format: str = "text"
    member: str | None = None
    version: str = ""
    unverified: bool = False

    @classmethod
    def of_text(cls, name: str, text: str | bytes, *, split: str | None = None) -> Input:
        """The input that an embedded text is."""
        data = text.encode() if isinstance(text, str) else text
        return cls(name, len(data), hashlib.sha256(data).hexdigest(), split)


@dataclasses.dataclass(frozen=True, slots=True)
class Slice:
    """A piece of one input that can be read on its own.

    Args:
        start: Where it starts: a byte offset or a row, as its reader counts.
        stop: Where it ends (exclusive); None is the end of the input.
        size_bytes: About how much there is to read; decides how slices are grouped into parts.
        document_start: Where the first document starts; smaller than `start` where a document was cut.
        ends_document: False where the slice's last document goes on in the next slice.
    """

    start: int = 0
    stop: int | None = None
    size_bytes: int = 0
    document_start: int = 0
    ends_document: bool = True


#: Parts of a slice: where each begins and ends, 0 being the slice's beginning and 1 its end.
Shares = Sequence[tuple[float, float]]
#: Documents, and the share of their slice that is read by then; None where it cannot be told.
Sampled = tuple[DocumentBatch, float | None]
#: Called for each document that is left out or repaired: (kind, start in the input, reason).
#: Kinds: "invalid-utf8", "invalid-json", "wrong-field-count", "missing-text", "null-text", "not-text",
#: "too-long", "empty"; of conversations "missing-conversation", "null-conversation" and those of
#: `corpuskit.chat.conversation.BadConversation`. Where one is not to be left out but to stop the run, the
#: source raises SourceError.
OnBadDocument = Callable[[str, int, str], None]


#: Called for each file that cannot be listed: (name, error).
OnListingProblem = Callable[[str, CorpuskitError], None]


@dataclasses.dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a user may say about where a source's text comes from and how it is read.

    Args:
        location: A path or URL to take the corpus's bytes from instead (`--from`); None for the usual place.
        format: A reader's name instead of the one the file's extension says.
        reader: Options for the reader: text_field, keep, separator, lines, invalid_utf8 ("error" or
            "replace"), on_bad_document ("error" or "skip"), and whatever else it has.
        on_progress: Called while files are fetched.
    """

    location: str | None = None
    format: str | None = None
    reader: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    on_progress: OnProgress | None = None


def text_of(document: Document) -> bytes:
    """A document's text as UTF-8.

    Raises:
        TypeError: If it is no document, or its text is none.
        UnicodeEncodeError: If it holds half a character.
    """
    if not isinstance(document, Document):
        raise TypeError(
            f"documents() must yield corpuskit.Document, found {type(document).__name__} {document!r:.60}"
        )
    text = document.text
    if isinstance(text, str):
        return text.encode()
    if not isinstance(text, bytes):
        raise TypeError(f"a Document's text must be str or bytes, found {type(text).__name__} {text!r:.60}")
    return text


class Source(abc.ABC):
    """Text of documents.

    A source is cheap to make, so that every worker process makes its own from the same JSON values. Only
    `inputs` may download, hash or list; a worker never calls it. What `slices` and `read` need to know
    comes with the `Input` that they are given, so both work on a source that was made a moment ago.

    Args:
        spec: The spec the source was found by.
        argument: What followed the name after a colon, else None.
        options: What the user said about it.

    Attributes:
        HEEDS: Which of a user's "location", "format", "text_field", "separator", "lines", "template",
            "train_on" and "keep" the source acts upon. The others are refused: an option that is dropped
            silently gives another corpus than the one asked for.
        left_out: The files that the last call of `inputs` found and left out.
        owner: Whose it is; set by who opens it.
    """

    owner: Owner | None = None

    HEEDS: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, *, spec: SourceSpec, argument: str | None = None, options: SourceOptions | None = None
    ) -> None:
        self.spec = spec
        self.argument = argument
        self.options = options or SourceOptions()
        self.left_out = LeftOut()

    def check_heeded(self) -> None:
        """Refuse what the user asks for and the source does nothing about.

        Raises:
            ConfigError: Naming the option.
        """
        options = self.options
        said = {"location": options.location, "format": options.format, **options.reader}
        for name, flag in _ASKED.items():
            if name == "keep" and said.get(name) == "":
                continue  # nothing is kept of what its own code reads
            if name not in self.HEEDS and said.get(name) not in (None, False):
                raise ConfigError(
                    f"{flag} {said[name]}: corpus {self.name!r} is read by its own code, which has no such "
                    f"option; leave {flag} out",
                    found=name,
                )

    @property
    def owners(self) -> Sequence[Owner]:
        """The plugins that its text comes through, as far as they are known by now."""
        return [] if self.owner is None else [self.owner]

    @property
    def name(self) -> str:
        """What the corpus is called where the user does not say."""
        return self.spec.name

    @property
    def default_split(self) -> str:
        """The rule of the splits where the user gives none, as `--split` takes it."""
        return self.spec.split

    @property
    def default_eot(self) -> bool:
        """Whether an end-of-text id follows each document where the user does not say."""
        return self.spec.eot

    @abc.abstractmethod
    def inputs(self) -> Sequence[Input]:
        """The inputs in order, made available on this machine first (downloads happen here)."""

    def first_inputs(self, count: int) -> tuple[Sequence[Input], int] | None:
        """All inputs in order, of which only the first are made available: for a corpus that ends early.

        Args:
            count: How many at the front.

        Returns:
            What `inputs` gives, the others without a `location`, and how many at the front have one, at least
            `count`. None where nothing but fetching them says what they are.
        """
        return None

    def listed(self, on_problem: OnListingProblem) -> Sequence[Input]:
        """The inputs, where one that cannot be had does not hide the others.

        Args:
            on_problem: Called with what the user named, or the file's name, and the error.
        """
        return self.inputs()

    def place_of(self, item: Input, start: int) -> str:
        """Where a document of an input begins, in words for an error.

        Args:
            item: The input.
            start: Where it starts there.
        """
        return f"{item.name}, document at {start:,}"

    def digest(self, item: Input) -> str:
        """The sha256 of an input that was listed without one."""
        return item.sha256

    def state(self, item: Input) -> str:
        """What an input is now: another text whenever its bytes may be others, on any machine that sees it.

        It is compared before an input's text is used and afterwards, in one run and in the next. Empty where
        the source's own checks say all that can be said.

        Raises:
            SourceError: If it cannot be looked at.
        """
        return ""

    def unchanged(self, recorded: Sequence[Recorded]) -> bool:
        """Whether the inputs are still those of a manifest; cheap where the source can tell without them.

        Args:
            recorded: (name, size in bytes, sha256, split) of each input, in order.
        """
        inputs = self.inputs()
        told = [(name, size_bytes, split) for name, size_bytes, _, split in recorded]
        return [(item.name, item.size_bytes, item.split) for item in inputs] == told and all(
            (item.sha256 or self.digest(item)) == known[2]
            for item, known in zip(inputs, recorded, strict=True)
        )

    def changes(self, recorded: Sequence[Recorded]) -> str:
        """Which inputs are no longer those of a manifest, in words; asked where `unchanged` says no.

        Args:
            recorded: As `unchanged` is given it.
        """
        return changes(
            recorded,
            [(i.name, i.size_bytes, i.sha256 or functools.partial(self.digest, i)) for i in self.inputs()],
        )

    def expansion(self, item: Input) -> float:
        """About how many bytes are read for each byte of an input's size; more than 1 for compressed ones."""
        return 1.0

    def documents(self, item: Input) -> Iterator[Document]:
        """The documents of one input in order; the same ones every time."""
        raise NotImplementedError(f"{type(self).__name__} implements neither documents() nor read()")

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Where one input may be cut, in order; by default nowhere.

        Args:
            item: One of `inputs()`.
            target_bytes: About how large a slice should be. It follows from the corpus's size and never
                from the number of workers.
        """
        return [Slice(size_bytes=item.size_bytes)]

    def plain_text(self, item: Input) -> PlainText | None:
        """The characters and bytes of an input that is plain text; None for one that is something else."""
        return None

    def fields(self, item: Input) -> Sequence[str]:
        """The names of the columns or fields that an input's records have; of what has no records, none."""
        return ()

    def control_tokens(self, item: Input) -> Sequence[str]:
        """The names of the control tokens that an input's documents may hold, known without reading it.

        An empty name is the tokenizer's end-of-text token, whatever it is called.
        """
        return ()

    def num_records(self, item: Input, part: Slice) -> int | None:
        """How many records begin in a slice, where that is known without reading them.

        A record is a document, unless it turns out to be empty or broken.
        """
        text = self.plain_text(item)
        whole = text is not None and text.is_one_document
        return int(part.start == part.document_start) if whole else None

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Small slices from all over a slice, for a sample; None where only its beginning can be read alone.

        Args:
            item: One of `inputs()`.
            part: One of its slices.
            shares: Where each of the small slices begins and ends.

        Returns:
            The documents that start in each share; an empty slice (`start == stop`) where none does.
        """
        return None

    def sample(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[Sampled]:
        """The documents of one slice, each batch with the share of the slice that is read by then.

        The share is between 0 and 1, measured in stored bytes or in rows; None where it cannot be told.
        """
        for batch in self.read(item, part, on_bad):
            yield batch, None

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The documents of one slice, in batches of bounded size.

        The last batch of a slice whose `ends_document` is False says that it `continues`.
        """
        batch = DocumentBatch([], [])
        for document in self.documents(item):
            try:
                text = text_of(document)
            except UnicodeEncodeError as error:
                raise SourceError(
                    f"{item.name}, document at {document.start:,}: its text is no valid Unicode (half a "
                    f"character, {document.text[error.start]!a}); the source must repair it",
                    path=item.name,
                ) from error
            batch.texts.append(text)
            batch.starts.append(document.start)
            if len(batch.texts) == _DOCUMENTS_PER_BATCH:
                yield batch
                batch = DocumentBatch([], [])
        if batch.texts:
            yield batch
