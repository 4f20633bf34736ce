"""Sources of plugins, whose own errors are said to be theirs, with the input and the document."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from corpuskit.registry.blame import blame, blamed
from corpuskit.registry.discovery import Owner
from corpuskit.sources.base import Input, Slice, Source, text_of
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.plain_text import PlainText

#: What is asked of a source; `documents`, `read` and `sample` give things one by one.
_ASKED = (
    *("inputs", "listed", "unchanged", "changes", "digest", "state", "expansion"),
    *("fields", "slices", "num_records", "places", "place_of"),
)
#: What those give that lists come from.
_GIVEN: dict[str, type] = {"inputs": Input, "listed": Input, "slices": Slice}

#: Gives whose fault an error about some input is: what to call the component, and its owner.
Whose = Callable[[Any], tuple[str, Owner]]


def guard(source: Source, whose: Whose) -> None:
    """Have a source say whose fault an unexpected error is.

    Args:
        source: The source; it is changed.
        whose: Asked with what the method was called with first, which is an input for most.
    """
    for name in _ASKED:
        setattr(source, name, _asked(getattr(source, name), whose))
    for name in _CHECKS:
        setattr(source, name, _giving(getattr(source, name), whose, name))
    vars(source)["plain_text"] = _plain_text(source.plain_text, whose)


def _asked(method: Callable[..., Any], whose: Whose) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(*arguments: Any, **named: Any) -> Any:
        item = arguments[0] if arguments else None
        with blame(*whose(item), lambda: item.name if isinstance(item, Input) else f"{method.__name__}()"):
            found = method(*arguments, **named)
            if (kind := _GIVEN.get(method.__name__)) is not None:
                _check_all(method.__name__, found, kind)
            return found

    return guarded


def _check_all(name: str, found: Any, kind: type) -> None:
    """Refuse what is no sequence of one kind, before anything looks inside it."""
    if not isinstance(found, Sequence):
        raise TypeError(f"{name}() must give a list of {kind.__name__}, found {found!r:.60}")
    for one in found:
        if not isinstance(one, kind):
            raise TypeError(f"{name}() must give a list of {kind.__name__}, found {one!r:.60} in it")


def _plain_text(
    method: Callable[[Input], PlainText | None], whose: Whose
) -> Callable[[Input], PlainText | None]:
    @functools.wraps(method)
    def guarded(item: Input) -> PlainText | None:
        return plain_text(lambda: method(item), item, *whose(item))

    return guarded


def plain_text(ask: Callable[[], PlainText | None], item: Input, what: str, owner: Owner) -> PlainText | None:
    """What a source or a reader says of an input as plain text; its own errors are said to be its own.

    Args:
        ask: Gives it.
        item: The input.
        what: The component.
        owner: Whose it is.
    """
    if owner.is_builtin:
        return ask()
    with blame(what, owner, lambda: item.name):
        text = ask()
        if not isinstance(text, PlainText | None):
            raise TypeError(f"plain_text() must give a PlainText or None, found {text!r:.60}")
    return None if text is None else _Guarded(text, lambda: blame(what, owner, lambda: item.name))


class _Guarded(PlainText):
    """Plain text of a plugin, whose errors are said to be the plugin's."""

    def __init__(
        self, text: PlainText, blamed: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        self._text = text
        self._blamed = blamed
        self.is_one_document = text.is_one_document

    def window(self, start: int, stop: int) -> bytes:
        with self._blamed():
            return self._text.window(start, stop)

    def count_characters(self) -> int:
        with self._blamed():
            return self._text.count_characters()

    def character_offset(self, characters_before: int) -> int:
        with self._blamed():
            return self._text.character_offset(characters_before)


def _giving(method: Callable[..., Any], whose: Whose, name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(item: Input, *arguments: Any, **named: Any) -> Iterator[Any]:
        return giving(lambda: method(item, *arguments, **named), item, *whose(item), of=name)

    return guarded


def giving(
    ask: Callable[[], Iterator[Any]], item: Input, what: str, owner: Owner, *, of: str = "read"
) -> Iterator[Any]:
    """What a source or a reader gives of an input one by one; its own errors are said to be its own.

    Args:
        ask: Gives the documents or batches.
        item: The input.
        what: The component.
        owner: Whose it is.
        of: The method that gives them: "documents", "read" or "sample".
    """
    if owner.is_builtin:
        yield from ask()
        return
    given = 0

    def check(one: Any) -> None:
        nonlocal given
        given += _CHECKS[of](one)

    def where() -> str:
        return f"{item.name}, document {given + 1:,}"

    with blame(what, owner, where):
        found = iter(ask())
    yield from blamed(found, what, owner, where, check)


def _document(one: Any) -> int:
    with contextlib.suppress(UnicodeEncodeError):  # which `Source.read` says of the text
        text_of(one)
    return 1


def _batch(one: Any) -> int:
    if not isinstance(one, DocumentBatch):
        raise TypeError(f"read() must give a DocumentBatch, found {one!r:.60}")
    if one.continues and (one.fields or one.pieces is not None):
        raise TypeError("a DocumentBatch that continues has neither pieces nor fields")
    for values in ([] if one.pieces is None else [one.pieces], *[(one.fields or {}).values()]):
        for each in values:
            if len(each) != len(one.texts):
                raise TypeError(
                    f"a DocumentBatch's pieces and fields must be as many as its {len(one.texts):,} texts, "
                    f"found {len(each):,}"
                )
    return len(one.texts)


def _sampled(one: Any) -> int:
    batch, _ = one
    return _batch(batch)


#: How what each method gives is checked; each says how many documents it was.
_CHECKS: dict[str, Callable[[Any], int]] = {"documents": _document, "read": _batch, "sample": _sampled}

__all__ = ["giving", "guard", "plain_text"]
