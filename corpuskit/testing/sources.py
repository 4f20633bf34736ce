"""What every source must do: `SourceSuite`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from corpuskit.sources.base import Input, Slice, Source

#: One slice, a few, and as many as the source can make.
_TARGETS = (2**40, 1000, 64, 1)


class SourceSuite:
    """Subclass it and give the fixture `source`: a source of a few small documents of several lines.

    Give `empty_source` too where a source can be empty (a file of 0 bytes): it must then have no documents
    and raise nothing.
    """

    @pytest.fixture
    def source(self) -> Source:
        """The source to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'source'")

    @pytest.fixture
    def empty_source(self) -> Source:
        """A source of the same kind whose input is empty; skipped unless overridden."""
        pytest.skip("no fixture 'empty_source'")

    def reopen(self, source: Source) -> Source:
        """A new source as another process makes it, from the same spec, argument and options."""
        factory: Any = type(source)
        opened: Source = factory(spec=source.spec, argument=source.argument, options=source.options)
        return opened

    def test_it_has_inputs_that_can_be_identified(self, source: Source) -> None:
        inputs = source.inputs()
        assert inputs
        assert len({(item.name, item.member) for item in inputs}) == len(inputs), "two inputs share a name"
        for item in inputs:
            digest = item.sha256 or source.digest(item)
            assert re.fullmatch("[0-9a-f]{64}", digest), f"{item.name}: expected a sha256 in hexadecimal"
            assert item.size_bytes >= 0
            assert "@" not in urlsplit(item.name).netloc, f"{item.name}: a name carries no credentials"
            assert not item.name.startswith("/"), (
                f"{item.name}: a name is not an absolute path of one machine"
            )

    def test_its_inputs_stay_the_same(self, source: Source) -> None:
        def identity(inputs: Sequence[Input]) -> list[tuple[Any, ...]]:
            return [(i.name, i.size_bytes, i.sha256, i.split, i.format, i.member) for i in inputs]

        first = identity(source.inputs())
        assert identity(source.inputs()) == first
        assert identity(self.reopen(source).inputs()) == first

    def test_it_knows_that_nothing_has_changed(self, source: Source) -> None:
        recorded = [(i.name, i.size_bytes, i.sha256 or source.digest(i), i.split) for i in source.inputs()]
        assert self.reopen(source).unchanged(recorded)
        (name, size_bytes, sha256, split), *others = recorded
        assert not self.reopen(source).unchanged([(name, size_bytes, "0" * 64, split), *others])
        assert not self.reopen(source).unchanged([(name, size_bytes, sha256, "another"), *others])

    def test_documents_are_utf8_with_ascending_starts(self, source: Source) -> None:
        for item in source.inputs():
            for text, start in read(source, item, target_bytes=2**40):
                assert isinstance(text, bytes)
                assert start >= 0
            starts = [start for _, start in read(source, item, target_bytes=2**40)]
            assert starts == sorted(starts)

    def test_it_has_documents(self, source: Source) -> None:
        assert any(read(source, item, target_bytes=2**40) for item in source.inputs())

    @pytest.mark.parametrize("target_bytes", _TARGETS)
    def test_slices_are_in_order_and_do_not_overlap(self, source: Source, target_bytes: int) -> None:
        for item in source.inputs():
            slices = source.slices(item, target_bytes=target_bytes)
            assert list(source.slices(item, target_bytes=target_bytes)) == list(slices)
            for one, following in itertools.pairwise(slices):
                assert one.stop is not None, "only the last slice may be open"
                assert one.start <= one.stop == following.start, "slices follow each other without a gap"
            for one in slices:
                assert one.size_bytes >= 0
                assert 0 <= one.document_start <= one.start

    @pytest.mark.parametrize("target_bytes", _TARGETS)
    def test_slices_hold_every_document_once(self, source: Source, target_bytes: int) -> None:
        for item in source.inputs():
            whole = read(source, item, target_bytes=2**40)
            assert read(source, item, target_bytes=target_bytes) == whole

    def test_a_slice_can_be_read_alone_in_any_order_by_a_new_source(self, source: Source) -> None:
        for item in source.inputs():
            slices = list(source.slices(item, target_bytes=64))
            in_order = [read_slice(source, item, part) for part in slices]
            fresh = self.reopen(source)
            backwards = [read_slice(fresh, item, part) for part in reversed(slices)]
            assert backwards[::-1] == in_order

    def test_reading_starts_again_after_it_was_left(self, source: Source) -> None:
        for item in source.inputs():
            for part in source.slices(item, target_bytes=2**40):
                expected = read_slice(self.reopen(source), item, part)
                left = source.read(item, part, refuse)
                next(left, None)
                del left
                assert read_slice(source, item, part) == expected
                assert read_slice(source, item, part) == expected

    def test_two_readings_at_once_do_not_disturb_each_other(self, source: Source) -> None:
        for item in source.inputs():
            for part in source.slices(item, target_bytes=2**40):
                expected = read_slice(source, item, part)
                pairs = itertools.zip_longest(
                    source.read(item, part, refuse), source.read(item, part, refuse)
                )
                together = [(one.texts, other.texts) for one, other in pairs]
                assert [text for one, _ in together for text in one] == [text for text, _ in expected]
                assert all(one == other for one, other in together)

    def test_documents_are_those_that_are_read(self, source: Source) -> None:
        if type(source).documents is Source.documents:
            pytest.skip("the source implements read()")
        for item in source.inputs():
            texts = [
                document.text.encode() if isinstance(document.text, str) else document.text
                for document in source.documents(item)
            ]
            assert texts == [text for text, _ in read(source, item, target_bytes=2**40)]

    def test_a_batch_has_a_start_for_each_text(self, source: Source) -> None:
        for item in source.inputs():
            for part in source.slices(item, target_bytes=1000):
                for batch in source.read(item, part, refuse):
                    assert len(batch.texts) == len(batch.starts)
                    assert batch.texts, "an empty batch says nothing"

    def test_an_empty_input_has_no_documents(self, empty_source: Source) -> None:
        for item in empty_source.inputs():
            assert [text for text, _ in read(empty_source, item, target_bytes=1000) if text] == []


