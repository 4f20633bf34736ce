"""Errors of a plugin's source are said to be the plugin's."""

import pytest

from corpuskit.errors import PluginError
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SourceSpec
from corpuskit.sources.base import Input, Source
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
