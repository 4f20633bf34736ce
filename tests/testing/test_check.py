"""corpuskit plugins check, on packages that `new-plugin` wrote and on plugins that are wrong."""

import json
import os
import sys
import tempfile

import pytest
from click.testing import CliRunner

from corpuskit import registry, testing
from corpuskit.cli import root
from corpuskit.cli.plugins import check
from corpuskit.errors import ConfigError, PluginError, UnknownName
from corpuskit.scaffold.writing import KINDS, write_plugin
from corpuskit.testing import fake_distribution

HEAD = """
import os
import corpuskit
import numpy as np
from corpuskit import ExecutorSpec, ReaderSpec, SamplerSpec, SourceSpec, TokenizerSpec
from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.tokenizers.bytes import ByteTokenizer
"""


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch, tmp_path):
    """What a test installs, and nothing else, in a registry of its own; the same in the process of pytest."""
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "checked")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    registry.default.cache_clear()
    yield
    registry.default.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("checked", "corpuskit_checked")]:
        del sys.modules[name]


def install(tmp_path, text):
    """A plugin of one module, which has the components and their specs."""
    fake_distribution(
        tmp_path, "corpuskit-checked", entry_points={"checked": "checked"}, modules={"checked": HEAD + text}
    )


def hook(kind, *specs):
    return f"\n@corpuskit.hookimpl\ndef corpuskit_{kind}s():\n    return [{', '.join(specs)}]\n"


def run(*arguments, package="corpuskit-checked"):
    return CliRunner().invoke(root, ["plugins", "check", package, *arguments])


@pytest.fixture
def generated(request, tmp_path):
    """A package as `new-plugin` writes it, installed in place; gives the file of its component."""
    folder = write_plugin("corpuskit-checked", kind=request.param, folder=tmp_path / "package")
    (folder / "corpuskit_checked").rename(tmp_path / "corpuskit_checked")
    fake_distribution(tmp_path, "corpuskit-checked", entry_points={"checked": "corpuskit_checked"})
    return tmp_path / "corpuskit_checked" / f"{request.param}.py"


@pytest.mark.parametrize("generated", KINDS, indirect=True)
def test_a_new_package_is_well(generated):
    done = run()
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{generated.stem} checked: ok, ")


@pytest.mark.parametrize(
    ("generated", "right", "wrong", "check"),
    [
        ("source", "yield Document(_text(item, paragraph, start), start)", "pass", "test_it_has_documents"),
        ("tokenizer", "ids.extend(piece)", "ids.extend(piece.lower())", "test_text_comes_back_exactly"),
        (
            "sampler",
            "self._block_size + shifts",
            "self._block_size + shifts + 1",
            "test_starts_are_int64",
        ),
    ],
    indirect=["generated"],
)
def test_what_is_broken_is_named(generated, right, wrong, check):
    text = generated.read_text()
    assert right in text
    generated.write_text(text.replace(right, wrong))
    done = run()
    assert isinstance(done.exception, PluginError)
    assert done.exception.exit_code == 6
    failures = done.stdout.splitlines()
    assert any(line.startswith(f"{generated.stem} checked: {check}") for line in failures)
    assert all(line.startswith(f"{generated.stem} checked: test_") for line in failures)
    number = f"{len(failures)} check{'s' if len(failures) > 1 else ''} fail"
    assert str(done.exception).startswith(f"corpuskit-checked 1.0: {number}")


def test_json_has_everything(tmp_path):
    text = """
class Seedless(Sampler):
    def __init__(self, context):
        self.n = context.num_tokens - context.block_size
    def starts(self, samples):
        return samples % self.n
"""
    text = "from corpuskit.plugin import Sampler\n" + text
    install(tmp_path, text + hook("sampler", "SamplerSpec('seedless', 'S', factory='checked:Seedless')"))
    found = json.loads(run("--json").stdout)
    (component,) = found.pop("components")
    assert found == {"distribution": "corpuskit-checked", "version": "1.0", "ok": False}
    (failure,) = component.pop("failures")
    assert failure["check"] == "test_another_seed_is_another_order"
    assert "assert" in failure["reason"]
    assert component.pop("passed") >= 15
    assert component == {"kind": "sampler", "name": "seedless", "status": "failed", "skipped": None}
    assert run("--without", "seeded").exit_code == 0
    before = CliRunner().invoke(
        root, ["plugins", "--json", "check", "corpuskit-checked", "--without", "seeded"]
    )
    assert json.loads(before.stdout)["ok"] is True


NEEDS = """
class Needs(ByteTokenizer):
    def __init__(self, *, name, argument, state):
        if argument is None or not os.path.exists(argument):
            raise TokenizerError(f"expected sp:FILE, found {argument}")
        super().__init__(name=name)
        self.name = f"{name}:{argument}"
"""


def test_what_needs_an_argument_is_skipped_until_it_is_given(tmp_path, monkeypatch):
    install(tmp_path, NEEDS + hook("tokenizer", "TokenizerSpec('sp', 'S', factory='checked:Needs')"))
    done = run()
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "tokenizer sp: skipped, cannot be made without an argument (expected sp:FILE, found None); "
        "pass one with --argument sp:ARGUMENT\n"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some.model").touch()
    done = run("--argument", "sp:some.model", "--argument", "tokenizer:sp:none.model")
    first, second = done.stdout.splitlines()
    assert first.startswith("tokenizer sp:some.model: ok, ")
    assert second == (
        "tokenizer sp:none.model: test_it_can_be_made: "
        "corpuskit.errors.TokenizerError: expected sp:FILE, found none.model"
    )


