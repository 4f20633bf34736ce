"""Sources of plugins: their own errors are said to be theirs, with the input and the document."""

import pytest

from corpuskit.errors import PluginError, SourceError
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.base import Document, Input, Slice, Source
from corpuskit.sources.guard import guard, plain_text
from corpuskit.sources.plain_text import PlainText

OWNER = Owner("books", "corpuskit-books", "1.0")


class Broken(PlainText):
    is_one_document = True

    def window(self, start, stop):
        return {}[start]

    count_characters = character_offset = window


class Books(Source):
    def inputs(self):
        return [Input.of_text("a.txt", "abc")]

    def plain_text(self, item):
        return self.answer

    def __init__(self, answer):
        super().__init__(spec=SourceSpec("books", "Books"))
        self.answer = answer
        guard(self, lambda item: ("source 'books'", OWNER))


@pytest.mark.parametrize("method", ["window", "count_characters", "character_offset"])
def test_an_error_of_a_plugins_plain_text_names_the_plugin_and_the_input(method):
    source = Books(Broken())
    text = source.plain_text(*source.inputs())
    assert text.is_one_document
    arguments = {"window": (0, 1), "count_characters": (), "character_offset": (0,)}[method]
    with pytest.raises(PluginError, match=r"source 'books' of books \(corpuskit-books 1.0\) failed at a.txt"):
        getattr(text, method)(*arguments)


def test_what_comes_with_corpuskit_is_not_wrapped():
    text = Broken()
    owner = Owner("sources", "corpuskit-core", "1.0")
    assert plain_text(lambda: text, Input.of_text("a.txt", "abc"), "reader 'text'", owner) is text


def test_plain_text_of_another_type_is_the_plugins_fault():
    source = Books(b"abc")
    with pytest.raises(PluginError, match="must give a PlainText or None, found b'abc'"):
        source.plain_text(*source.inputs())


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

    with pytest.raises(PluginError, match=r"of books \(corpuskit-books 1.0\) failed at three, document 2"):
        read(guarded(Fails))


@pytest.mark.parametrize("method", ["state", "expansion", "digest", "fields", "num_records", "places"])
def test_an_error_of_what_is_asked_about_an_input_names_plugin_and_input(method):
    class Fails(Three):
        pass

    setattr(Fails, method, lambda self, item, *rest: {}[method])
    source = guarded(Fails)
    (item,) = source.inputs()
    rest = {"num_records": (Slice(),), "places": (Slice(), [])}.get(method, ())
    with pytest.raises(PluginError, match=r"of books \(corpuskit-books 1.0\) failed at three: KeyError"):
        getattr(source, method)(item, *rest)


def test_an_error_in_a_sample_names_plugin_input_and_document():
    class Fails(Three):
        def sample(self, item, part, on_bad):
            yield from super().sample(item, part, on_bad)
            raise KeyError("d")

    source = guarded(Fails)
    with pytest.raises(PluginError, match="failed at three, document 4: KeyError"):
        list(source.sample(*source.inputs(), Slice(), pytest.fail))


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
