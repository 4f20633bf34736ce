"""A plugin's bug is said to be the plugin's: which plugin, its version, the input and the document."""

from __future__ import annotations

import io
import os
import sys

import pytest

from corpuskit import registry
from corpuskit.cli.program import _run
from corpuskit.testing import fake_distribution

HEAD = """
import click
import numpy as np
import corpuskit
from corpuskit import CommandSpec, Document, FormatSpec, ReaderSpec, SamplerSpec, SourceSpec, TokenizerSpec
from corpuskit.formats.base import Format
from corpuskit.sources.base import Input, Source
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.readers.base import Reader
from corpuskit.samplers.base import Sampler
from corpuskit.tokenizers.bytes import ByteTokenizer
"""

SOURCE = """
@corpuskit.hookimpl
def corpuskit_sources():
    return [SourceSpec("bad", "x", "buggy:Bad", split=SPLIT)]

SPLIT = "none"

class Bad(Source):
    def inputs(self):
        return [Input.of_text("lines.txt", "abc")]

    def documents(self, item):
        yield Document("one")
        yield Document("two")
        {body}
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch, capsys):
    """Installs a plugin of some text and gives what a command says with it: (exit code, stderr)."""

    def run(body, *args):
        fake_distribution(
            tmp_path / "site",
            "corpuskit-buggy",
            version="1.2",
            entry_points={"buggy": "buggy"},
            modules={"buggy": HEAD + body},
        )
        monkeypatch.syspath_prepend(tmp_path / "site")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("CORPUSKIT_PLUGINS", "buggy")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))
        sys.modules.pop("buggy", None)
        registry.default.cache_clear()
        (tmp_path / "my.txt").write_text("some text " * 100)
        (tmp_path / "odd.odd").write_text("some text")
        code = _run([*map(str, args)])
        return code, capsys.readouterr().err

    yield run
    registry.default.cache_clear()
    sys.modules.pop("buggy", None)


PREPARE = ("prepare", "bad", "--encoding", "bytes", "--workers", "1")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "nothing_of_this_name",
            "lines.txt, document 3: NameError: name 'nothing_of_this_name' is not defined",
        ),
        ("len(3)", "lines.txt, document 3: TypeError: object of type 'int' has no len()"),
        (
            "yield 'three'",
            "lines.txt, document 3: TypeError: documents() must yield corpuskit.Document, found str",
        ),
        (
            "yield Document(3)",
            "lines.txt, document 3: TypeError: a Document's text must be str or bytes, found int",
        ),
        ("raise OSError('no disk')", "lines.txt, document 3: OSError: no disk"),
        ("raise StopIteration", "lines.txt, document 3: RuntimeError: generator raised StopIteration"),
    ],
)
@pytest.mark.parametrize("command", [PREPARE, ("plan", *PREPARE[1:])], ids=["prepare", "plan"])
def test_a_bug_in_documents_names_plugin_input_and_document(plugin, command, body, reason):
    code, said = plugin(SOURCE.format(body=body), *command)
    assert code == 6
    lines = [line for line in said.splitlines() if line.startswith("corpuskit: error")]
    assert len(lines) == 1
    assert lines[0].startswith("corpuskit: error: source 'bad' of buggy (corpuskit-buggy 1.2) failed at ")
    assert reason in lines[0]
    assert "Traceback" not in said


def test_a_factory_that_is_not_there_is_said_where_plugins_are_listed(plugin):
    body = SOURCE.format(body="pass").replace("buggy:Bad", "nowhere.at_all:Bad")
    code, said = plugin(body, "plugins")
    assert code == 0
    assert "source 'bad' of buggy (corpuskit-buggy 1.2) will not work: there is no module 'nowhere" in said
    assert "will not work" not in plugin(SOURCE.format(body="pass"), "plugins")[1]


def test_verbose_shows_the_plugins_traceback_and_keeps_the_exit_code(plugin):
    code, said = plugin(SOURCE.format(body="nothing_of_this_name"), "--verbose", *PREPARE)
    assert code == 6
    assert "buggy.py" in said
    assert "NameError" in said
    assert said.splitlines()[-1].startswith("corpuskit: error: source 'bad' of buggy (corpuskit-buggy 1.2)")


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("def inputs(self): return 1 / 0", "failed at inputs(): ZeroDivisionError"),
        ("def inputs(self): return ['a']", "TypeError: inputs() must give a list of Input, found 'a' in it"),
        ("def inputs(self): return None", "TypeError: inputs() must give a list of Input, found None"),
        (
            "def slices(self, item, *, target_bytes): return [(0, 3)]",
            "TypeError: slices() must give a list of Slice, found (0, 3) in it",
        ),
        (
            "def slices(self, item, *, target_bytes): return item.nothing",
            "failed at lines.txt: AttributeError",
        ),
        (
            "def read(self, item, part, on_bad): yield ['a']",
            "lines.txt, document 1: TypeError: read() must give a",
        ),
        (
            "def read(self, item, part, on_bad): return 3",
            "lines.txt, document 1: TypeError: 'int' object is not",
        ),
        ("def __init__(self, **k): raise KeyError('x')", "failed at buggy:Bad: KeyError: 'x'"),
    ],
)
def test_a_bug_in_any_method_of_a_source_is_the_plugins(plugin, method, reason):
    code, said = plugin(SOURCE.format(body="pass") + f"\n    {method}\n", *PREPARE)
    assert code == 6
    assert "source 'bad' of buggy (corpuskit-buggy 1.2) failed at " in said
    assert reason in said


def test_a_split_that_a_plugins_spec_gets_wrong_is_no_flag_of_the_users(plugin):
    body = SOURCE.format(body="pass").replace('SPLIT = "none"', 'SPLIT = "0.2"')
    code, said = plugin(body, *PREPARE)
    assert code == 6
    assert "source 'bad' of buggy (corpuskit-buggy 1.2) failed: its spec's split '0.2': expected " in said
    assert "--split '0.2'" not in said
    code, said = plugin(body, *PREPARE, "--split", "0.2")
    assert code == 2
    assert "error: --split '0.2': expected" in said


@pytest.mark.parametrize("name", ["Train", "../x", "train-1", "x" * 33])
def test_a_split_of_an_input_that_none_can_be_called_is_the_plugins(plugin, name):
    body = SOURCE.format(body="pass").replace('"abc")', f'"abc", split="{name}")')
    code, said = plugin(body.replace('SPLIT = "none"', 'SPLIT = ""'), *PREPARE)
    assert code == 6
    assert "source 'bad' of buggy (corpuskit-buggy 1.2) failed: the split of lines.txt must be a word" in said
    assert f"found {name!r}" in said


def test_text_that_is_no_unicode_is_said_of_its_document(plugin):
    code, said = plugin(SOURCE.format(body=r"yield Document('a\ud800', 77)"), *PREPARE)
    assert code == 3
    assert r"lines.txt, document at 77: its text is no valid Unicode (half a character, '\ud800')" in said


READER = """
@corpuskit.hookimpl
def corpuskit_readers():
    return [ReaderSpec("odd", "x", "buggy:Odd", extensions=(".odd",))]

