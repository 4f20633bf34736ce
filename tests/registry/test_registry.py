"""The registry, against distributions that are really on sys.path."""

import importlib.metadata
import logging
import sys
import textwrap

import pytest

from corpuskit.errors import DuplicateName, PluginLoadFailed, UnknownName
from corpuskit.registry import Registry, registry


def source(name, **more):
    """The text of a plugin that registers one source."""
    options = "".join(f", {key}={value!r}" for key, value in more.items())
    return f"""
    @corpuskit.hookimpl
    def corpuskit_sources():
        return [SourceSpec({name!r}, "A summary"{options})]
    """


def info(found, plugin):
    return next(one for one in found.plugins() if one.owner.plugin == plugin)


BROKEN = {
    "raises on import": ("raise OSError('no such\\n  disk')", r"OSError: no such disk"),
    "exits on import": ("raise SystemExit(3)", r"SystemExit: 3"),
    "imports what is missing": ("import no_such_module", r"ModuleNotFoundError: No module named"),
    "does not parse": ("def", r"SyntaxError"),
    "wants an argument": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(register): return []",
        r"PluginValidationError: .*corpuskit_sources.*register",
    ),
    "misspells a hook": (
        "@corpuskit.hookimpl\ndef corpuskit_source(): return []",
        r"PluginValidationError: unknown hook 'corpuskit_source' .*; did you mean 'corpuskit_sources'",
    ),
    "misspells a field": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return [SourceSpec('a', 'b', spilt='none')]",
        r"unexpected keyword argument 'spilt'; did you mean 'split'\?",
    ),
    "misspells a file's field": (
        "from corpuskit import RemoteFile\nFILE = RemoteFile('http://x/y', sha='0')",
        r"unexpected keyword argument 'sha'; did you mean 'sha256'\?",
    ),
    "forgets the marker": (
        "def corpuskit_sources(): return []",
        r"TypeError: corpuskit_sources is not marked with @corpuskit.hookimpl",
    ),
    "hook raises": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return {}['x']",
        r"corpuskit_sources\(\): KeyError: 'x'",
    ),
    "hook exits": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): raise SystemExit('bye')",
        r"corpuskit_sources\(\): SystemExit: bye",
    ),
    "hook returns None": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return None",
        r"corpuskit_sources\(\): TypeError: expected a list of SourceSpec, found None",
    ),
    "hook returns text": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return 'books'",
        r"expected a list of SourceSpec, found 'books'",
    ),
    "hook is a generator": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): yield SourceSpec('a', 'b')",
        r"expected a list of SourceSpec, found <generator",
    ),
    "hook returns another kind": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return [TokenizerSpec('a', 'b')]",
        r"expected a list of SourceSpec, found \[TokenizerSpec",
    ),
    "name is no text": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return [SourceSpec(3, 'b')]",
        r"a spec's name is one word, its summary and factory are text, found SourceSpec\(name=3",
    ),
    "name has a space": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return [SourceSpec('my books', 'b')]",
        r"a spec's name is one word",
    ),
    "lists a name twice": (
        "@corpuskit.hookimpl\ndef corpuskit_sources(): return [SourceSpec('a', 'b'), SourceSpec('a', 'c')]",
        r"DuplicateName: source 'a' is listed twice",
    ),
}


@pytest.mark.parametrize(("body", "reason"), BROKEN.values(), ids=BROKEN)
@pytest.mark.fault("G1")
def test_a_broken_plugin_is_named_and_everything_else_works(install, caplog, body, reason):
    install("broken", body)
    install("sound", source("sound"))
    found = Registry()

    assert found.find("source", "sound").owner.distribution == "sound"
    assert found.find("tokenizer", "bytes").owner.distribution == "corpuskit-core"
    assert "sound" in [component.spec.name for component in found.components("source")]

    broken = info(found, "broken")
    assert broken.status == "failed"
    assert broken.owner.distribution == "broken"
    assert "\n" not in broken.error
    with pytest.raises(UnknownName, match=rf"plugin broken \(broken 1.0\) failed: .*{reason}"):
        found.find("source", "nothing-like-it")
    found.components("sampler")
    assert [one.message for one in caplog.records if one.levelno == logging.WARNING] == [
        f"plugin broken (broken 1.0) failed and is skipped: {broken.error}"
    ]


