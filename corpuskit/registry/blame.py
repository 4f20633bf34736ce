"""Whose fault an error is: what a plugin raises that it should not is said to be the plugin's."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from corpuskit.errors import CorpuskitError, PluginError
from corpuskit.registry.checks import one_line
from corpuskit.registry.discovery import Owner

_T = TypeVar("_T")
_P = ParamSpec("_P")

#: Marks an error that came to a plugin from a function that it was given.
_NOT_THEIRS = "_not_of_the_plugin"


@contextlib.contextmanager
def blame(what: str, owner: Owner | None, where: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Turn an error that is no corpuskit's own into one that says which plugin it is of, and where it was.

    Errors of what comes with corpuskit are bugs, and go on as they are; so do those of `not_theirs`.

    Args:
        what: The component: "source 'books'".
        owner: Whose it is; None where nobody said.
        where: Gives what it was busy with; asked only if something is wrong.

    Raises:
        PluginError: For anything that is no CorpuskitError.
    """
    try:
        yield
    except (CorpuskitError, MemoryError):
        raise
    except Exception as error:
        if (owner is not None and owner.is_builtin) or hasattr(error, _NOT_THEIRS):
            raise
        raise fault(what, owner, one_line(error), where()) from error


def not_theirs(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """A function for plugins to call, for whose errors `blame` does not blame them."""

    @functools.wraps(function)
    def called(*arguments: _P.args, **named: _P.kwargs) -> _T:
        try:
            return function(*arguments, **named)
        except Exception as error:
            setattr(error, _NOT_THEIRS, True)
            raise

    return called


def fault(what: str, owner: Owner | None, reason: str, where: str = "") -> PluginError:
    """The error about a plugin.

    Args:
        what: The component.
        owner: Whose it is.
        reason: What is wrong.
        where: What it was busy with.
    """
    of = f" of {owner}" if owner is not None else ""
    place = f" at {where}" if where else ""
    remedy = (
        "this is a fault of the plugin: report it to its author ('corpuskit --verbose' shows where it is)"
    )
    return PluginError(f"{what}{of} failed{place}: {reason}; {remedy}", found=reason)


def blamed(
    found: Iterator[_T],
    what: str,
    owner: Owner | None,
    where: Callable[[], str],
    check: Callable[[_T], object] = lambda one: None,
) -> Iterator[_T]:
    """Things that a plugin gives one by one, `blame` around each; errors of who takes them are theirs.

    Args:
        found: The things.
        what: The component, such as "source 'books'".
        owner: Whose it is.
        where: Gives what it was busy with.
        check: Called with each thing; what it raises is the plugin's fault.
    """
    while True:
        with blame(what, owner, where):
            try:
                one = next(found)
            except StopIteration:
                return
            check(one)
        yield one


__all__ = ["blame", "blamed", "fault", "not_theirs"]