class Odd(Reader):
    def read(self, item, part, on_bad):
        yield DocumentBatch([b"one", b"two"], [0, 5])
        {body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("oops", "odd.odd, document 3: NameError"),
        (
            "yield b'three'",
            "odd.odd, document 3: TypeError: read() must give a DocumentBatch, found b'three'",
        ),
    ],
)
def test_a_bug_in_a_reader_is_its_plugins(plugin, body, reason):
    code, said = plugin(READER.format(body=body), "prepare", "./odd.odd", "--encoding", "bytes")
    assert code == 6
    assert "reader 'odd' of buggy (corpuskit-buggy 1.2) failed at " in said
    assert reason in said


@pytest.mark.parametrize("method", ["num_records(self, item, part)", "fields(self, item)"])
def test_a_bug_in_what_a_plan_asks_a_reader_is_its_plugins(plugin, method):
    body = READER.format(body="") + f"\n    def {method}:\n        return oops\n"
    body += '    OPTIONS = {**Reader.COMMON_OPTIONS, "text_field": "text"}\n'
    code, said = plugin(body, "plan", "./odd.odd", "--encoding", "bytes", "--text-field", "a,b")
    assert code == 6
    assert "reader 'odd' of buggy (corpuskit-buggy 1.2) failed at odd.odd: NameError" in said


