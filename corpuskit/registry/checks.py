"""What a plugin gives, looked at before anything is built on it, and what is wrong with it in one line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from corpuskit import near
from corpuskit.errors import DuplicateName
from corpuskit.registry import hookspecs
from corpuskit.registry.specs import (
    CommandSpec,
    ExecutorSpec,
    FormatSpec,
    ReaderSpec,
    RemoteFile,
    SamplerSpec,
    SourceSpec,
    Spec,
    StoreSpec,
    TemplateSpec,
    TokenizerSpec,
)

#: The spec of each kind of component.
SPECS: dict[str, type[Spec]] = {
    spec.kind: spec
    for spec in (
        SourceSpec,
        TokenizerSpec,
        SamplerSpec,
        ReaderSpec,
        TemplateSpec,
        ExecutorSpec,
        FormatSpec,
        StoreSpec,
        CommandSpec,
    )
}
KINDS: tuple[str, ...] = tuple(SPECS)


def hook_name(kind: str) -> str:
    """The hook that registers components of a kind."""
    return f"corpuskit_{kind}s"


def check_marked(plugin: object) -> None:
    """Refuse a plugin that forgot a marker: pluggy would pass its hook over in silence."""
    for kind in KINDS:
        function = getattr(plugin, hook_name(kind), None)
        if function is not None and not hasattr(function, f"{hookspecs.PROJECT}_impl"):
            raise TypeError(f"{hook_name(kind)} is not marked with @corpuskit.hookimpl")


def check_specs(specs: object, expected: type[Spec]) -> None:
    """Refuse what a hook may not return, before anything looks inside it."""
    if not isinstance(specs, Sequence) or not all(isinstance(spec, expected) for spec in specs):
        raise TypeError(f"expected a list of {expected.__name__}, found {specs!r:.80}")
    names = set()
    for spec in specs:
        texts = (spec.name, spec.summary, spec.factory)
        if not all(isinstance(text, str) for text in texts) or spec.name.split() != [spec.name]:
            raise TypeError(
                f"a spec's name is one word, its summary and factory are text, found {spec!r:.80}"
            )
        if spec.name in names:
            raise DuplicateName(f"{expected.kind} {spec.name!r} is listed twice")
        names.add(spec.name)


def one_line(error: BaseException) -> str:
    """An error's kind and message, with what was perhaps meant."""
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text}{_what_was_meant(text)}"


def _what_was_meant(text: str) -> str:
    """The hook or the field of a spec that was perhaps meant where there is none of that name."""
    hook = re.search(r"unknown hook '(\w+)'", text)
    field = re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", text)
    specs = {spec.__name__: spec for spec in (*SPECS.values(), RemoteFile)}
    if hook is not None:
        return f"; {near.hint(hook[1], [hook_name(kind) for kind in KINDS])}"
    if field is not None and field[1] in specs:
        names = [one.name for one in dataclasses.fields(specs[field[1]])]
        return f"; {near.hint(field[2], names)}"
    return ""


__all__ = ["KINDS", "SPECS", "check_marked", "check_specs", "hook_name", "one_line"]
