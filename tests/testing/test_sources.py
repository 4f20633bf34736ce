"""The built-in sources under the shipped suite, and the suite under sources that are wrong."""

import dataclasses

import pytest

from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.base import Document, Input, Slice, Source
from corpuskit.testing.sources import SourceSuite

LINES = ["A stitch in time\n", "saves nine.\n", "Ünïcödé 🙂\n", "\n", "last one"]
SPEC = SourceSpec("proverbs", "A few proverbs")


class Proverbs(Source):
    lines = LINES

    def inputs(self):
        return [Input.of_text("proverbs", "".join(self.lines))]

    def documents(self, item):
        for number, line in enumerate(self.lines):
            yield Document(line, start=number)


class Silence(Proverbs):
    lines = ()


class TestProverbs(SourceSuite):
    @pytest.fixture
    def source(self):
        return Proverbs(spec=SPEC)

    @pytest.fixture
    def empty_source(self):
        return Silence(spec=SPEC)


class Cut(Proverbs):
    """One document in ASCII, in byte ranges that are cut wherever the target says."""

    lines = (*LINES[:2], LINES[4])

    def slices(self, item, *, target_bytes):
        size, step = item.size_bytes, min(target_bytes, item.size_bytes)
        return [
            Slice(at, min(at + step, size), step, document_start=0, ends_document=at + step >= size)
            for at in range(0, size, step)
        ]

    def read(self, item, part, on_bad):
        from corpuskit.sources.document_batch import DocumentBatch

        text = "".join(self.lines).encode()[part.start : part.stop]
        yield DocumentBatch([text], [0], continues=not part.ends_document)


class TestOneDocumentInSlices(SourceSuite):
    @pytest.fixture
    def source(self):
        return Cut(spec=SPEC)

    def test_documents_are_those_that_are_read(self):
        pytest.skip("this source implements read()")


class NewInputs(Proverbs):
    made = 0

    def inputs(self):
        type(self).made += 1
        return [Input.of_text("proverbs", str(self.made))]


class OnlyOnce(Proverbs):
    def __init__(self, **options):
        super().__init__(**options)
        self._lines = iter(LINES)

    def documents(self, item):
        for line in self._lines:
            yield Document(line)


class Latin1(Proverbs):
    def documents(self, item):
        yield Document("é".encode("latin-1"))


class Overlapping(Cut):
    def slices(self, item, *, target_bytes):
        found = super().slices(item, target_bytes=target_bytes)
        return [*found[:-1], dataclasses.replace(found[-1], start=max(0, found[-1].start - 1))]


class Lossy(Cut):
    def slices(self, item, *, target_bytes):
        found = super().slices(item, target_bytes=target_bytes)
        return (
            [dataclasses.replace(found[0], stop=found[0].stop - 1), *found[1:]] if len(found) > 1 else found
        )


class Skips(Proverbs):
    def read(self, item, part, on_bad):
        on_bad("invalid-utf8", 3, "byte 0xff")
        yield from super().read(item, part, on_bad)


class Secret(Proverbs):
    def inputs(self):
        return [Input.of_text("https://me:secret@example.org/a.txt", "x")]


class Backwards(Proverbs):
    def documents(self, item):
        for number, line in enumerate(LINES):
            yield Document(line, start=len(LINES) - number)


@pytest.mark.parametrize(
    ("wrong", "test", "arguments"),
    [
        (NewInputs, "test_its_inputs_stay_the_same", ()),
        (Secret, "test_it_has_inputs_that_can_be_identified", ()),
        (OnlyOnce, "test_reading_starts_again_after_it_was_left", ()),
        (OnlyOnce, "test_slices_hold_every_document_once", (2**40,)),
        (Latin1, "test_documents_are_utf8_with_ascending_starts", ()),
        (Backwards, "test_documents_are_utf8_with_ascending_starts", ()),
        (Overlapping, "test_slices_are_in_order_and_do_not_overlap", (10,)),
        (Overlapping, "test_slices_hold_every_document_once", (10,)),
        (Lossy, "test_slices_hold_every_document_once", (10,)),
        (Skips, "test_it_has_documents", ()),
        (Silence, "test_it_has_documents", ()),
    ],
)
def test_the_suite_finds(wrong, test, arguments):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(SourceSuite(), test)(wrong(spec=SPEC), *arguments)
