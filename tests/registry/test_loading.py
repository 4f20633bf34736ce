"""Plugins are loaded each on its own."""

import logging
import sys
import textwrap

import pytest

import corpuskit
from corpuskit import registry
from corpuskit.errors import PluginLoadFailed, UnknownName
from corpuskit.registry import Registry, loading

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
def test_a_broken_plugin_is_named_and_everything_else_works(install, caplog, body, reason, source, info):
    install("broken", body)
    install("sound", source("sound"))
    found = Registry()

    assert found.find(corpuskit.SourceSpec, "sound").owner.distribution == "sound"
    assert found.find(corpuskit.TokenizerSpec, "bytes").owner.distribution == "corpuskit-core"
    assert "sound" in [component.spec.name for component in found.components(corpuskit.SourceSpec)]

    broken = info(found, "broken")
    assert broken.status == "failed"
    assert broken.owner.distribution == "broken"
    assert "\n" not in broken.error
    with pytest.raises(UnknownName, match=rf"plugin broken \(broken 1.0\) failed: .*{reason}"):
        found.find(corpuskit.SourceSpec, "nothing-like-it")
    found.components(corpuskit.SamplerSpec)
    assert [one.message for one in caplog.records if one.levelno == logging.WARNING] == [
        f"plugin broken (broken 1.0) failed and is skipped: {broken.error}"
    ]


@pytest.mark.parametrize(("body", "reason"), BROKEN.values(), ids=BROKEN)
def test_strict_mode_raises_each_time(install, body, reason):
    install("broken", body)
    found = Registry(environ={"CORPUSKIT_STRICT_PLUGINS": "1"})
    for _ in range(2):
        with pytest.raises(PluginLoadFailed, match=rf"plugin broken \(broken 1.0\): .*{reason}"):
            found.components(corpuskit.SourceSpec)


@pytest.mark.fault("G3")
def test_a_plugin_with_one_bad_hook_keeps_its_other_components(install, source, info):
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
    assert found.find(corpuskit.SourceSpec, "half").spec.name == "half"
    half = info(found, "half")
    assert (half.status, half.error) == ("failed", "corpuskit_tokenizers(): ValueError: no")
    assert half.provides == {"source": ["half"]}


def test_a_hook_is_called_once(install, source):
    install(
        "once", "calls = []\n" + textwrap.dedent(source("once")).replace("return", "calls.append(1); return")
    )
    found = Registry()
    for _ in range(3):
        found.components(corpuskit.SourceSpec)
        found.find(corpuskit.SourceSpec, "once")
    assert sys.modules["once"].calls == [1]


@pytest.mark.fault("G4")
def test_a_slow_import_is_reported(install, monkeypatch, caplog, source):
    install("slow", source("books"))
    monkeypatch.setattr(loading, "_SLOW_IMPORT_S", -1.0)
    Registry(environ={"CORPUSKIT_PLUGINS": "slow"}).components(corpuskit.SourceSpec)
    assert caplog.messages == [
        "plugin slow (slow 1.0) took 0.0 s to import; its specs should name factories, not import them"
    ]


@pytest.mark.fault("G4")
def test_what_a_plugin_prints_stays_off_stdout(install, capsys, source):
    install(
        "chatty", "print('hello from import')\n" + textwrap.dedent(source("chatty", factory="loud:Thing"))
    )
    found = Registry()
    found.find(corpuskit.SourceSpec, "chatty")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "hello from import\n"


def test_a_plugin_may_ask_the_registry_while_it_is_loaded(install):
    install(
        "asks",
        """
    from corpuskit.registry import default
    found = default().find(corpuskit.SourceSpec, "tinyshakespeare")
    try:
        default().find(corpuskit.SourceSpec, "nothing")
    except LookupError:
        pass

    @corpuskit.hookimpl
    def corpuskit_sources():
        assert default().components(corpuskit.SourceSpec)
        return [SourceSpec("asks", "A summary")]
    """,
    )
    registry.default.cache_clear()
    try:
        assert registry.default().find(corpuskit.SourceSpec, "asks").owner.plugin == "asks"
        assert registry.default() is registry.default()
    finally:
        registry.default.cache_clear()


def test_ctrl_c_while_plugins_load_is_not_swallowed_and_the_next_call_goes_on(install, source):
    folder = install("early", source("early"))
    install("late", "raise KeyboardInterrupt")
    found = Registry()
    with pytest.raises(KeyboardInterrupt):
        found.components(corpuskit.SourceSpec)
    (folder.parent / "late" / "late.py").write_text(
        "import corpuskit\nfrom corpuskit import SourceSpec\n" + textwrap.dedent(source("late-books"))
    )
    assert found.find(corpuskit.SourceSpec, "early").owner.plugin == "early"
    assert found.find(corpuskit.SourceSpec, "late-books").owner.plugin == "late"


def test_one_module_under_two_names_is_refused(install, source, info):
    install("twice", source("books"), entry_points={"first": "twice", "second": "twice"})
    found = Registry()
    assert found.find(corpuskit.SourceSpec, "books").owner.plugin == "first"
    assert "already registered" in info(found, "second").error
