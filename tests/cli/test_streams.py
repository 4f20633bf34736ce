"""stdout and stderr, whatever they can show and whoever reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import corpuskit

CORPUSKIT = [sys.executable, "-m", "corpuskit"]


@pytest.fixture
def foreign(tmp_path: Path, run) -> str:
    """A corpus whose text and names are in many scripts, one of them in no encoding at all."""
    name = os.fsdecode(b"\xe7\xac\xac-\xff.txt")
    (tmp_path / name).write_text("第一 caf\u00e9 🙂 \u0161\n" * 9, encoding="utf-8")
    made = run("prepare", f"./{name}", "--encoding", "bytes", "-o", "第", "--split", "none", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    return name


@pytest.mark.parametrize("encoding", ["latin-1", "ascii:strict"])
@pytest.mark.parametrize(
    "args",
    ["show 第", "info 第", "plan ./{} --encoding bytes", "verify 第",
     "prepare ./{} --encoding bytes -o 第 --split none"],
)  # fmt: skip
def test_output_of_any_encoding_shows_an_escape_for_what_it_lacks(foreign, tmp_path, args, encoding):
    command = [part.format(foreign) for part in args.split()]
    codec = encoding.partition(":")[0]
    plain, as_json = (
        subprocess.run(
            [*CORPUSKIT, *command, *more], cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True, check=False,
        )
        for more in ([], ["--json"])
    )  # fmt: skip
    assert (plain.returncode, as_json.returncode) == (0, 0), plain.stderr + as_json.stderr
    assert json.loads(as_json.stdout.decode(codec))


def test_a_name_that_is_not_text_leaves_through_a_pipe_as_it_is(tmp_path):
    (tmp_path / "my.txt").write_text("text")
    command = [*CORPUSKIT, "prepare", "./my.txt", "--encoding", "bytes", "--split", "none", "-o", b"\xff"]
    for environment in ({"PYTHONIOENCODING": "utf-8:strict"}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}):
        made = subprocess.run(
            command, cwd=tmp_path, capture_output=True, check=True, env={**os.environ, **environment}
        )
        assert made.stdout == b"\xff\n"


@pytest.mark.parametrize("args", [["info", "nowh\u00e8re\u7b2c\udcff"], ["prepare", "\udcff"], ["\udcff"]])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8:strict"])
def test_errors_about_names_in_any_script_are_told(tmp_path, args, encoding):
    found = subprocess.run(
        [*CORPUSKIT, *args], cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True, check=False,
    )  # fmt: skip
    assert found.returncode in (2, 5)
    assert b"Traceback" not in found.stderr
    assert found.stderr


@pytest.mark.parametrize("closed", ["stdout >&-", "stdout >/dev/full", "stderr 2>&-", "stderr 2>/dev/full"])
@pytest.mark.parametrize("args", ["info {}", "show {} --json", "prepare ./my.txt --name mine -q"])
def test_a_stream_that_takes_nothing_is_one_error_or_silence(corpus, tmp_path, closed, args):
    stream, redirection = closed.split()
    command = f"{' '.join(CORPUSKIT)} {args.format(corpus)} {redirection}"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    if stream == "stderr":
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout
    else:
        assert ended.returncode == 4
        said = '"message": "' if "--json" in args else "corpuskit: error: "
        assert ended.stderr.count(f"{said}stdout: cannot write: ") == 1
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr


def test_no_file_is_taken_for_a_stream_that_was_closed(tmp_path):
    (tmp_path / "my.txt").write_text("text " * 100)
    command = f"{' '.join(CORPUSKIT)} prepare ./my.txt --encoding bytes -o x <&- >&- 2>&-"
    assert subprocess.run(command, shell=True, cwd=tmp_path, check=False).returncode == 4
    assert corpuskit.verify(tmp_path / "x") == []


@pytest.mark.fault("P8")
def test_reader_of_stdout_may_leave_early(corpus, tmp_path):
    command = f"{sys.executable} -m corpuskit show {corpus} --tokens 500 --json | head -c 10"
    found = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.stderr == ""
