"""The page of hooks."""

from __future__ import annotations

import pytest

from corpuskit.registry import checks, hookspecs


@pytest.mark.parametrize("kind", checks.KINDS)
def test_every_kind_has_a_hook_with_an_example(kind):
    hook = getattr(hookspecs, f"corpuskit_{kind}s")
    assert "@corpuskit.hookimpl" in hook.__doc__
    assert f"def corpuskit_{kind}s()" in hook.__doc__
