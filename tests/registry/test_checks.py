"""What a plugin gives, looked at before anything is built on it."""

from __future__ import annotations

import pytest

from corpuskit.errors import DuplicateName
from corpuskit.registry.checks import KINDS, check_marked, check_specs, hook_name, one_line
from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import SamplerSpec, SourceSpec, TokenizerSpec


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_without_its_marker_is_refused(kind):
    def hook():
        return []

    plugin = type("Plugin", (), {hook_name(kind): staticmethod(hook)})
    with pytest.raises(TypeError, match=f"{hook_name(kind)} is not marked with @corpuskit.hookimpl"):
        check_marked(plugin)
    check_marked(type("Plugin", (), {hook_name(kind): staticmethod(hookimpl(hook))}))
    check_marked(type("Plugin", (), {}))


def test_specs_of_one_kind_are_taken():
    check_specs([], SourceSpec)
    check_specs([SourceSpec("a", "A"), SourceSpec("b", "B")], SourceSpec)


@pytest.mark.parametrize(
    ("specs", "error", "message"),
    [
        (None, TypeError, "expected a list of SourceSpec, found None"),
        ([TokenizerSpec("a", "A")], TypeError, "expected a list of SourceSpec"),
        ([SourceSpec("two words", "A")], TypeError, "a spec's name is one word"),
        ([SourceSpec("a", None)], TypeError, "its summary and factory are text"),
        ([SourceSpec("a", "A"), SourceSpec("a", "B")], DuplicateName, "source 'a' is listed twice"),
    ],
)
def test_what_a_hook_may_not_return_is_refused(specs, error, message):
    with pytest.raises(error, match=message):
        check_specs(specs, SourceSpec)


def test_an_error_is_one_line_with_what_was_perhaps_meant():
    assert one_line(ValueError("two\n  lines")) == "ValueError: two lines"
    assert one_line(OSError()) == "OSError: no message"
    with pytest.raises(TypeError) as caught:
        SamplerSpec("a", "A", factroy="x:y")
    assert one_line(caught.value).endswith("; did you mean 'factory'?")
