"""What is shown of each plugin."""

import pytest

import corpuskit
from corpuskit.registry import Registry


@pytest.mark.fault("G2", "S11")
def test_two_plugins_of_one_name_are_both_refused_until_one_is_chosen(install, source, info):
    install("one", source("books"), entry_points={"library": "one"}, version="1.1")
    install("two", source("poems"), entry_points={"library": "two"}, version="2.2")
    found = Registry()
    failed = [one for one in found.plugins() if one.status == "failed"]
    assert sorted(one.owner.distribution for one in failed) == ["one", "two"]
    for one in failed:
        assert "plugin 'library' is provided by library (" in one.error
        assert "one 1.1" in one.error
        assert "two 2.2" in one.error
    chosen = Registry(environ={"CORPUSKIT_PLUGINS": "two:library"})
    assert chosen.find(corpuskit.SourceSpec, "poems").owner.distribution == "two"
    assert info(chosen, "library").status in ("ok", "disabled")


def test_a_builtin_wins_over_a_plugin_and_the_conflict_is_shown(install, source, info):
    install("rival", source("tinyshakespeare"))
    found = Registry()
    rival = info(found, "rival")
    assert rival.conflicts[0].startswith(
        "source 'tinyshakespeare' is also provided by sources (corpuskit-core "
    )
    assert info(found, "sources").conflicts == (
        "source 'tinyshakespeare' is also provided by rival (rival 1.0)",
    )
    assert found.find(corpuskit.SourceSpec, "tinyshakespeare").owner.distribution == "corpuskit-core"
    owners = [
        c.owner.plugin for c in found.components(corpuskit.SourceSpec) if c.spec.name == "tinyshakespeare"
    ]
    assert owners == ["sources", "rival"]
