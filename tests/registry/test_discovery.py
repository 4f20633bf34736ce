"""Which plugins are installed."""

import sys

import pytest

from corpuskit.registry import Registry
from corpuskit.registry.specs import SourceSpec


@pytest.mark.parametrize(
    ("selected", "loaded"),
    [
        (None, {"one", "two"}),
        ("", set()),
        ("one", {"one"}),
        (" two , one ", {"one", "two"}),
        ("two:two", {"two"}),
    ],
)
@pytest.mark.fault("S11")
def test_corpuskit_plugins_selects(install, selected, loaded, source):
    install("one", source("books"))
    install("two", source("poems"))
    found = Registry(environ={} if selected is None else {"CORPUSKIT_PLUGINS": selected})
    status = {one.owner.plugin: one.status for one in found.plugins()}
    status = {name: status[name] for name in ("one", "two")}
    assert status == {name: "ok" if name in loaded else "disabled" for name in ("one", "two")}
    assert {name for name in ("one", "two") if name in sys.modules} == loaded


def test_selecting_a_plugin_that_is_not_installed_is_said(install, caplog, source):
    install("one", source("books"))
    Registry(environ={"CORPUSKIT_PLUGINS": "one,onne"}).components(SourceSpec)
    assert caplog.messages == ["CORPUSKIT_PLUGINS names the plugin 'onne', which is not installed"]


def test_a_distribution_seen_twice_counts_once(install, tmp_path, monkeypatch, source):
    folder = install("books", source("books"))
    install("books", source("books"), folder=tmp_path / "copy")
    monkeypatch.syspath_prepend(folder)
    found = Registry()
    assert found.find(SourceSpec, "books").spec.name == "books"
    assert [one.status for one in found.plugins() if one.owner.plugin == "books"] == ["ok"]


@pytest.mark.parametrize(
    "entry_points", [b"[corpuskit]\nno equals sign\n", b"[corpuskit]\n= nothing\n", b"\xff\xfe[c\x00"]
)
def test_broken_metadata_is_one_failed_plugin(install, entry_points, source):
    folder = install("broken")
    install("sound", source("sound"))
    (folder / "broken-1.0.dist-info" / "entry_points.txt").write_bytes(entry_points)
    found = Registry()
    assert found.find(SourceSpec, "sound").owner.plugin == "sound"
    assert [one.owner.distribution for one in found.plugins() if one.status == "failed"] == ["broken"]


def test_a_distribution_without_metadata_is_still_loaded(install, source):
    folder = install("nameless", source("books"))
    (folder / "nameless-1.0.dist-info" / "METADATA").unlink()
    owner = Registry().find(SourceSpec, "books").owner
    assert owner.version == "?"
    assert "without a name" in owner.distribution
