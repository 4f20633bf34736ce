"""Every path and name that one can type: it works, or it is one line and the right exit code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root
from corpuskit.errors import CorpuskitError

#: What no file can be called, or no folder be made of.
BAD = {
    "empty": "",
    "a NUL": "a\0b",
    "half a character": "a\ud800b",
    "a name too long": "x" * 300,
    "a path too long": "/".join(["y" * 200] * 30),
    "a stranger's home": "~nobody-has-this-name/x",
    "inside a file": "text.txt/x",
}
#: What is no folder of one's own.
NO_FOLDERS = {"the root": "/", "the working folder": ".", "its parent": "..", "a way back": "new/.."}

#: How each command is given a path (P) that is to be read.
READS = {
    "prepare": ["prepare", "P", "--encoding", "bytes"],
    "prepare, one of two": ["prepare", "text.txt", "P", "--encoding", "bytes"],
    "prepare @": ["prepare", "@P", "--encoding", "bytes"],
    "prepare --from": ["prepare", "tinyshakespeare", "--from", "P", "--encoding", "bytes"],
    "prepare --config": ["prepare", "text.txt", "--config", "P"],
    "plan": ["plan", "P", "--encoding", "bytes"],
    "commit": ["commit", "P", "--encoding", "bytes"],
    "info": ["info", "P"],
    "show": ["show", "P"],
    "show --config": ["show", "corpus", "--config", "P"],
    "verify": ["verify", "P"],
    "export": ["export", "P", "--format", "nanogpt", "-o", "exported"],
    "filter": ["filter", "P", "--min-tokens", "1", "-o", "filtered"],
    "filter --exclude": ["filter", "corpus", "--exclude", "P", "-o", "filtered"],
    "select --numbers-from": ["select", "corpus", "--numbers-from", "P", "-o", "selected"],
    "concat": ["concat", "corpus", "P", "-o", "both"],
}
#: And one that is to be written.
WRITES = {
    "prepare -o": ["prepare", "text.txt", "--encoding", "bytes", "-o", "P"],
    "commit -o": ["commit", "text.txt", "--encoding", "bytes", "-o", "P"],
    "export -o": ["export", "corpus", "--format", "nanogpt", "-o", "P"],
    "filter -o": ["filter", "corpus", "--min-tokens", "1", "-o", "P"],
    "new-plugin -o": ["new-plugin", "corpuskit-new", "-o", "P"],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with a text and a corpus; home is a folder in it."""
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "work" / "text.txt").write_text("Hello there. " * 20)
    corpuskit.prepare("text.txt", encoding="bytes", output="corpus")
    return tmp_path / "work"


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_another_user(code, folder):
    """Run Python without root's right to enter every folder."""
    prefix = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("there is no setpriv to drop root's rights with")
        prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if subprocess.run([*prefix, "ls", str(folder / "y")], capture_output=True).returncode == 0:
        pytest.skip("root's rights cannot be dropped here")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [*prefix, sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )


def refused(arguments, **environment):
    """The exit code and the message of what must be an error that corpuskit or click raises on purpose."""
    done = CliRunner(env=environment).invoke(root, arguments, standalone_mode=False)
    error = done.exception
    assert isinstance(error, (CorpuskitError, click.ClickException)), (arguments, done.exc_info)
    message = str(error) if isinstance(error, CorpuskitError) else error.format_message()
    assert message.strip()
    assert "\n" not in message
    assert "\0" not in message
    return error.exit_code, message


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("command", READS)
def test_a_path_that_cannot_be_read_is_one_line(place, command, bad):
    before = everything(place)
    code, _ = refused([part.replace("P", BAD[bad]) for part in READS[command]])
    expected = (
        (2, 3, 4, 5) if command in ("info", "show", "verify", "export", "filter", "concat") else (2, 3, 4)
    )
    assert code in expected
    assert everything(place) == before


@pytest.mark.parametrize("bad", {**BAD, **NO_FOLDERS})
@pytest.mark.parametrize("command", WRITES)
def test_a_path_that_cannot_be_written_is_one_line_and_nothing_is_lost(place, command, bad):
    before = everything(place)
    arguments = [part.replace("P", {**BAD, **NO_FOLDERS}[bad]) for part in WRITES[command]]
    assert refused(arguments)[0] in (2, 4)
    assert everything(place) == before


