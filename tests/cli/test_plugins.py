"""corpuskit plugins, with plugins of every kind of health."""

import json
import re
import sys

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit import registry
from corpuskit.cli import root
from corpuskit.testing import fake_distribution

SOUND = """
import corpuskit
from corpuskit import SourceSpec

@corpuskit.hookimpl
def corpuskit_sources():
    return [SourceSpec("sound", "A summary"), SourceSpec("tinyshakespeare", "Another one")]
"""


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch):
    """Only the plugins that a test names, in a registry of its own."""
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "sound,broken")
    monkeypatch.delenv("CORPUSKIT_STRICT_PLUGINS", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    before = set(sys.modules)
    registry.default.cache_clear()
    yield
    registry.default.cache_clear()
    for name in {"sound_plugin", "broken_plugin", "off_plugin"} & (set(sys.modules) - before):
        del sys.modules[name]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A plugin that works, one that does not, and one that is switched off."""
    for name, text in {
        "sound": SOUND,
        "broken": "raise OSError('no disk [red]left[/red]')",
        "off": SOUND,
    }.items():
        fake_distribution(
            tmp_path,
            f"corpuskit-{name}",
            version="1.2",
            entry_points={name: f"{name}_plugin"},
            modules={f"{name}_plugin": text},
        )
    monkeypatch.syspath_prepend(tmp_path)


def run(*arguments):
    done = CliRunner().invoke(root, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_plugin_is_shown_with_what_it_provides_and_why_it_failed(installed):
    lines = run("plugins").splitlines()
    table = lines[: next(at for at, line in enumerate(lines) if line.startswith("broken ("))]
    rows = {line.split()[0]: line.split() for line in table[2:] if not line.startswith("sound (")}
    assert lines[0].split() == ["name", "version", "distribution", "provides", "status"]
    assert rows["sound"][:5] == ["sound", "1.2", "corpuskit-sound", "2", "sources"]
    assert rows["sources"][:3] == ["sources", corpuskit.__version__, "corpuskit-core"]
    assert next(line for line in lines if line.startswith("off ")).split()[-1] == "disabled"
    assert "broken (corpuskit-broken 1.2) failed: OSError: no disk [red]left[/red]" in lines
    assert (
        "sound (corpuskit-sound 1.2): source 'tinyshakespeare' is also provided by sources (corpuskit-core "
        f"{corpuskit.__version__})"
    ) in lines
    assert "\x1b" not in "".join(lines)


def test_json_has_everything(installed):
    found = {plugin["name"]: plugin for plugin in json.loads(run("plugins", "--json"))}
    assert found["broken"] == {
        "name": "broken",
        "version": "1.2",
        "distribution": "corpuskit-broken",
        "builtin": False,
        "status": "failed",
        "error": "OSError: no disk [red]left[/red]",
        "provides": {},
        "conflicts": [],
    }
    assert found["sound"]["provides"] == {"source": ["sound", "tinyshakespeare"]}
    assert found["sound"]["status"] == "ok"
    assert len(found["sound"]["conflicts"]) == 1
    assert found["off"]["status"] == "disabled"
    assert found["sources"]["builtin"] is True


def test_it_works_when_every_plugin_is_broken(tmp_path, monkeypatch):
    for number, text in enumerate(["raise SystemExit(1)", "import no_such_module", "def"]):
        name = f"broken{number}"
        fake_distribution(
            tmp_path, name, entry_points={name: f"{name}_plugin"}, modules={f"{name}_plugin": text}
        )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "broken0,broken1,broken2")
    found = {plugin["name"]: plugin["status"] for plugin in json.loads(run("plugins", "--json"))}
    assert [found[f"broken{number}"] for number in range(3)] == ["failed"] * 3
    assert found["tokenizers"] == "ok"


def test_into_a_pipe_every_plugin_is_one_line(installed):
    lines = run("plugins").splitlines()
    rows = [line for line in lines[2:] if line.rstrip().endswith((" ok", " failed", " disabled"))]
    assert len(rows) == len(registry.default().plugins())
    assert re.search(
        " [0-9]+ sources, [0-9]+ readers? ", next(row for row in rows if row.startswith("sources"))
    )
