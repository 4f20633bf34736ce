"""The command line as a whole: exit codes, streams, signals, and what a user sees."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import corpuskit

CORPUSKIT = [sys.executable, "-m", "corpuskit"]


def test_second_prepare_says_that_it_is_there(corpus, tmp_path, run):
    again = run("prepare", "./my.txt", "--encoding", "gpt2", "--name", "mine", cwd=tmp_path)
    assert again.returncode == 0
    assert again.stderr == "Already prepared: 541 train, 61 valid tokens. Nothing was changed.\n"
    quiet = run("prepare", "./my.txt", "--encoding", "gpt2", "--name", "mine", "--quiet", cwd=tmp_path)
    assert (quiet.stdout, quiet.stderr) == ("data/mine/gpt2\n", "")


def test_machines_read_json_on_stdout(corpus, tmp_path, run):
    prepared = json.loads(run("prepare", "./my.txt", "--name", "mine", "--json", cwd=tmp_path).stdout)
    assert prepared["splits"] == {"train": 541, "valid": 61}
    assert prepared["made"] is False
    info = json.loads(run("info", str(corpus), "--json", cwd=tmp_path).stdout)
    assert info["fingerprint"] == prepared["fingerprint"]
    shown = json.loads(run("show", str(corpus), "--tokens", "4", "--json", cwd=tmp_path).stdout)
    assert shown[0].items() >= {"ids": [15496, 612, 13, 18435], "text": "Hello there. Hello"}.items()
    assert [(piece["document"], piece["input"]) for piece in shown[0]["pieces"]] == [(0, "my.txt")]
    verified = json.loads(run("verify", str(corpus), "--json", cwd=tmp_path).stdout)
    assert verified["ok"] is True


def test_info_and_show_are_for_people(corpus, tmp_path, run):
    info = run("info", str(corpus), cwd=tmp_path).stdout
    for fact in ("mine, encoded with gpt2", "train", "541", "50,257 ids as uint16", "my.txt"):
        assert fact in info
    assert run("show", str(corpus), "--at", "1", "--tokens", "3", cwd=tmp_path).stdout == " there. Hello\n"
    rows = run("show", str(corpus), "--step", "7", "--batch-size", "3", "--block-size", "8", cwd=tmp_path)
    assert rows.stdout.count("--- row") == 3
    ids = run("show", str(corpus), "--split", "valid", "--tokens", "2", "--ids", cwd=tmp_path).stdout
    assert [int(number) for number in ids.split()]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["prepare"], 2, "DATASET is missing; name files, or a corpus: 'corpuskit list sources' shows them"),
        (["prepare", "tinyshakespear"], 2, "did you mean 'tinyshakespeare'?"),
        (["prepare", "my.txt", "--workers", "none"], 2, "--workers 'none': must be a whole number"),
        (["prepare", "my.txt", "--split", "half"], 2, "--split 'half': expected"),
        (["prepare", "broken.txt", "--split", "none", "-o", "x"], 3, "broken.txt:1: invalid UTF-8"),
        (["prepare", "my.txt", "--config", "none.toml"], 2, "--config none.toml: there is no such file"),
        (["prepare", "https://example.invalid/a.txt"], 4, "CORPUSKIT_OFFLINE forbids the network"),
        (["prepare", "tinyshakespeare", "--from", "my.txt"], 5, "its sha256 is"),
        (["info", "nowhere"], 5, "nowhere: not a corpus"),
        (["verify", "damaged"], 5, "1 problem found"),
        (["show", "data/mine/gpt2", "--split", "test"], 2, "has no split 'test'; it has train, valid"),
        (["show", "data/mine/gpt2", "--at", "99999"], 2, "--at 99999: split 'train' has 541 tokens"),
        (["preparre"], 2, "no such command 'preparre'; did you mean 'prepare'?"),
        (["list", "planets"], 2, "planets"),
    ],
)
def test_user_errors_are_one_line_and_the_right_exit_code(corpus, tmp_path, args, code, message, run):
    import shutil

    (tmp_path / "broken.txt").write_bytes(b"\xff")
    shutil.copytree(corpus, tmp_path / "damaged")
    shard = tmp_path / "damaged" / "train-00000.bin"
    shard.write_bytes(shard.read_bytes()[:-2] + b"\0\0")
    found = run(*args, cwd=tmp_path, CORPUSKIT_OFFLINE="1")
    assert found.returncode == code
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stderr.startswith("corpuskit: error: ")
    assert found.stderr.count("\n") == 1


def test_verbose_shows_where_an_error_came_from(tmp_path, run):
    found = run("-v", "info", "nowhere", cwd=tmp_path)
    assert found.stderr.startswith("Traceback")
    assert found.stderr.endswith(
        "\ncorpuskit: error: nowhere: not a corpus: No such file or directory; "
        "'corpuskit prepare' makes one\n"
    )
    assert found.returncode == 5


def test_batches_of_a_configuration_file_are_shown(corpus, tmp_path, run):
    (tmp_path / "c.toml").write_text("[batches]\ncontext_length = 5\nbatch_size = 2\nseed = 7\n")
    shown = run("show", str(corpus), "--step", "3", "--config", "c.toml", "--json", cwd=tmp_path)
    rows = [row["ids"] for row in json.loads(shown.stdout)]
    config = corpuskit.BatchConfig(batch_size=2, block_size=5, seed=7)
    batches = corpuskit.open(corpus).batches(config=config, output="numpy")
    assert rows == batches[3][0].tolist()
    flags = ["--step", "3", "--config", "c.toml", "--context-length", "6", "--json"]
    wider = run("show", str(corpus), *flags, cwd=tmp_path)
    assert [len(row["ids"]) for row in json.loads(wider.stdout)] == [6, 6]


def test_flags_win_over_the_configuration_file(tmp_path, run):
    (tmp_path / "my.txt").write_text("words " * 100)
    (tmp_path / "c.toml").write_text('[prepare]\ndataset = "my.txt"\nencoding = "bytes"\nname = "one"\n')
    made = run("prepare", "--config", "c.toml", "--name", "two", cwd=tmp_path)
    assert made.stdout == "data/two/bytes\n"


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.fault("P3")
def test_interrupted_run_ends_quickly_keeps_parts_and_goes_on(tmp_path, how, code, run):
    (tmp_path / "my.txt").write_text("a line of text\n" * 1_500_000)
    (tmp_path / "c.toml").write_text("part_bytes = 2000000\n")
    command = ["prepare", "my.txt", "--lines", "--encoding", "gpt2", "--workers", "2", "--config", "c.toml"]
    process = subprocess.Popen(
        [*CORPUSKIT, *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    folder = tmp_path / "data" / "my" / ".gpt2.preparing"
    while not list(folder.glob("*/part-*.json")):
        time.sleep(0.01)
    os.killpg(process.pid, how)
    _, errors = process.communicate()
    assert process.returncode == code
    assert "parts are finished and kept, and the next run goes on from there" in errors
    assert not list(folder.glob("*/*.tmp"))
    again = run(*command, cwd=tmp_path)
    assert again.returncode == 0
    assert sorted(path.name for path in (tmp_path / "data" / "my").iterdir()) == ["gpt2"]


@pytest.mark.fault("S6", "S15")
def test_control_characters_of_a_corpus_do_not_reach_a_terminal(tmp_path, run):
    (tmp_path / "evil.txt").write_text("\x1b]0;owned\x07 \u202egnp.exe")
    made = run("prepare", "evil.txt", "--encoding", "bytes", "--split", "none", cwd=tmp_path)
    assert made.returncode == 0
    show = [*CORPUSKIT, "show", "data/evil/bytes"]
    expected = {
        "1": rb"\u001b]0;owned\u0007 \u202egnp.exe",
        "": r"\u001b]0;owned\u0007 ⟨e2⟩⟨80⟩⟨ae⟩gnp.exe".encode(),
    }
    for no_color, text in expected.items():
        parent, child = pty.openpty()
        environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
        subprocess.run(show, cwd=tmp_path, stdout=child, check=True, env=environment)
        os.close(child)
        shown = re.sub(rb"\x1b\[[0-9;]*m", b"", os.read(parent, 10_000))  # the colours of tokens
        os.close(parent)
        assert b"\x1b" not in shown
        assert "\u202e" not in shown.decode()
        assert text in shown
    piped = subprocess.run(show, cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout
    assert piped == "\x1b]0;owned\x07 \u202egnp.exe\n".encode()


#: Escape sequences of seven and of eight bits, a delete character, and orders that turn the writing round.
HOSTILE = "x\x1b]0;owned\x07\x9b31m\x7f\u202e\u2066"
#: All that may not reach a terminal; tabs and the ends of lines may.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path: Path, run) -> Path:
    """A folder with a corpus whose path and text have hostile characters."""
    (tmp_path / "my.jsonl").write_text(json.dumps({"text": HOSTILE * 20}) + "\n")
    made = run("prepare", "my.jsonl", "--encoding", "bytes", "-o", f"{HOSTILE}/c", cwd=tmp_path)
    assert made.returncode == 0
    assert made.stdout == f"{HOSTILE}/c\n", "a program gets the path as it is"
    return tmp_path


def strings(value: Any) -> list[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


@pytest.mark.parametrize(
    "command",
    [
        "prepare my.jsonl --encoding bytes -o {}/c",
        "info {}/c",
        "show {}/c --tokens 40",
        "verify {}/c",
        "list corpora {}",
        "export {}/c --format nanogpt -o {}/e",
        "cache size",
    ],
)
@pytest.mark.fault("S6")
def test_json_has_control_characters_as_escapes(hostile, command, run):
    arguments = [word.format(HOSTILE) if "{" in word else word for word in command.split()]
    done = run(*arguments, "--json", cwd=hostile, CORPUSKIT_CACHE_DIR=HOSTILE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert any(HOSTILE in text for text in strings(found)), found
    assert not UNSAFE.search(done.stdout + done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        "info {}/none",
        "-v info {}/none",
        "info {}/none --json",
        "prepare my.jsonl --encoding bytes -o {}/other -q",
        "prepare my.jsonl --encoding {}",
        "verify {}/c",
        "cache add my.jsonl",
        "new-plugin corpuskit-x -o {}/plugin",
        "list corpora {}/empty",
    ],
)
@pytest.mark.fault("S6")
def test_talk_has_control_characters_as_escapes(hostile, command, run):
    (hostile / HOSTILE / "empty").mkdir()
    arguments = [word.format(HOSTILE) if "{" in word else word for word in command.split()]
    done = run(*arguments, cwd=hostile, CORPUSKIT_CACHE_DIR=HOSTILE)
    assert not UNSAFE.search(done.stderr)


def test_progress_is_drawn_on_a_terminal_only(tmp_path):
    (tmp_path / "my.txt").write_text("words " * 1000)
    parent, child = pty.openpty()
    subprocess.run(
        [*CORPUSKIT, "prepare", "my.txt", "--encoding", "bytes"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=child, check=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(child)
    drawn = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "Encoding my" in drawn
    assert "tokens" in drawn
