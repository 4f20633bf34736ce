"""The page of hooks."""

from corpuskit.registry import checks


def test_every_kind_has_a_hook_with_an_example():
    from corpuskit.registry import hookspecs

    for kind in checks.KINDS:
        hook = getattr(hookspecs, f"corpuskit_{kind}s")
        assert "@corpuskit.hookimpl" in hook.__doc__
        assert f"def corpuskit_{kind}s()" in hook.__doc__