@pytest.mark.parametrize("name", ["", " ", ".", "..", "x" * 300, "a\0b", "two\nlines", "a\ud800"])
def test_a_name_that_cannot_be_shown_or_kept_is_refused(place, name):
    assert refused(["prepare", "text.txt", "--encoding", "bytes", "--name", name])[0] == 2


@pytest.mark.parametrize("name", ["a/b", "../up", "/", "~", "-", "con", "红楼梦", "ü" * 100, "a b", "%s {x}"])
def test_any_other_name_has_a_folder_of_its_own_under_data(place, name):
    arguments = ["prepare", "text.txt", "--encoding", "bytes", "--name", name]
    done = CliRunner().invoke(root, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    folder = done.stdout.strip()
    data, _, last = Path(folder).parts
    assert (data, last) == ("data", "bytes")
    assert corpuskit.open(folder).manifest.dataset == name


@pytest.mark.parametrize("encoding", ["hf:{}", "sp:{}", "gpt2:{}", "chars:{}", "{}"])
@pytest.mark.parametrize("bad", BAD)
def test_an_encoding_that_cannot_be_is_one_line(place, encoding, bad):
    if encoding.startswith(("hf", "sp")):
        pytest.importorskip({"hf": "corpuskit_huggingface", "sp": "corpuskit_sentencepiece"}[encoding[:2]])
    assert refused(["prepare", "text.txt", "--encoding", encoding.format(BAD[bad])])[0] in (2, 3, 4)


@pytest.mark.parametrize("bad", sorted(set(BAD) - {"empty", "a NUL", "half a character"}))
def test_a_cache_folder_that_cannot_be_is_one_line(place, bad):
    arguments = ["prepare", "tinyshakespeare", "--from", "text.txt", "--encoding", "bytes"]
    assert refused(arguments, CORPUSKIT_CACHE_DIR=BAD[bad])[0] in (2, 4, 5)


@pytest.mark.parametrize("output", ["texts", "texts/corpus", "texts/deep/corpus", "./texts/../texts/x"])
def test_a_corpus_is_never_made_in_a_folder_that_is_read(place, output):
    (place / "texts").mkdir()
    (place / "texts" / "one.txt").write_text("one")
    code, message = refused(["prepare", "./texts", "--encoding", "bytes", "-o", output])
    assert (code, "choose another --output" in message) == (2, True)
    assert [path.name for path in (place / "texts").iterdir()] == ["one.txt"]


def test_a_working_folder_that_is_read_has_no_room_for_the_usual_place(place):
    code, message = refused(["prepare", ".", "--encoding", "bytes"])
    assert (code, "data/" in message) == (2, True)


def test_an_input_is_never_replaced_by_its_corpus(place):
    (place / "corpus" / "notes.txt").write_text("keep me")
    arguments = ["prepare", "corpus/notes.txt", "--encoding", "bytes", "-o", "corpus", "--overwrite"]
    assert refused(arguments)[0] == 2
    assert (place / "corpus" / "notes.txt").read_text() == "keep me"


def test_a_name_that_is_no_unicode_on_disk_is_read_and_written(place):
    name = os.fsdecode(b"caf\xe9")
    try:
        (place / f"{name}.txt").write_text("text")
    except OSError:
        pytest.skip("this file system takes Unicode only")
    corpus = corpuskit.prepare(f"{name}.txt", encoding="bytes", output=f"{name}.out")
    assert corpus.manifest.dataset == "caf\\udce9"
    assert (place / f"{name}.out" / "manifest.json").is_file()
    assert corpuskit.prepare(f"{name}.txt", encoding="bytes").path.parent.name.startswith("caf-udce9-")


@pytest.mark.parametrize("name", ["x" * 240, "ü" * 120])
def test_a_name_that_just_fits_is_written_and_replaced(place, name):
    for split in ("none", "valid=0.5", "characters:0.5"):
        corpuskit.prepare("text.txt", encoding="bytes", output=name, split=split, overwrite=True)
        done = CliRunner().invoke(
            root, ["export", name, "--format", "megatron", "-o", "e" + name, "--overwrite"]
        )
        assert done.exit_code == 0 or "no tokens" in str(done.exception)
    assert corpuskit.verify(name) == []


def test_home_is_home_in_everything_that_is_read_or_written(place, tmp_path):
    home = tmp_path / "home"
    (home / "text.txt").write_text("Hello there. " * 20)
    (home / "c.toml").write_text('[prepare]\nencoding = "bytes"\ndataset = "~/text.txt"\noutput = "~/toml"\n')
    (home / "list").write_text("~/text.txt\n")
    for arguments in (
        ["prepare", "--config", "~/c.toml"],
        ["prepare", "~/text.txt", "--encoding", "bytes", "--output=~/flag"],
        ["prepare", "@~/list", "--encoding", "bytes", "-o", "~/list.out"],
        ["info", "~/toml"],
        ["show", "~/toml", "--config", "~/c.toml"],
        ["verify", "~/flag"],
        ["export", "~/flag", "--format", "nanogpt", "--output=~/exported"],
        ["new-plugin", "corpuskit-new", "--output=~/plugin"],
    ):
        done = CliRunner().invoke(root, arguments, standalone_mode=False)
        assert done.exception is None, (arguments, done.exc_info)
    corpuskit.prepare("~/text.txt", encoding="bytes", output="~/python")
    assert corpuskit.open("~/python").path == home / "python"
    assert corpuskit.verify("~/python") == []
    made = {"toml", "flag", "list.out", "exported", "plugin", "python"}
    assert made <= {path.name for path in home.iterdir()}
    assert not (place / "~").exists()


def test_the_cache_may_be_in_the_home_folder(place, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", "~/cache")
    assert CliRunner().invoke(root, ["cache", "where"]).stdout.strip() == str(tmp_path / "home" / "cache")


@pytest.mark.parametrize("mode", [0, 0o444])
@pytest.mark.parametrize(
    "arguments",
    [
        ["prepare", "u/x/3.jsonl", "--encoding", "bytes", "-o", "o"],
        ["prepare", "u/x/*.jsonl", "--encoding", "bytes", "-o", "o"],
        ["prepare", "u/x/y/*.jsonl", "--encoding", "bytes", "-o", "o"],
        ["prepare", "./u", "--encoding", "bytes", "-o", "o"],
        ["prepare", "@u/x/list", "--encoding", "bytes", "-o", "o"],
        ["prepare", "tinyshakespeare", "--from", "u/x/y", "--encoding", "bytes", "-o", "o"],
        ["prepare", "text.txt", "--encoding", "bytes", "-o", "u/x/o"],
        ["prepare", "text.txt", "--config", "u/x/c.toml", "--encoding", "bytes", "-o", "o"],
        ["prepare", "hf:u/x/3.jsonl", "--encoding", "bytes", "-o", "o"],
        ["prepare", "hf:u/x", "--encoding", "bytes", "-o", "o"],
        ["prepare", "text.txt", "--encoding", "hf:u/x/tokenizer.json", "-o", "o"],
        ["prepare", "text.txt", "--encoding", "sp:u/x/3.model", "-o", "o"],
        ["plan", "u/x/3.jsonl", "--encoding", "bytes"],
        ["info", "u/x/y"],
        ["list", "corpora", "u/x/y"],
        ["export", "corpus", "--format", "nanogpt", "-o", "u/x/o"],
    ],
    ids=" ".join,
)
def test_a_path_below_a_folder_that_may_not_be_entered_is_one_line(place, arguments, mode):
    (place / "u/x/y").mkdir(parents=True)
    (place / "u/x/3.jsonl").write_text('{"text": "a"}\n')
    (place / "u/x").chmod(mode)
    try:
        code = f"from corpuskit.cli import main\nimport sys\nsys.argv[1:] = {arguments!r}\nsys.exit(main())"
        done = as_another_user(code, place / "u/x")
    finally:
        (place / "u/x").chmod(0o755)
    assert done.returncode in (2, 3, 4), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Permission denied" in done.stderr
    assert not (place / "o").exists()


@pytest.mark.parametrize("output", ["gs:/bucket/x", "gs://bucket/x"])
def test_an_export_to_a_url_with_one_slash_is_one_to_the_url_with_two(place, output):
    _, message = refused(["export", "corpus", "--format", "nanogpt", "-o", output])
    assert "gs://bucket/x" in message
    assert not (place / "gs:").exists()


def test_a_path_object_in_a_list_is_a_path(place, monkeypatch):
    (place / "tinyshakespeare").write_text("not that corpus")
    made = corpuskit.prepare(
        [Path("tinyshakespeare")], encoding="bytes", format="text", output="made", workers=1
    )
    assert [item.name for item in made.manifest.inputs] == ["tinyshakespeare"]
