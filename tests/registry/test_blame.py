"""Whose fault an error is."""

from __future__ import annotations

import pytest

from corpuskit.errors import PluginError, SourceError
from corpuskit.registry.blame import blame, blamed, not_theirs
from corpuskit.registry.discovery import Owner
from corpuskit.registry.distribution import NAME

BOOKS = Owner("books", "corpuskit-books", "2.5")
OURS = Owner("corpuskit", NAME, "1")


def test_an_unexpected_error_of_a_plugin_is_said_to_be_its_own():
    with (
        pytest.raises(PluginError) as caught,
        blame("source 'books'", BOOKS, lambda: "a.txt, document 7"),
    ):
        raise KeyError("x")
    expected = (
        r"source 'books' of books (corpuskit-books 2.5) failed at a.txt, document 7: KeyError: 'x'; "
        "this is a fault of the plugin: report it to its author"
    )
    assert str(caught.value).startswith(expected)
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("error", [SourceError("said already"), MemoryError(), KeyboardInterrupt()])
def test_what_is_nobodys_fault_goes_on_as_it_is(error):
    with pytest.raises(type(error)) as caught, blame("source 'books'", BOOKS):
        raise error
    assert caught.value is error


def test_a_bug_of_what_comes_with_corpuskit_is_shown_as_one():
    with pytest.raises(KeyError), blame("source 'python-docs'", OURS):
        raise KeyError("x")


def test_nothing_is_asked_where_nothing_is_wrong():
    with blame("source 'books'", BOOKS, lambda: pytest.fail("asked")):
        pass


def test_of_things_that_come_one_by_one_the_plugin_is_blamed_for_its_own_only():
    def give():
        yield 1
        yield 2
        raise OSError("no more")

    with pytest.raises(PluginError, match=r"failed at the third: OSError: no more"):
        list(blamed(give(), "source 'books'", BOOKS, lambda: "the third"))
    with pytest.raises(ZeroDivisionError):
        [1 / one for one in blamed(iter([0]), "source 'books'", BOOKS, lambda: "")]


def test_a_thing_that_is_refused_is_the_plugins_fault():
    def check(one):
        if one < 0:
            raise ValueError(f"{one} is negative")

    with pytest.raises(PluginError, match="ValueError: -1 is negative"):
        list(blamed(iter([1, -1]), "source 'books'", BOOKS, lambda: "", check))


def test_what_a_plugin_was_given_to_call_is_not_the_plugins_fault():
    @not_theirs
    def told(number):
        return 1 / number

    with pytest.raises(ZeroDivisionError), blame("executor 'fast'", BOOKS):
        told(0)
    assert told(2) == 0.5
