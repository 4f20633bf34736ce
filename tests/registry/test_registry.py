"""The registry, against distributions that are really on sys.path."""

import importlib.metadata

import pytest

import corpuskit
from corpuskit.errors import DuplicateName, PluginLoadFailed, UnknownName
from corpuskit.registry import Registry
from corpuskit.registry.checks import KINDS, SPECS


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("no_such_package.module:Thing", "ModuleNotFoundError"),
        ("collections:Countr", "AttributeError: .*Countr"),
        ("collections", "is not of the form 'package.module:attribute'"),
        ("exits_on_import:Thing", "SystemExit: 2"),
    ],
)
def test_a_factory_that_does_not_import_names_its_owner(install, factory, reason, source):
    folder = install("books", source("books", factory=factory))
    (folder / "exits_on_import.py").write_text("raise SystemExit(2)")
    component = Registry().find(corpuskit.SourceSpec, "books")
    with pytest.raises(PluginLoadFailed, match=rf"^source 'books' of books \(books 1.0\): .*{reason}"):
        component.load()


def test_a_factory_may_be_an_attribute_of_a_class(install, source):
    install("books", source("books", factory="collections:Counter.fromkeys"))
    import collections

    assert Registry().find(corpuskit.SourceSpec, "books").load() == collections.Counter.fromkeys


def test_two_owners_of_a_name_are_an_error_that_names_both(install, source, info):
    install("one", source("books"), version="1.1")
    install("two", source("books"), version="2.2")
    found = Registry()
    with pytest.raises(
        DuplicateName,
        match=r"source 'books' is provided by one \(one 1.1\) and by two \(two 2.2\); uninstall one, or "
        "choose with CORPUSKIT_PLUGINS",
    ):
        found.find(corpuskit.SourceSpec, "books")
    assert info(found, "one").conflicts == ("source 'books' is also provided by two (two 2.2)",)
    chosen = Registry(environ={"CORPUSKIT_PLUGINS": "two"}).find(corpuskit.SourceSpec, "books")
    assert chosen.owner.version == "2.2"


def test_a_builtin_name_is_found_without_looking_at_plugins(install, monkeypatch, source):
    install("rival", source("tinyshakespeare"))

    def no_scan(**_):
        raise AssertionError("entry points were scanned")

    monkeypatch.setattr(importlib.metadata, "distributions", no_scan)
    found = Registry()
    assert found.find(corpuskit.SourceSpec, "tinyshakespeare").owner.distribution == "corpuskit-core"
    assert found.find(corpuskit.TokenizerSpec, "bytes:argument").argument == "argument"
    with pytest.raises(AssertionError, match="scanned"):
        found.find(corpuskit.SourceSpec, "books")


def test_every_builtin_component_has_a_name_of_its_own():
    found = Registry(environ={"CORPUSKIT_PLUGINS": ""})
    for kind in KINDS:
        names = [component.spec.name for component in found.components(SPECS[kind])]
        assert len(names) == len(set(names)), kind
    assert not any(one.conflicts for one in found.plugins())


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("tokenizer", "gtp2", r"unknown tokenizer 'gtp2'; did you mean 'gpt2'\?"),
        ("tokenizer", "GPT2", r"unknown tokenizer 'GPT2'; did you mean 'gpt2'\?"),
        ("format", "nanoGPT", r"unknown format 'nanoGPT'; did you mean 'nanogpt'\?"),
        (
            "tokenizer",
            "gpt-4o",
            r"'gpt-4o'; gpt-4o is a model; its encoding is 'o200k_base'",
        ),
        ("tokenizer", "gpt-3.5-turbo", r"gpt-3.5-turbo is a model; its encoding is 'cl100k_base'"),
        ("tokenizer", "GPT4", r"GPT4 is a model; its encoding is 'cl100k_base'"),
        ("source", "tinyshakespear", r"unknown source 'tinyshakespear'; did you mean 'tinyshakespeare'\?"),
        ("source", "tinyshakespear:x", r"did you mean 'tinyshakespeare'\?"),
        ("executor", "zzz", r"unknown executor 'zzz'; known: .*local"),
        ("command", "zzz", r"unknown command 'zzz'; known: "),
    ],
)
@pytest.mark.fault("G8")
def test_an_unknown_name_lists_near_misses_or_what_is_known(monkeypatch, kind, name, message):
    with pytest.raises(UnknownName, match=message) as caught:
        Registry(environ={"CORPUSKIT_PLUGINS": ""}).find(SPECS[kind], name)
    assert caught.value.found == name
    assert isinstance(caught.value.expected, list)


def test_an_unknown_name_says_which_plugins_were_left_out(install, source):
    install("one", source("books"))
    with pytest.raises(
        UnknownName, match=r"disabled by CORPUSKIT_PLUGINS: one\b|plugin one \(one 1.0\) is disabled by"
    ):
        Registry(environ={"CORPUSKIT_PLUGINS": ""}).find(corpuskit.SourceSpec, "books")


def test_a_name_may_carry_an_argument(install, source):
    install("hub", source("hub"))
    component = Registry().find(corpuskit.SourceSpec, "hub:roneneldan/TinyStories:en@v1")
    assert component.spec.name == "hub"
    assert component.argument == "roneneldan/TinyStories:en@v1"
    assert Registry().find(corpuskit.SourceSpec, "hub").argument is None


def test_an_exact_name_wins_over_one_with_an_argument(install, source):
    install("hub", source("hub"))
    install("pinned", source("hub:books"))
    component = Registry().find(corpuskit.SourceSpec, "hub:books")
    assert (component.owner.plugin, component.argument) == ("pinned", None)


def test_builtins_are_first_in_listings(install, source):
    install("aaa", source("aaa"))
    names = [component.spec.name for component in Registry().components(corpuskit.SourceSpec)]
    assert names.index("tinyshakespeare") < names.index("aaa")
