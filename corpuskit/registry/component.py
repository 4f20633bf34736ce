"""A component by its spec: loading its factory, calling it, and checking what it makes."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from corpuskit.errors import PluginLoadFailed
from corpuskit.registry.blame import blame
from corpuskit.registry.checks import one_line
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import Spec

#: The class of the spec that a component was found by.
SpecT = TypeVar("SpecT", bound=Spec)
#: What a factory makes.
MadeT = TypeVar("MadeT")


@dataclasses.dataclass(frozen=True, slots=True)
class Component(Generic[SpecT]):
    """A registered name: its spec, its owner, and the argument it was asked for with, if any."""

    spec: SpecT
    owner: Owner
    argument: str | None = None

    @property
    def kind(self) -> str:
        """The kind of component: "source", "tokenizer", ..."""
        return self.spec.kind

    @property
    def what(self) -> str:
        """What to call it in messages: "source 'books'"."""
        return f"{self.kind} {self.spec.name!r}"

    def load(self) -> Any:
        """Import the spec's factory and return it.

        Raises:
            PluginLoadFailed: If the module cannot be imported or has no such attribute.
        """
        module_name, _, attribute = self.spec.factory.partition(":")
        where = f"{self.what} of {self.owner}"
        if not (module_name and attribute):
            raise PluginLoadFailed(
                f"{where}: factory {self.spec.factory!r} is not of the form 'package.module:attribute'"
            )
        try:
            with stdout_to_stderr():
                found = importlib.import_module(module_name)
            for part in attribute.split("."):
                found = getattr(found, part)
        except (Exception, SystemExit) as error:
            let_signals_pass(error)
            raise PluginLoadFailed(
                f"{where}: cannot import {self.spec.factory!r}: {one_line(error)}"
            ) from error
        return found

    def make(self, expected: Callable[..., MadeT], *arguments: Any, **named: Any) -> MadeT:
        """Load the factory, call it and check what it returns.

        Args:
            expected: The class that every component of the kind derives from: `Source`, `Tokenizer`, ... It
                is typed as what makes one, because type checkers refuse abstract classes as `type[...]`.
            arguments: What the factory is called with.
            named: What the factory is called with by name.

        Raises:
            PluginLoadFailed: If the factory cannot be imported, or returns something else.
            PluginError: If the factory raises what it should not.
        """
        factory = self.load()
        with blame(self.what, self.owner, lambda: self.spec.factory):
            made = factory(*arguments, **named)
        return self.checked(expected, made)

    def checked(self, expected: Callable[..., MadeT], made: object) -> MadeT:
        """What the factory made, once it is known to be of the kind's base class.

        Raises:
            PluginLoadFailed: If it is something else.
        """
        base = cast("type[MadeT]", expected)
        if not isinstance(made, base):
            raise self.refused(f"a corpuskit.plugin.{base.__name__}", made)
        return made

    def refused(self, expected: str, found: object) -> PluginLoadFailed:
        """The error about something that is not what a component of this kind must be or have."""
        return PluginLoadFailed(
            f"{self.what} of {self.owner}: expected {expected}, found {found!r:.80}", found=found
        )


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what a plugin prints while it is imported to stderr, because stdout is for data."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def let_signals_pass(error: BaseException) -> None:
    """Raise the SystemExit of a signal's handler again; that of a plugin is the plugin's error."""
    handlers = map(signal.getsignal, signal.valid_signals())
    codes = {getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in handlers}
    if isinstance(error, SystemExit) and any(
        frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__)
    ):
        raise error


__all__ = ["Component", "MadeT", "SpecT", "let_signals_pass", "stdout_to_stderr"]
