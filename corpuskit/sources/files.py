"""Corpora that are files: found by a spec, fetched, and read by the reader of their format."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from corpuskit import registry
from corpuskit.errors import ConfigError
from corpuskit.paths import local_path
from corpuskit.registry.blame import blame
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import ReaderSpec, RemoteFile, SourceSpec
from corpuskit.sources.base import Input, OnBadDocument, Sampled, Shares, Slice, Source, SourceOptions
from corpuskit.sources.changes import Recorded, changes
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.guard import giving, plain_text
from corpuskit.sources.inputs.files import local_version, unreadable
from corpuskit.sources.inputs.stream import file_name, hash_input, is_plain
from corpuskit.sources.listing.places import is_folder
from corpuskit.sources.plain_text import PlainText
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.columns import missing_column
from corpuskit.sources.readers.options import reader_class
from corpuskit.sources.readers.samples import sample
from corpuskit.sources.readers.text_field import candidates, chosen, is_one_name, shown
from corpuskit.urls import is_remote, redact_url

log = logging.getLogger(__name__)

#: How much of a compressed file is looked at to see how far it expands.
_EXPANSION_BYTES = 4 * 2**20


class FilesSource(Source):
    """A source whose inputs are files; a subclass finds them."""

    HEEDS: ClassVar[frozenset[str]] = frozenset(
        {"location", "format", "text_field", "separator", "lines", "template", "train_on", "keep"}
    )

    def __init__(
        self, *, spec: SourceSpec, argument: str | None = None, options: SourceOptions | None = None
    ) -> None:
        super().__init__(spec=spec, argument=argument, options=options)
        self._readers: dict[tuple[str, str | tuple[str, ...] | None], Reader] = {}
        self._owners: dict[str, Owner] = {}
        self._text_fields: dict[tuple[str, str | None], str] = {}  # of inputs whose user left a choice

    @property
    def owners(self) -> Sequence[Owner]:
        """Whose the source and its readers are."""
        return [*super().owners, *self._owners.values()]

    @property
    def default_eot(self) -> bool:
        """What the spec says, unless the reader that the user asks for has it otherwise."""
        found = reader_class(self.options.format) if self.options.format else None
        return super().default_eot and (found is None or found.APPENDS_EOT)

    def slices(self, item: Input, *, target_bytes: int) -> Sequence[Slice]:
        """Where the input's reader may cut it."""
        with self._asking(item) as reader:
            return reader.slices(item, target_bytes=target_bytes)

    def read(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[DocumentBatch]:
        """The documents that the input's reader finds in a slice."""
        reader = self.reader_of(item)
        return giving(lambda: reader.read(item, part, on_bad), item, *self._whose(item))

    def fields(self, item: Input) -> Sequence[str]:
        """The columns or fields that the input's reader finds."""
        with self._asking(item) as reader:
            return reader.fields(item)

    def control_tokens(self, item: Input) -> Sequence[str]:
        """Those of the input's reader."""
        with self._asking(item) as reader:
            return reader.control_tokens

    def num_records(self, item: Input, part: Slice) -> int | None:
        """How many records begin in a slice, where the input's reader knows it."""
        with self._asking(item) as reader:
            return reader.num_records(item, part)

    def places(self, item: Input, part: Slice, shares: Shares) -> Sequence[Slice] | None:
        """Small slices from all over a slice, where the input's reader can begin anywhere."""
        with self._asking(item) as reader:
            return reader.places(item, part, shares)

    def sample(self, item: Input, part: Slice, on_bad: OnBadDocument) -> Iterator[Sampled]:
        """The documents of one slice, each batch with the share of it that is read by then."""
        reader = self.reader_of(item)
        return giving(lambda: sample(reader, item, part, on_bad), item, *self._whose(item), of="sample")

    def place_of(self, item: Input, start: int) -> str:
        """The file with the line or the row where a document begins."""
        with self._asking(item) as reader:
            if reader.PLACES == "rows":
                return f"{item.name}, row {start:,}"
            return reader.policy(item, lambda kind, start, reason: None).where(start)

    def digest(self, item: Input) -> str:
        """The sha256 of a file that was listed without one."""
        return hash_input(item)

    def state(self, item: Input) -> str:
        """A local file's size and times. Nobody can set the second one, when it was changed in any way."""
        if not item.location or is_remote(item.location):
            return ""
        try:
            status = os.stat(item.location)  # noqa: PTH116 (this runs for every file of a corpus)
        except OSError as error:
            raise unreadable(f"{item.name}:", "read", error, path=item.location) from error
        return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"

    def expansion(self, item: Input) -> float:
        """How far the beginning of a compressed file expands."""
        if is_plain(item) or item.member is not None or self.reader_of(item).COUNTS_ROWS:
            return 1.0
        with self._asking(item) as reader, contextlib.closing(reader.open(item, Slice())) as stream:
            read = 0
            while read < _EXPANSION_BYTES and (data := stream.read(2**16)):
                read += len(data)
            return max(read / max(stream.stored_position(), 1), 1.0)

    def plain_text(self, item: Input) -> PlainText | None:
        """What the input's reader makes of it as plain text."""
        reader = self.reader_of(item)
        return plain_text(lambda: reader.plain_text(item), item, *self._whose(item))

    def reader_of(self, item: Input) -> Reader:
        """The reader of an input, told which field of it holds the text where there is a choice.

        Raises:
            SourceError: If the input has none of the fields.
        """
        said = self.reader_options(item.format).get("text_field")
        if said is None or is_one_name(said):
            return self.reader(item.format).for_input(item)
        wanted = candidates(said, item)
        reader = self.reader(item.format, text_field=tuple(wanted))
        if reader.CHOOSES_TEXT_FIELD:
            return reader
        key = (item.name, item.member)
        if key not in self._text_fields:
            with blame(*self._whose(item), lambda: item.name):
                names = reader.fields(item)
            field = chosen(wanted, names)
            if field is None and names:
                raise missing_column(item, shown(wanted), names)
            self._text_fields[key] = field or wanted[0]
        return self.reader(item.format, text_field=self._text_fields[key])

    def reader(self, format: str, *, text_field: str | tuple[str, ...] | None = None) -> Reader:
        """The reader of a format, with this source's options.

        Args:
            format: The reader's name.
            text_field: Instead of the option of that name; of several, a reader that chooses none of them
                itself is given the first.

        Raises:
            UnknownName: If there is no such format.
            ConfigError: If the options are not the reader's.
        """
        key = format, text_field
        if key not in self._readers:  # finding one costs more than reading a small file
            component = registry.default().find(ReaderSpec, format)
            options = dict(self.reader_options(format))
            if "text_field" in options:
                field = options["text_field"] if text_field is None else text_field
                found = reader_class(format)
                chooses = found is not None and found.CHOOSES_TEXT_FIELD
                options["text_field"] = field if isinstance(field, str) else [*field] if chooses else field[0]
            self._readers[key] = component.make(Reader, options)
            self._owners[format] = component.owner
        return self._readers[key]

    @contextlib.contextmanager
    def _asking(self, item: Input) -> Iterator[Reader]:
        """An input's reader, whose own errors are said to be its own."""
        reader = self.reader_of(item)
        with blame(*self._whose(item), lambda: item.name):
            yield reader

    def _whose(self, item: Input) -> tuple[str, Owner]:
        """Whose fault an unexpected error is, once the input's reader is open."""
        return f"reader {item.format!r}", self._owners[item.format]

    def reader_options(self, format: str) -> Mapping[str, Any]:
        """What the reader of a format is told: the spec's options, and over them the user's."""
        said = {name: value for name, value in self.options.reader.items() if value is not None}
        return {**self.spec.reader_options, **said}


class DeclaredFiles(FilesSource):
    """A corpus that a spec's `files` describe; no code of its own."""

    def inputs(self) -> Sequence[Input]:
        """The spec's files in order, each on this machine and checked.

        Raises:
            FetchError: If a file cannot be had.
            HashMismatch: If its bytes are not the expected ones.
        """
        return self._fetched(self.spec.files)

    def first_inputs(self, count: int) -> tuple[Sequence[Input], int] | None:
        """The spec's files, where it says the sha256 and the size of each and no archive holds any."""
        from corpuskit.fetching.verified import is_at_hand

        files = self.spec.files
        if self.options.location is not None or not all(
            file.sha256 and file.size_bytes is not None and file.member is None for file in files
        ):
            return None
        while count < len(files) and is_at_hand(files[count]):
            count += 1
        format = self.options.format or self.spec.format
        rest = [
            Input(
                redact_url(file.url),
                file.size_bytes or 0,
                str(file.sha256).lower(),
                file.split,
                format=format,
            )
            for file in files[count:]
        ]
        return [*self._fetched(files[:count]), *rest], min(count, len(files))

    def _fetched(self, wanted: Sequence[RemoteFile]) -> list[Input]:
        """The inputs that some files are, each fetched."""
        from corpuskit.fetching.verified import FetchedFile, fetch

        format = self.options.format or self.spec.format
        self.reader(format)  # a wrong option is found before anything is downloaded
        inputs = []
        files: dict[str, FetchedFile] = {}
        for file in wanted:
            if file.url not in files:  # one archive may hold several of a corpus's files
                files[file.url] = fetch(
                    file, on_progress=self.options.on_progress, location=self._location(file)
                )
            fetched = files[file.url]
            path = fetched.path.absolute()
            inputs.append(
                Input(
                    fetched.url,
                    fetched.size_bytes,
                    fetched.sha256,
                    split=file.split,
                    location=str(path),
                    format=format,
                    member=file.member,
                    version=local_version(path.stat()),
                    unverified=fetched.unverified,
                )
            )
        self._say_unverified(inputs)
        return inputs

    def _say_unverified(self, inputs: Sequence[Input]) -> None:
        names = list(dict.fromkeys(item.name for item in inputs if item.unverified))
        if names:
            log.warning(
                "%s: nothing says what %s must be, so %s taken as given by --from; the manifest says "
                "'unverified'",
                self.name,
                names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
                "it is" if len(names) == 1 else "they are",
            )

    def unchanged(self, recorded: Sequence[Recorded]) -> bool:
        """Whether a manifest's inputs are the spec's; where hashes are published nothing need be at hand."""
        found = [(file.sha256, file.split) for file in self.spec.files]
        if not all(sha256 for sha256, _ in found):  # from wherever they are taken this time
            found = [(item.sha256, item.split) for item in self.inputs()]
        return found == [(sha256, split) for _, _, sha256, split in recorded]

    def changes(self, recorded: Sequence[Recorded]) -> str:
        """Which files are not the spec's; where hashes are published nothing need be at hand."""
        if all(file.sha256 for file in self.spec.files):
            return changes(recorded, [(redact_url(file.url), None, file.sha256) for file in self.spec.files])
        return super().changes(recorded)

    def _location(self, file: RemoteFile) -> str | None:
        """Where `--from` says that a file's bytes are: itself, or in a folder under the file's own name."""
        location = self.options.location
        if location is None:
            return None
        path = local_path(location)
        if path is not None and is_folder(str(path), typed=f"--from {location}"):
            return str(path / file_name(file.url))
        if len({f.url for f in self.spec.files}) == 1:
            return location
        if path is not None:
            raise ConfigError(
                f"--from {location}: {self.spec.name} has {len(self.spec.files)} files; give the folder that "
                "holds them"
            )
        return f"{location.rstrip('/')}/{file_name(file.url)}"


__all__ = ["DeclaredFiles", "FilesSource", "hash_input"]
