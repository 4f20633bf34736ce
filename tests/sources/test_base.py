"""What a source is, and what one does that only has inputs and documents."""

from __future__ import annotations

import hashlib

import pytest

from corpuskit.errors import ConfigError, SourceError
from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.base import Document, Input, Slice, Source, SourceOptions, text_of

LINES = ["one", "zwei\n", "три", "四"]


class Lines(Source):
    """Some lines, each a document."""

    def inputs(self):
        return [Input.of_text("lines", "".join(LINES))]

    def documents(self, item):
        for number, line in enumerate(LINES):
            yield Document(line, start=number)


def lines(kind=Lines, **options):
    return kind(spec=SourceSpec("lines", "Some lines"), options=SourceOptions(**options))


def test_an_input_of_text_is_identified_by_its_bytes():
    (item,) = lines().inputs()
    data = "".join(LINES).encode()
    assert (item.size_bytes, item.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_documents_come_in_batches_of_bytes_with_their_starts():
    source = lines()
    (item,) = source.inputs()
    (part,) = source.slices(item, target_bytes=1)
    (batch,) = source.read(item, part, pytest.fail)
    assert batch.texts == [line.encode() for line in LINES]
    assert batch.starts == [0, 1, 2, 3]
    assert not batch.continues


def test_batches_are_of_bounded_size():
    class Many(Lines):
        def documents(self, item):
            return (Document("x", number) for number in range(1000))

    batches = list(lines(Many).read(lines().inputs()[0], Slice(), pytest.fail))
    assert len(batches) > 1
    assert [start for batch in batches for start in batch.starts] == list(range(1000))


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"location": "x.txt"}, "--from x.txt"),
        ({"format": "csv"}, "--format csv"),
        ({"reader": {"lines": True}}, "--lines True"),
        ({"reader": {"separator": "x"}}, "--separator x"),
    ],
)
def test_an_option_that_a_source_does_nothing_about_is_refused(options, flag):
    with pytest.raises(ConfigError, match=f"{flag}: corpus 'lines' is read by its own code"):
        lines(**options).check_heeded()
    lines().check_heeded()


def test_half_a_character_is_said_of_its_document():
    class Half(Lines):
        def documents(self, item):
            yield Document("ab\ud83d", start=7)

    with pytest.raises(SourceError, match="lines, document at 7: its text is no valid Unicode"):
        list(lines(Half).read(lines().inputs()[0], Slice(), pytest.fail))


@pytest.mark.parametrize("wrong", ["text", None, Document(3), Document(bytearray(b"x"))])
def test_what_is_no_document_is_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"must yield corpuskit.Document|must be str or bytes"):
        text_of(wrong)


def test_inputs_that_changed_are_noticed_and_named():
    source = lines()
    recorded = [(item.name, item.size_bytes, item.sha256, item.split) for item in source.inputs()]
    assert source.unchanged(recorded)
    other = [("lines", recorded[0][1], "0" * 64, None)]
    assert not source.unchanged(other)
    assert not source.unchanged([(*recorded[0][:3], "valid")])
    assert "lines" in source.changes(other)


def test_what_gives_neither_documents_nor_batches_says_so():
    class Nothing(Source):
        def inputs(self):
            return []

    with pytest.raises(NotImplementedError, match=r"Nothing implements neither documents\(\) nor read\(\)"):
        list(lines(Nothing).read(lines().inputs()[0], Slice(), pytest.fail))
