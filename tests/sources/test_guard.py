"""Sources of plugins: their own errors are said to be theirs, with the input and the document."""

from __future__ import annotations

import pytest

from corpuskit.errors import PluginError, SourceError
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.base import Document, Input, Slice, Source
from corpuskit.sources.guard import guard

OWNER = Owner("mine", "corpuskit-mine", "1.2")


class Three(Source):
    def inputs(self):
        return [Input.of_text("three", "abc")]

    def documents(self, item):
        yield from (Document("a"), Document("b"), Document("c"))


def guarded(kind):
    source = kind(spec=SourceSpec("three", "Three"))
    guard(source, lambda item: ("source 'three'", OWNER))
    return source


def read(source):
    (item,) = source.inputs()
    return [batch.texts for batch in source.read(item, Slice(), pytest.fail)]


def test_a_sound_source_is_as_it_was():
    assert read(guarded(Three)) == [[b"a", b"b", b"c"]]


def test_an_error_names_plugin_input_and_document():
    class Fails(Three):
        def documents(self, item):
            yield Document("a")
            raise KeyError("b")

    with pytest.raises(PluginError, match=r"of mine \(corpuskit-mine 1.2\) failed at three, document 2"):
        read(guarded(Fails))


@pytest.mark.parametrize("given", [None, "text", [3], [Input.of_text("x", ""), None]])
def test_inputs_that_are_none_are_the_plugins_fault(given):
    class Wrong(Three):
        def inputs(self):
            return given

    with pytest.raises(PluginError, match=r"failed at inputs\(\): TypeError: inputs\(\) must give a list of"):
        guarded(Wrong).inputs()


def test_an_error_about_the_text_is_no_fault_of_the_plugin():
    class Refuses(Three):
        def documents(self, item):
            raise SourceError("three: damaged")
            yield

    with pytest.raises(SourceError, match="three: damaged"):
        read(guarded(Refuses))