def test_a_bug_in_the_sample_of_a_reader_is_its_plugins(plugin):
    code, said = plugin(READER.format(body="oops"), "plan", "./odd.odd", "--encoding", "bytes")
    assert code == 6
    assert "reader 'odd' of buggy (corpuskit-buggy 1.2) failed at odd.odd, document 3: NameError" in said


TOKENIZER = """
@corpuskit.hookimpl
def corpuskit_tokenizers():
    return [TokenizerSpec("odd", "x", "buggy:Odd")]

class Odd(ByteTokenizer):
    name = "odd"
    def __init__(self, *, name, argument=None, state=None):
        super().__init__(name="bytes", argument=None, state=None)
        self.name = "odd"
    def encode_batch(self, texts):
        {body}
"""


def test_a_bug_in_a_tokenizer_is_its_plugins_and_names_the_document(plugin, tmp_path):
    (tmp_path / "l.txt").write_text("good\nbad\ngood\n")
    body = "if any(b'bad' in text for text in texts): raise ValueError('cannot')\n"
    body += "        return super().encode_batch(texts)"
    code, said = plugin(
        TOKENIZER.format(body=body), "prepare", "./l.txt", "--lines", "--encoding", "odd", "--no-eot"
    )
    assert code == 6
    assert (
        "tokenizer 'odd' of buggy (corpuskit-buggy 1.2) failed at l.txt, document at 5: ValueError: cannot"
        in said
    )


SAMPLER = """
@corpuskit.hookimpl
def corpuskit_samplers():
    return [SamplerSpec("odd", "x", "buggy:Odd")]

class Odd(Sampler):
    def __init__(self, context):
        self.context = context
    def starts(self, samples):
        {body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return samples * 1.5", "TypeError: starts() must give int64[4], found float64[4]"),
        ("return samples[:2]", "TypeError: starts() must give int64[4], found int64[2]"),
        ("return list(samples)", "TypeError: starts() must give int64[4], found list"),
        ("return samples + self.context.num_tokens", "ValueError: starts() must stay inside the stream of "),
        ("return samples - 10**6", "ValueError: starts() must stay inside the stream of "),
        ("return samples.nothing", "AttributeError: "),
    ],
)
def test_a_bug_in_a_sampler_is_its_plugins(plugin, body, reason):
    assert plugin(SAMPLER.format(body=body), "prepare", "./my.txt", "--encoding", "bytes")[0] == 0
    code, said = plugin(SAMPLER.format(body=body), "show", "data/my/bytes", "--step", "0", "--sampler", "odd")
    assert code == 6
    assert "sampler 'odd' of buggy (corpuskit-buggy 1.2) failed at samples 0 to 3: " in said
    assert reason in said


def test_a_sound_sampler_of_a_plugin_draws_what_it_says(plugin, capsys):
    body = SAMPLER.format(body="return samples * 3")
    assert plugin(body, "prepare", "./my.txt", "--encoding", "bytes")[0] == 0
    show = ("show", "data/my/bytes", "--step", "1", "--sampler", "odd", "--block-size", "8", "--ids")
    assert plugin(body, *show) == (0, "")


COMMAND = """
@corpuskit.hookimpl
def corpuskit_commands():
    return [CommandSpec("mend", "x", "buggy:mend")]

