"""A component is loaded, called and checked in one place; its plugin is named where something is wrong."""

import abc
import sys
import types

import pytest

from corpuskit.errors import PluginError, PluginLoadFailed
from corpuskit.registry import Component
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import FormatSpec, SourceSpec

OWNER = Owner("books", "corpuskit-books", "1.0")


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        """The area."""


class Square(Shape):
    def __init__(self, side, *, unit="m"):
        self.side, self.unit = side, unit

    def area(self):
        return self.side**2


@pytest.fixture
def component(monkeypatch):
    """A component whose factory is what it is called with."""

    def made(factory):
        module = types.ModuleType("books_plugin")
        module.factory = factory
        monkeypatch.setitem(sys.modules, "books_plugin", module)
        return Component(FormatSpec("square", "A square", "books_plugin:factory"), OWNER)

    return made


def test_what_is_made_is_called_with_the_arguments(component):
    square = component(Square).make(Shape, 3, unit="cm")
    assert (square.area(), square.unit) == (9, "cm")


@pytest.mark.parametrize("found", [None, "a square", Square])
def test_what_is_not_of_the_kinds_class_names_the_plugin(component, found):
    with pytest.raises(
        PluginLoadFailed,
        match=r"^format 'square' of books \(corpuskit-books 1.0\): expected a corpuskit.plugin.Shape, ",
    ) as raised:
        component(lambda: found).make(Shape)
    assert raised.value.found is found


def test_what_a_factory_raises_names_the_plugin(component):
    def broken():
        raise KeyError("side")

    with pytest.raises(
        PluginError, match=r"format 'square' of books \(corpuskit-books 1.0\) failed at books_plugin"
    ):
        component(broken).make(Shape)


def test_the_kind_is_that_of_the_spec():
    assert Component(SourceSpec("books", "Books"), OWNER).what == "source 'books'"