def test_an_argument_for_nothing_or_for_two_is_refused(tmp_path):
    both = hook("source", "SourceSpec('sp', 'S')") + hook(
        "tokenizer", "TokenizerSpec('sp', 'S', 'checked:X')"
    )
    install(tmp_path, both)
    with pytest.raises(ConfigError, match="argument sp:x: 'sp' is a source and a tokenizer; say token"):
        raise run("--argument", "sp:x").exception
    with pytest.raises(ConfigError, match="argument so:x: expected NAME:ARGUMENT for one of source 'sp'"):
        raise run("--argument", "so:x").exception


def test_what_cannot_be_checked_says_why(tmp_path):
    text = """
class Far:
    def run(self, job, numbers, *, on_part, on_work): ...

def cluster(*, workers):
    raise ConfigError("no cluster")

class Large(Source):
    def inputs(self):
        return [Input("large", 10**9, "0" * 64)]

def spans(context):
    class Packed(SpanSampler):
        def spans(self, samples): ...
    return Packed()

def optional(context):
    raise ConfigError("say weights")
"""
    install(
        tmp_path,
        "from corpuskit.plugin import Input, Source, SpanSampler\n"
        + text
        + hook("source", "SourceSpec('urls', 'S')", "SourceSpec('large', 'S', factory='checked:Large')")
        + hook("executor", "ExecutorSpec('far', 'S', factory='checked:cluster')")
        + hook(
            "sampler",
            "SamplerSpec('spans', 'S', factory='checked:spans')",
            "SamplerSpec('optional', 'S', factory='checked:optional')",
        ),
    )
    done = run()
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "source large: skipped, its text is 1,000,000,000 bytes; test a small copy of it with SourceSuite",
        "source urls: skipped, it is files at URLs, without code to check",
        "sampler optional: skipped, cannot be made without options (say weights); "
        "test it with a SamplerSuite that has them",
        "sampler spans: skipped, its rows are made of spans; SamplerSuite is for samplers of single windows",
        "executor far: skipped, cannot be made here (no cluster)",
    ]


def test_an_interpreter_that_dies_is_a_failure_of_the_check_that_it_ran(tmp_path):
    text = """
class Deadly(ByteTokenizer):
    def __init__(self, *, name, argument, state):
        super().__init__(name=name)
    def decode_bytes(self, ids):
        os.kill(os.getpid(), 9)
"""
    install(
        tmp_path,
        text
        + hook(
            "tokenizer",
            "TokenizerSpec('deadly', 'S', factory='checked:Deadly')",
            "TokenizerSpec('absent', 'S', factory='checked:Absent')",
        ),
    )
    absent, deadly = run().stdout.splitlines()
    assert deadly.startswith("tokenizer deadly: test_")
    assert deadly.endswith(": the interpreter died of SIGKILL")
    assert absent.startswith("tokenizer absent: test_it_can_be_made: corpuskit.errors.PluginLoadFailed: ")


def test_kinds_without_a_suite_are_made(tmp_path):
    text = "\ndef reader(options):\n    return 5\n"
    install(tmp_path, text + hook("reader", "ReaderSpec('warc', 'S', factory='checked:reader')"))
    (line,) = run().stdout.splitlines()
    assert line.startswith("reader warc: test_it_can_be_made: corpuskit.errors.PluginLoadFailed: reader ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import no_such_module", "import: ModuleNotFoundError: No module named 'no_such_module'"),
        ("", "hooks: it provides nothing; has it a hook that returns specs?"),
        (
            hook("tokenizer", "5"),
            "import: corpuskit_tokenizers(): TypeError: expected a list",
        ),
        (
            hook("source", "SourceSpec('python-docs', 'S')"),
            "name: source 'python-docs' is also provided",
        ),
    ],
)
def test_a_plugin_that_is_not_registered_as_it_should_be_is_named(tmp_path, text, line):
    install(tmp_path, text)
    done = run()
    assert done.exception.exit_code == 6
    assert done.stdout.splitlines()[0].startswith(f"plugin checked: {line}")


def test_a_package_that_is_not_there_or_switched_off_is_an_error(tmp_path, monkeypatch):
    install(tmp_path, "")
    with pytest.raises(UnknownName, match="no plugin 'corpuskit-cheked' is installed; did you mean"):
        raise run(package="corpuskit-cheked").exception
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "")
    registry.default.cache_clear()
    with pytest.raises(ConfigError, match=r"\(corpuskit-checked 1.0\) is disabled by CORPUSKIT_PLUGINS; add"):
        raise run().exception


@pytest.mark.fault("D15")
def test_no_temporary_folder_is_needed_and_nothing_stays(tmp_path, monkeypatch):
    text = "\nclass Bytes(ByteTokenizer):\n    def __init__(self, **k): super().__init__(name='b')\n"
    install(tmp_path, text + hook("tokenizer", "TokenizerSpec('b', 'S', factory='checked:Bytes')"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "not there"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    found = run()
    assert found.exit_code == 0, found.output
    assert "tokenizer b: ok" in found.stdout
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def test_without_pytest_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(ConfigError, match="needs pytest and hypothesis; run: pip install pytest hypothesis"):
        raise run().exception


def test_every_promise_can_be_left_out():
    (without,) = (option for option in check.params if option.name == "without")
    suites = [getattr(testing, name) for name in testing.__all__ if name.endswith("Suite")]
    promises = {name for suite in suites for name, value in vars(suite).items() if value is True}
    assert set(without.type.choices) == promises
