"""One installed component under its suite: what `corpuskit plugins check` has pytest collect."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import pytest

from corpuskit.chat.template import Template
from corpuskit.errors import CorpuskitError, FetchError, PluginLoadFailed
from corpuskit.preparation.executors.base import Executor
from corpuskit.registry import Component, default
from corpuskit.registry.checks import SPECS
from corpuskit.sources.base import Source, SourceOptions
from corpuskit.sources.readers.base import Reader
from corpuskit.tokenizers.base import Tokenizer

#: The suites read a source's text dozens of times, in slices of down to a byte.
MAX_SOURCE_BYTES = 4 * 2**20

_WHEN_NOT_MADE = {
    "source": "cannot be made without an argument ({error}); pass one with --argument {name}:ARGUMENT",
    "tokenizer": "cannot be made without an argument ({error}); pass one with --argument {name}:ARGUMENT",
    "template": "cannot be made without an argument ({error}); pass one with --argument {name}:ARGUMENT",
    "sampler": "cannot be made without options ({error}); test it with a SamplerSuite that has them",
}


def conformance_tests(
    kind: str, name: str, *, owner: str, argument: str | None, without: Collection[str]
) -> tuple[type, type]:
    """Two test classes: one that makes the component, and its suite (empty for a kind without one).

    Args:
        kind: The component's kind.
        name: Its name.
        owner: The distribution that it is of.
        argument: What would follow the name after a colon.
        without: The suites' class attributes that are to be False.

    Raises:
        StopIteration: If the distribution has no such component.
    """
    component = next(
        dataclasses.replace(found, argument=argument)
        for found in default().components(SPECS[kind])
        if found.spec.name == name and found.owner.distribution == owner
    )

    class TestMaking:
        def test_it_can_be_made(self) -> None:
            try:
                _try(component)
            except PluginLoadFailed:
                raise
            except FetchError as error:
                pytest.skip(f"its files are not on this machine ({error})")
            except CorpuskitError as error:
                if argument is not None:
                    raise
                reason = _WHEN_NOT_MADE.get(kind, "cannot be made here ({error})")
                pytest.skip(reason.format(error=error, name=name))

    suite = _SUITES[kind](component) if kind in _SUITES else type("NoSuite", (), {})
    return TestMaking, type("TestSuite", (suite,), {word: False for word in without if hasattr(suite, word)})


def _try(component: Component[Any]) -> None:
    """Make the component once, and skip what its suite is not for."""
    made = _make(component)
    if component.kind == "source":
        size_bytes = sum(item.size_bytes for item in made.inputs())
        if size_bytes > MAX_SOURCE_BYTES:
            pytest.skip(f"its text is {size_bytes:,} bytes; test a small copy of it with SourceSuite")
    if component.kind == "sampler":
        from corpuskit.samplers.base import AnySampler, Sampler, SpanSampler
        from corpuskit.testing.samplers import context

        sampler = component.checked(AnySampler, made(context()))
        if isinstance(sampler, SpanSampler) and not isinstance(sampler, Sampler):
            pytest.skip("its rows are made of spans; SamplerSuite is for samplers of single windows")


def _make(component: Component[Any], *, state: Any = None) -> Any:
    """A fresh component, as corpuskit itself makes it; of a sampler, a format or a command its factory."""
    spec, argument, factory = component.spec, component.argument, component.load()
    if component.kind == "source":
        made = factory(spec=spec, argument=argument, options=SourceOptions())
        return component.checked(Source, made)
    if component.kind == "tokenizer":
        return component.checked(Tokenizer, factory(name=spec.name, argument=argument, state=state))
    if component.kind == "executor":
        return component.checked(Executor, factory(workers=2))
    if component.kind == "template":
        return component.checked(Template, factory(name=spec.name, argument=argument))
    if component.kind == "reader":
        return component.checked(Reader, factory({}))
    return factory


def _source_suite(component: Component[Any]) -> type:
    from corpuskit.testing.sources import SourceSuite

    class Suite(SourceSuite):
        @pytest.fixture
        def source(self) -> Any:
            return _make(component)

        def reopen(self, source: Source) -> Any:
            return _make(component)

    return Suite


def _tokenizer_suite(component: Component[Any]) -> type:
    from corpuskit.testing.tokenizers import TEXTS, TokenizerSuite

    class Suite(TokenizerSuite):
        @pytest.fixture
        def tokenizer(self) -> Any:
            tokenizer = _make(component)
            if tokenizer.needs_fitting:
                tokenizer.fit([text.encode() for text in TEXTS])
                self.alphabet = "".join(sorted(set("".join(TEXTS))))
            return tokenizer

        def reopen(self, tokenizer: Any, state: Any) -> Any:
            return _make(component, state=state)

    return Suite


def _sampler_suite(component: Component[Any]) -> type:
    from corpuskit.testing.samplers import SamplerSuite

    class Suite(SamplerSuite):
        @pytest.fixture
        def make_sampler(self) -> Any:
            return _make(component)

    return Suite


def _executor_suite(component: Component[Any]) -> type:
    from corpuskit.testing.executors import ExecutorSuite

    class Suite(ExecutorSuite):
        @pytest.fixture
        def executor(self) -> Any:
            return _make(component)

    return Suite


def _template_suite(component: Component[Any]) -> type:
    from corpuskit.testing.templates import TemplateSuite

    class Suite(TemplateSuite):
        @pytest.fixture
        def template(self) -> Any:
            return _make(component)

    return Suite


_SUITES: dict[str, Callable[[Component[Any]], type]] = {
    "source": _source_suite,
    "tokenizer": _tokenizer_suite,
    "sampler": _sampler_suite,
    "template": _template_suite,
    "executor": _executor_suite,
}

__all__ = ["MAX_SOURCE_BYTES", "conformance_tests"]
