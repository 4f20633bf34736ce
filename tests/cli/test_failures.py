"""What the command line says of mistakes: one line, in one style, about what was typed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from corpuskit import storage
from corpuskit.cli.program import _run
from corpuskit.errors import StorageError

FILES = {
    "my.txt": "some text " * 60,
    "zero.txt": "",
    "fake.parquet": "this is not parquet, whatever its name says",
    "array.jsonl": '[{"text": "a"}]',
    "unknown.toml": '\nencodign = "gpt2"\n',
    "bare.toml": "encoding = gpt2\n",
    "table.toml": "[prepre]\nworkers = 2\n",
    "late.toml": '[prepare]\nengine = "x"\nencoding = "gpt-4o"\n',
    "split.toml": 'split = "valid=2"\n',
    "ends.toml": "# one\u2028line\x85\nworkers = 0\n",
    "reader.toml": '\nseparator = ""\nname = "other"\n',
}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of files; gives its exit code and what it says on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_PLUGINS", "")
    for name, text in FILES.items():
        Path(name).write_text(text)

    def run(*args: str) -> tuple[int, str]:
        code = _run(args)
        return code, capsys.readouterr().err

    assert run("prepare", "./my.txt", "--encoding", "bytes", "-q")[0] == 0
    return run


P = ("prepare", "./my.txt")
S = ("show", "data/my/bytes")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([*P, "--encoding", "gpt-4o"], "gpt-4o is a model; its encoding is 'o200k_base'"),
        ([*P, "--encoding", "gpt4"], "gpt4 is a model; its encoding is 'cl100k_base'"),
        ([*P, "--encoding", "GPT2"], "unknown tokenizer 'GPT2'; did you mean 'gpt2'?"),
        (["export", "data/my/bytes", "-o", "x", "--format", "nanoGPT"], "did you mean 'nanogpt'?"),
        (["prepare", "./fake.parquet", "--format", "Text"], "unknown reader 'Text'; did you mean 'text'?"),
        ([*P, "--workers", "0"], "--workers 0: must be a whole number, 1 or more"),
        ([*P, "--workers", "x"], "--workers 'x': must be a whole number"),
        ([*P, "--shard-bytes", "1XB"], "--shard-bytes '1XB': must be a number of bytes with a unit such as"),
        (
            [*P, "--max-tokens", "1GiB"],
            "--max-tokens '1GiB': must be a number with a unit such as K, M, B, T",
        ),
        ([*P, "--split", "valid=x"], "--split 'valid=x': 'x' is not a number"),
        ([*P, "--split", "valid=100%"], "--split 'valid=100%': 100% is not between 0 and 1"),
        ([*P, "--parts", "0/2"], "--parts '0/2': must be of the form K/N, such as 1/4, with K from 1 to N"),
        ([*P, "-o", ""], "-o '': it is empty"),
        ([*P, "--output", ""], "--output '': it is empty"),
        ([*P, "--name", ".."], "--name '..': must be a line of text with more than dots and spaces"),
        (
            [*P, "--config", "unknown.toml"],
            "unknown.toml:2: unknown field 'encodign'; did you mean 'encoding'?",
        ),
        ([*P, "--config", "none.toml"], "--config none.toml: there is no such file"),
        ([*P, "--config", "bare.toml"], "bare.toml:1: not TOML: invalid value in column 12; text needs quot"),
        ([*P, "--config", "table.toml"], "table.toml:1: unknown table [prepre]; did you mean [prepare]?"),
        ([*P, "--config", "late.toml"], "late.toml:3: unknown tokenizer 'gpt-4o'; gpt-4o is a model"),
        ([*P, "--config", "late.toml", "--encoding", "bytes", "-o", "z"], "late.toml:2: engine x: "),
        ([*P, "--config", "split.toml"], "split.toml:1: split 'valid=2': 2 is not between 0 and 1"),
        ([*P, "--config", "ends.toml"], "ends.toml:2: workers = 0: must be a whole number, 1 or more"),
        ([*P, "--config", "reader.toml"], "reader.toml:2: separator '': expected text of one or more"),
        ([*P, "--separator", "", "--name", "o"], "--separator '': expected text of one or more characters"),
        ([*P, "--text-field", "x", "--name", "o"], "--text-field: no reader of these files (text) has it"),
        ([*P, "--split", "valid", "--encoding", "bytes"], "--split 'valid': expected 'characters:0.1', "),
        ([*P, "--format", "txt", "--encoding", "bytes"], "unknown reader 'txt'; did you mean 'text'?"),
        (
            [*P, "--executor", "Local", "--encoding", "bytes"],
            "unknown executor 'Local'; did you mean 'local'?",
        ),
        ([*P, "-v"], "no such option -v; it goes before the command: 'corpuskit -v prepare'"),
        ([*P, "--encodng", "gpt2"], "no such option --encodng; did you mean --encoding"),
        ([*P, "--encoding"], "--encoding needs a value; see 'corpuskit prepare --help'"),
        (["ls"], "no such command 'ls'; did you mean 'list'?"),
        (["cache", "sise"], "no such command 'sise'; did you mean 'size'?"),
        (["list", "sorces"], "KIND: no kind 'sorces'; did you mean 'sources'?"),
        (["list", "oxen"], "KIND: no kind 'oxen'; known: sources, tokenizers, "),
        (
            ["export", "data/my/bytes", "-o", "x"],
            "--format is missing; choose from arrow, datatrove, levanter, litdata, llmc, mds, megatron, "
            "nanogpt, olmo, parquet, safetensors",
        ),
        (
            ["export", "data/my/bytes", "--format", "llmc"],
            "--output is missing; see 'corpuskit export --help'",
        ),
        (["prepare"], "DATASET is missing; name files, or a corpus: 'corpuskit list sources' shows them"),
        (["info"], "CORPUS is missing; see 'corpuskit info --help'"),
        (["unpack"], "FILE is missing; name a file that 'corpuskit pack' wrote, or - for stdin"),
        (["split", "a", "v=0.1", "t=0.1", "-o", "b"], "argument (t=0.1); write the shares as one word, such"),
        (
            ["import", "a.bin", "b.bin", "--format", "nanogpt", "--name", "a", "--encoding", "gpt2"],
            "got unexpected extra argument (b.bin); name the folder of the files",
        ),
        (["info", "a", "b"], "got unexpected extra argument (b); see 'corpuskit info --help'"),
        (["cache", "clear", "--older-than", "-1"], "--older-than -1.0: must be 0 or more"),
        (["cache", "clear", "--older-than", "x"], "--older-than 'x': must be a number"),
        (["completion", "tcsh"], "SHELL 'tcsh': must be one of 'bash', 'zsh', 'fish'"),
        ([*S, "--at", "5", "--step", "3"], "--at and --step exclude each other"),
        ([*S, "--at", "-1"], "--at -1: must be 0 or more"),
        (
            [*S, "--step", "1", "--context-length", "0"],
            "--context-length 0: must be a whole number, 1 or more",
        ),
        ([*S, "--step", "1", "--block-size", "0"], "--block-size 0: must be a whole number, 1 or more"),
        ([*S, "--step", "1", "--sampler", "Random"], "unknown sampler 'Random'; did you mean 'random'?"),
        ([*P, "--executor", "slurm"], "unknown executor 'slurm'; known: local"),
    ],
    ids=lambda value: " ".join(value[-3:]) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_about_what_was_typed(said, args, message):
    code, line = said(*args)
    assert code == 2
    assert line.startswith("corpuskit: error: ")
    assert line.count("\n") == 1
    assert message in line
    assert not any(word in line for word in ("Config:", "Usage:", "Traceback", ".preparing", ".tmp"))
    assert not line.rstrip().endswith(".")


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["prepare", "./zero.txt"], 3, "zero.txt: no text: every document is empty or left out"),
        (["prepare", "./zero.txt", "./zero.txt/../fake.parquet"], 3, ""),
        (["prepare", "./fake.parquet"], 3, "fake.parquet: not a Parquet file, or cut off: "),
        (
            ["prepare", "./array.jsonl"],
            3,
            "array.jsonl: one JSON array, where JSON Lines has an object a line",
        ),
    ],
)
def test_an_error_of_data_names_the_file(said, args, code, message):
    found, line = said(*args)
    assert found == code
    assert line.count("\n") == 1
    assert message in line
    assert ".;" not in line


@pytest.mark.parametrize("args", [[], ["cache"]], ids=["corpuskit", "cache"])
def test_a_group_without_a_command_shows_its_help(said, args):
    _, text = said(*args)
    assert text.startswith(" ".join(["Usage: corpuskit", *args]))
    assert "\nCommands:\n" in text
    assert "error" not in text.partition("\n")[0]


def test_help_of_a_command_may_be_asked_for_as_a_command(capsys):
    assert _run(["help", "show"]) == _run(["show", "--help"]) == 0
    first, _, second = capsys.readouterr().out.partition("Usage: ")[2].partition("Usage: ")
    assert first == second
    assert "show [OPTIONS] CORPUS" in first


@pytest.mark.parametrize("size", ["1GB", "64MB", "1GiB", "512M", "1_000kB"])
def test_sizes_are_taken_as_people_write_them(said, size):
    assert said(*P, "--encoding", "bytes", "--shard-bytes", size, "-o", "x", "-q") == (0, "")


@pytest.mark.parametrize(("text", "same"), [("valid=10%", "valid=0.1"), ("characters:10%", "characters:0.1")])
def test_shares_may_be_in_percent(said, text, same):
    import corpuskit

    for rule, folder in ((text, "a"), (same, "b")):
        assert said(*P, "--lines", "--encoding", "bytes", "--split", rule, "-o", folder, "-q")[0] in (0, 3)
    opened = [corpuskit.open(folder) for folder in ("a", "b")]
    assert opened[0].manifest.splits == opened[1].manifest.splits


@pytest.mark.parametrize(
    ("args", "code", "kind"),
    [
        (["prepare"], 2, "UsageError"),
        ([*P, "--workers", "0"], 2, "ConfigError"),
        ([*P, "--encoding", "gpt3.5"], 2, "UnknownName"),
        (["info", "nowhere"], 5, "CorpusFormatError"),
        (["prepare", "./zero.txt"], 3, "SourceError"),
    ],
)
def test_errors_under_json_are_json(said, args, code, kind):
    _, line = said(*args)
    found, text = said(*args, "--json")
    assert found == code
    assert json.loads(text) == {
        "error": kind,
        "message": line.removeprefix("corpuskit: error: ").rstrip("\n"),
        "exit_code": code,
    }


@pytest.mark.parametrize(
    "args", [["prepare", "nothing-like-it"], ["info", "nowhere"], ["prepare", "./zero.txt"], ["prepare"]]
)
def test_verbose_keeps_the_exit_code_and_the_last_line(said, args):
    code, line = said(*args)
    verbose_code, text = said("--verbose", *args)
    assert verbose_code == code
    assert text.endswith(line)
    assert ("Traceback" in text) == (args != ["prepare"])


@pytest.mark.parametrize("hidden", [".{}.preparing", ".{}.host.123.0123456789abcdef.tmp"])
@pytest.mark.parametrize("below", ["", "/ab/part-0.bin"])
def test_a_folder_that_cannot_be_made_is_named_as_the_user_did(tmp_path, monkeypatch, hidden, below):
    def refuse(self, *args, **named):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError) as caught:
        storage.make_directory(Path(f"{tmp_path}/{hidden.format('out')}{below}"))
    assert str(caught.value) == f"cannot create the folder {tmp_path}/out: Permission denied"


def test_an_output_that_cannot_be_written_is_named_as_it_was_typed(said, monkeypatch):
    mkdir = Path.mkdir

    def refuse(self, *args, **named):
        if self.is_relative_to("ro"):
            raise PermissionError(13, "Permission denied", str(self))
        mkdir(self, *args, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    for command in ([*P, "-o", "ro/x"], ["export", "data/my/bytes", "--format", "llmc", "-o", "ro/x"]):
        code, line = said(*command)
        assert code == 4
        assert (
            line == f"corpuskit: error: cannot create the folder {line.split('folder ')[1].split(':')[0]}: "
            "Permission denied\n"
        )
        assert "/." not in line


def test_an_input_that_may_not_be_read_says_so(said, monkeypatch):
    real = os.open

    def refuse(path, *args, **named):
        if str(path).endswith("my.txt"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **named)

    monkeypatch.setattr(os, "open", refuse)
    code, line = said("prepare", "./my.txt", "--encoding", "bytes", "-o", "y", "--split", "none")
    assert code == 4
    assert "my.txt: cannot be opened: Permission denied; make it readable, or leave it out" in line


def test_a_question_that_nobody_answers_says_what_to_type(said, monkeypatch, tmp_path):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache" / "files").mkdir(parents=True)
    monkeypatch.setattr("corpuskit.cache.clearable", lambda *a, **k: [tmp_path / "my.txt"])
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        code, text = said("cache", "clear")
    assert code == 2
    assert "corpuskit: error: nobody answers here, and nothing was deleted; say --yes to delete" in text
    assert (tmp_path / "my.txt").exists()