@pytest.mark.parametrize(("body", "reason"), BROKEN.values(), ids=BROKEN)
def test_strict_mode_raises_each_time(install, body, reason):
    install("broken", body)
    found = Registry(environ={"CORPUSKIT_STRICT_PLUGINS": "1"})
    for _ in range(2):
        with pytest.raises(PluginLoadFailed, match=rf"plugin broken \(broken 1.0\): .*{reason}"):
            found.components("source")


@pytest.mark.fault("G3")
def test_a_plugin_with_one_bad_hook_keeps_its_other_components(install):
    install(
        "half",
        source("half")
        + """
    @corpuskit.hookimpl
    def corpuskit_tokenizers():
        raise ValueError("no")
    """,
    )
    found = Registry()
    assert found.find("source", "half").spec.name == "half"
    half = info(found, "half")
    assert (half.status, half.error) == ("failed", "corpuskit_tokenizers(): ValueError: no")
    assert half.provides == {"source": ["half"]}


def test_a_hook_is_called_once(install):
    install(
        "once", "calls = []\n" + textwrap.dedent(source("once")).replace("return", "calls.append(1); return")
    )
    found = Registry()
    for _ in range(3):
        found.components("source")
        found.find("source", "once")
    assert sys.modules["once"].calls == [1]


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("no_such_package.module:Thing", "ModuleNotFoundError"),
        ("collections:Countr", "AttributeError: .*Countr"),
        ("collections", "is not of the form 'package.module:attribute'"),
        ("exits_on_import:Thing", "SystemExit: 2"),
    ],
)
def test_a_factory_that_does_not_import_names_its_owner(install, factory, reason):
    folder = install("books", source("books", factory=factory))
    (folder / "exits_on_import.py").write_text("raise SystemExit(2)")
    component = Registry().find("source", "books")
    with pytest.raises(PluginLoadFailed, match=rf"^source 'books' of books \(books 1.0\): .*{reason}"):
        component.load()


def test_a_factory_may_be_an_attribute_of_a_class(install):
    install("books", source("books", factory="collections:Counter.fromkeys"))
    import collections

    assert Registry().find("source", "books").load() == collections.Counter.fromkeys


def test_two_owners_of_a_name_are_an_error_that_names_both(install):
    install("one", source("books"), version="1.1")
    install("two", source("books"), version="2.2")
    found = Registry()
    with pytest.raises(
        DuplicateName,
        match=r"source 'books' is provided by one \(one 1.1\) and by two \(two 2.2\); uninstall one, or "
        "choose with CORPUSKIT_PLUGINS",
    ):
        found.find("source", "books")
    assert info(found, "one").conflicts == ("source 'books' is also provided by two (two 2.2)",)
    chosen = Registry(environ={"CORPUSKIT_PLUGINS": "two"}).find("source", "books")
    assert chosen.owner.version == "2.2"


@pytest.mark.fault("G2", "S11")
def test_two_plugins_of_one_name_are_both_refused_until_one_is_chosen(install):
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
    assert chosen.find("source", "poems").owner.distribution == "two"
    assert info(chosen, "library").status in ("ok", "disabled")


def test_a_builtin_name_is_found_without_looking_at_plugins(install, monkeypatch):
    install("rival", source("tinyshakespeare"))

    def no_scan(**_):
        raise AssertionError("entry points were scanned")

    monkeypatch.setattr(importlib.metadata, "distributions", no_scan)
    found = Registry()
    assert found.find("source", "tinyshakespeare").owner.distribution == "corpuskit-core"
    assert found.find("tokenizer", "bytes:argument").argument == "argument"
    with pytest.raises(AssertionError, match="scanned"):
        found.find("source", "books")


def test_every_builtin_component_has_a_name_of_its_own():
    found = Registry(environ={"CORPUSKIT_PLUGINS": ""})
    for kind in registry.KINDS:
        names = [component.spec.name for component in found.components(kind)]
        assert len(names) == len(set(names)), kind
    assert not any(one.conflicts for one in found.plugins())