def refuse(kind: str, start: int, reason: str) -> None:
    """What the suite says to a document that is left out or repaired; one without text may be left out."""
    if kind != "empty":
        pytest.fail(f"the source left out or repaired a document: {kind} at {start}: {reason}")


def read_slice(source: Source, item: Input, part: Slice) -> list[tuple[bytes, int]]:
    """The texts of one slice with their starts, whatever the batches were."""
    pieces: list[tuple[bytes, int]] = []
    continues = False
    for batch in source.read(item, part, refuse):
        for number, (text, start) in enumerate(zip(batch.texts, batch.starts, strict=True)):
            try:
                text.decode("utf-8", errors="strict")
            except UnicodeDecodeError as error:
                pytest.fail(f"{item.name}: the text that starts at {start} is not UTF-8: {error}")
            if continues and number == 0:
                pieces[-1] = (pieces[-1][0] + text, pieces[-1][1])
            else:
                pieces.append((text, start))
        continues = batch.continues
    assert continues == (not part.ends_document and bool(pieces)), "the last batch says whether it continues"
    return pieces


def read(source: Source, item: Input, *, target_bytes: int) -> list[tuple[bytes, int]]:
    """The documents of one input with their starts, put together from its slices."""
    documents: list[tuple[bytes, int]] = []
    continues = False
    for part in source.slices(item, target_bytes=target_bytes):
        pieces = read_slice(source, item, part)
        if continues and pieces:
            (text, start), *pieces = pieces
            assert start == documents[-1][1] == part.document_start, "a document that was cut keeps its start"
            documents[-1] = (documents[-1][0] + text, start)
        documents += pieces
        continues = not part.ends_document
    assert not continues, "the last slice ends its document"
    return documents


__all__ = ["SourceSuite", "read", "read_slice"]