@click.command()
def mend():
    {body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: "),
        ("raise EOFError('half a file')", "RuntimeError: EOFError: half a file"),
    ],
)
def test_a_bug_in_a_command_is_its_plugins(plugin, body, reason):
    code, said = plugin(COMMAND.format(body=body), "mend")
    assert code == 6
    assert said.startswith(
        f"corpuskit: error: command 'mend' of buggy (corpuskit-buggy 1.2) failed: {reason}"
    )


@pytest.mark.parametrize(
    ("body", "code", "last"),
    [
        ("click.confirm('Mend?', abort=True, err=True)", 1, "corpuskit: aborted"),
        ("raise click.exceptions.Exit(3)", 3, ""),
        ("raise BrokenPipeError", 1, ""),
    ],
)
def test_how_a_command_ends_on_purpose_is_no_fault_of_its_plugins(plugin, monkeypatch, body, code, last):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    found, said = plugin(COMMAND.format(body=body), "mend")
    assert (found, said.rpartition("? [y/N]: ")[2].strip()) == (code, last)


def test_a_failed_plugin_is_warned_of_once_and_only_where_it_matters(plugin, capsys):
    body = "\n1 / 0\n"
    assert plugin(body, "prepare", "./my.txt", "--encoding", "bytes")[1].count("buggy") == 0
    _, said = plugin(body, "list")
    assert said.count("plugin buggy (corpuskit-buggy 1.2) failed and is skipped: ZeroDivisionError") == 1
    code, said = plugin(body, "prepare", "./odd.odd")
    assert code == 2
    assert said.count("plugin buggy (corpuskit-buggy 1.2) failed and is skipped") == 1
    code, said = plugin(body, "prepare", "nothing-like-it")
    assert said.count("buggy") == 2  # the plugin and its distribution, in the error


FORMAT = """
@corpuskit.hookimpl
def corpuskit_formats():
    return [FormatSpec("bad", "x", "buggy:Bad")]

class Bad(Format):
    name = "bad"
    meta_file = "meta"
    options_taken = ("meta",)

    def write_split(self, export, split):
        pass

    def write_meta(self, export):
        pass

    {body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def check(self, corpus, splits, options): 1 / 0", "failed at check(): ZeroDivisionError"),
        ("def write_split(self, export): pass", "failed at write_split(): TypeError"),
        ("def write_meta(self, export): return export.nothing", "failed at write_meta(): AttributeError"),
        ("def check_meta(self, corpus): open('/none')", "failed at check_meta(): FileNotFoundError"),
        ("name = None", "expected a Format with a name, found"),
    ],
)
def test_a_bug_of_a_format_is_the_plugins(plugin, tmp_path, body, reason):
    assert plugin("", "prepare", "my.txt", "--encoding", "bytes", "--output", "corpus")[0] == 0
    code, said = plugin(
        FORMAT.format(body=body), "export", "corpus", "--format", "bad", "-o", "out", "--meta"
    )
    assert code == 6, said
    assert "format 'bad' of buggy (corpuskit-buggy 1.2)" in said
    assert reason in said
    assert not (tmp_path / "out").exists()


EXECUTOR = """
@corpuskit.hookimpl
def corpuskit_executors():
    return [ExecutorSpec("bad", "x", "buggy:Bad")]

from corpuskit.plugin import Executor, ExecutorSpec

class Bad(Executor):
    def run(self, job, numbers, *, worker, on_part, on_work):
        {body}
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("1 / 0", "failed: ZeroDivisionError: division by zero"),
        ("raise OSError('no cluster')", "failed: OSError: no cluster"),
        ("on_part(numbers[0])", "failed: on_part() must be called with a PartRecord, found 0"),
    ],
)
def test_a_bug_of_an_executor_is_the_plugins(plugin, body, reason):
    arguments = ("prepare", "my.txt", "--encoding", "bytes", "--executor", "bad")
    code, said = plugin(EXECUTOR.format(body=body), *arguments)
    assert code == 6, said
    assert f"executor 'bad' of buggy (corpuskit-buggy 1.2) {reason}" in said