def test_a_builtin_wins_over_a_plugin_and_the_conflict_is_shown(install):
    install("rival", source("tinyshakespeare"))
    found = Registry()
    rival = info(found, "rival")
    assert rival.conflicts[0].startswith(
        "source 'tinyshakespeare' is also provided by sources (corpuskit-core "
    )
    assert info(found, "sources").conflicts == (
        "source 'tinyshakespeare' is also provided by rival (rival 1.0)",
    )
    assert found.find("source", "tinyshakespeare").owner.distribution == "corpuskit-core"
    owners = [c.owner.plugin for c in found.components("source") if c.spec.name == "tinyshakespeare"]
    assert owners == ["sources", "rival"]


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
        Registry(environ={"CORPUSKIT_PLUGINS": ""}).find(kind, name)
    assert caught.value.found == name
    assert isinstance(caught.value.expected, list)


def test_an_unknown_name_says_which_plugins_were_left_out(install):
    install("one", source("books"))
    with pytest.raises(
        UnknownName, match=r"disabled by CORPUSKIT_PLUGINS: one\b|plugin one \(one 1.0\) is disabled by"
    ):
        Registry(environ={"CORPUSKIT_PLUGINS": ""}).find("source", "books")


def test_a_name_may_carry_an_argument(install):
    install("hub", source("hub"))
    component = Registry().find("source", "hub:roneneldan/TinyStories:en@v1")
    assert component.spec.name == "hub"
    assert component.argument == "roneneldan/TinyStories:en@v1"
    assert Registry().find("source", "hub").argument is None


def test_an_exact_name_wins_over_one_with_an_argument(install):
    install("hub", source("hub"))
    install("pinned", source("hub:books"))
    component = Registry().find("source", "hub:books")
    assert (component.owner.plugin, component.argument) == ("pinned", None)


@pytest.mark.fault("G4")
def test_a_slow_import_is_reported(install, monkeypatch, caplog):
    install("slow", source("books"))
    monkeypatch.setattr(registry, "_SLOW_IMPORT_S", -1.0)
    Registry(environ={"CORPUSKIT_PLUGINS": "slow"}).components("source")
    assert caplog.messages == [
        "plugin slow (slow 1.0) took 0.0 s to import; its specs should name factories, not import them"
    ]


@pytest.mark.fault("G4")
def test_what_a_plugin_prints_stays_off_stdout(install, capsys):
    install(
        "chatty", "print('hello from import')\n" + textwrap.dedent(source("chatty", factory="loud:Thing"))
    )
    found = Registry()
    found.find("source", "chatty")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "hello from import\n"


def test_a_plugin_may_ask_the_registry_while_it_is_loaded(install):
    install(
        "asks",
        """
    from corpuskit.registry import default
    found = default().find("source", "tinyshakespeare")
    try:
        default().find("source", "nothing")
    except LookupError:
        pass

    @corpuskit.hookimpl
    def corpuskit_sources():
        assert default().components("source")
        return [SourceSpec("asks", "A summary")]
    """,
    )
    registry.default.cache_clear()
    try:
        assert registry.default().find("source", "asks").owner.plugin == "asks"
        assert registry.default() is registry.default()
    finally:
        registry.default.cache_clear()


def test_ctrl_c_while_plugins_load_is_not_swallowed_and_the_next_call_goes_on(install):
    folder = install("early", source("early"))
    install("late", "raise KeyboardInterrupt")
    found = Registry()
    with pytest.raises(KeyboardInterrupt):
        found.components("source")
    (folder.parent / "late" / "late.py").write_text(
        "import corpuskit\nfrom corpuskit import SourceSpec\n" + textwrap.dedent(source("late-books"))
    )
    assert found.find("source", "early").owner.plugin == "early"
    assert found.find("source", "late-books").owner.plugin == "late"


def test_one_module_under_two_names_is_refused(install):
    install("twice", source("books"), entry_points={"first": "twice", "second": "twice"})
    found = Registry()
    assert found.find("source", "books").owner.plugin == "first"
    assert "already registered" in info(found, "second").error


def test_builtins_are_first_in_listings(install):
    install("aaa", source("aaa"))
    names = [component.spec.name for component in Registry().components("source")]
    assert names.index("tinyshakespeare") < names.index("aaa")
