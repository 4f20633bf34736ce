"""Looking into files before any work: what is in each, and all that is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from corpuskit.errors import CorpuskitError, SourceError
from corpuskit.preparation.preview.result import PlannedFile
from corpuskit.sources.base import Input, Source
from corpuskit.sources.inputs.compression import by_extension
from corpuskit.sources.inputs.stream import base_name

#: One slice of a whole input.
_WHOLE = 2**62


class Looked:
    """The files of a source, each with what was found wrong with it so far.

    Args:
        source: The source.

    Attributes:
        inputs: The inputs, in order.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._failed: dict[str, list[CorpuskitError]] = {}  # what is no input, because it cannot be listed
        self._of_inputs: dict[Input, list[CorpuskitError]] = {}
        self.inputs: Sequence[Input] = source.listed(self._not_listed)
        self._fields = {item: self._look(item) for item in self.inputs}

    @property
    def good(self) -> list[Input]:
        """The inputs with which nothing is wrong."""
        return [item for item in self.inputs if item not in self._of_inputs]

    @property
    def errors(self) -> list[CorpuskitError]:
        """All that is wrong, in the order of `files`."""
        by_input = (self._of_inputs.get(item, []) for item in self.inputs)
        return [error for errors in (*self._failed.values(), *by_input) for error in errors]

    def note(self, item: Input, error: CorpuskitError) -> None:
        """Keep what is wrong with an input, once."""
        errors = self._of_inputs.setdefault(item, [])
        if str(error) not in map(str, errors):
            errors.append(error)

    def files(self) -> tuple[PlannedFile, ...]:
        """The files with their fields and problems: what cannot be listed first, then the inputs in order."""
        failed = [PlannedFile(name, problems=_lines(errors)) for name, errors in self._failed.items()]
        return (*failed, *map(self._file, self.inputs))

    def _file(self, item: Input) -> PlannedFile:
        compression = by_extension(base_name(item))
        return PlannedFile(
            name=item.name if item.member is None else f"{item.name}/{item.member}",
            format=item.format,
            compression=compression.name if compression else "",
            size_bytes=item.size_bytes,
            split=item.split,
            fields=self._fields[item],
            problems=_lines(self._of_inputs.get(item, [])),
        )

    def _not_listed(self, name: str, error: CorpuskitError) -> None:
        self._failed.setdefault(name, []).append(error)

    def _look(self, item: Input) -> tuple[str, ...]:
        """The fields of an input, of which the first documents are read to see whether that works."""
        fields: tuple[str, ...] = ()
        with self._noting(item):
            fields = tuple(map(_printable, self._source.fields(item)))
        with self._noting(item):
            self._read_some(item)
        return fields

    def _read_some(self, item: Input) -> None:
        """Read the first documents of an input.

        Raises:
            SourceError: If they cannot be read, or none of the file's records has a text.
        """
        left_out: list[tuple[str, str]] = []
        for part in self._source.slices(item, target_bytes=_WHOLE):

            def note(kind: str, start: int, reason: str) -> None:
                left_out.append((kind, reason))

            if next(iter(self._source.read(item, part, note)), None) is not None:
                return
        for kind, reason in left_out:
            if kind == "missing-text":
                raise SourceError(
                    f"{item.name}: no record of the file has a text, in the first there is {reason}; choose "
                    "the field with --text-field",
                    path=item.name,
                )

    @contextlib.contextmanager
    def _noting(self, item: Input) -> Iterator[None]:
        try:
            yield
        except CorpuskitError as error:
            self.note(item, error)


def _lines(errors: Sequence[CorpuskitError]) -> tuple[str, ...]:
    return tuple(map(str, errors))


def _printable(name: str) -> str:
    return " ".join(name.encode("utf-8", "backslashreplace").decode().split())


__all__ = ["Looked"]
