"""What the Tab key offers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from corpuskit import registry
from corpuskit.cli import root
from corpuskit.testing import fake_distribution

#: What bash calls when Tab is pressed, outside of an interactive shell.
_DRIVER = """
compopt() { printf 'compopt %s\\n' "$*"; }
corpuskit() { :; }
eval "$SCRIPT"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_corpuskit_completion "$PROGRAM"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def press_tab(tmp_path, monkeypatch):
    """Presses Tab after some words, and gives what bash is told."""
    program = tmp_path / "corpuskit"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m corpuskit "$@"\n')
    program.chmod(0o700)
    script = CliRunner().invoke(root, ["completion", "bash"]).output
    folder = tmp_path / "work"
    folder.mkdir()

    def press(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", _DRIVER, "bash", "corpuskit", *words],
            cwd=folder,
            env={"CORPUSKIT_PLUGINS": "", **os.environ, "SCRIPT": script, "PROGRAM": str(program)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    press.folder = folder
    return press


def test_a_dataset_is_a_name_or_a_file(press_tab):
    (press_tab.folder / "tinyshakespeare.txt").write_text("x")
    found = press_tab("prepare", "tinysh")
    assert found == ["compopt -o filenames", "tinyshakespeare", "tinyshakespeare.txt"]
    assert press_tab("prepare", "./tiny") == ["compopt -o default"]
    assert press_tab("prepare", "nothing-like-it") == ["compopt -o default"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["prepare", "--encoding", "gpt"], "gpt2"),
        (["prepare", "--executor", ""], "local"),
        (["prepare", "--format", "js"], "jsonl"),
        (["export", "x", "--format", "na"], "nanogpt"),
        (["show", "x", "--sampler", "shu"], "shuffled"),
        (["prepare", "--split", "char"], "characters:0.1"),
        (["ver"], "verify"),
        (["list", "sam"], "samplers"),
        (["completion", ""], "zsh"),
        (["cache", ""], "clear"),
        (["prepare", "--sep"], "--separator"),
    ],
)
def test_names_are_offered_where_they_can_stand(press_tab, words, offered):
    assert offered in press_tab(*words)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["prepare", "x", "--from", "da"], "default"),
        (["prepare", "x", "-o", "da"], "dirnames"),
        (["prepare", "x", "--config", "c"], "default"),
        (["info", "da"], "dirnames"),
        (["verify", "da"], "dirnames"),
        (["export", "x", "-o", "da"], "dirnames"),
        (["new-plugin", "x", "-o", "da"], "dirnames"),
    ],
)
def test_files_are_offered_where_they_go(press_tab, words, kind):
    assert press_tab(*words) == [f"compopt -o {kind}"]


def test_splits_are_those_of_the_corpus_on_the_line(press_tab, monkeypatch):
    (press_tab.folder / "my.txt").write_text("some words " * 50)
    made = [sys.executable, "-m", "corpuskit", "prepare", "my.txt", "--encoding", "bytes", "-q"]
    subprocess.run(made, cwd=press_tab.folder, check=True, capture_output=True)
    assert press_tab("show", "data/my/bytes", "--split", "") == ["train", "valid"]
    assert press_tab("show", "data/none", "--split", "") == []
    monkeypatch.setenv("HOME", str(press_tab.folder))
    assert press_tab("show", "~/data/my/bytes", "--split", "") == ["train", "valid"]


def test_a_broken_plugin_says_nothing_on_tab_and_its_components_are_not_imported(tmp_path, monkeypatch):
    good = "import corpuskit\nfrom corpuskit import SamplerSpec, CommandSpec\n"
    good += (
        '@corpuskit.hookimpl\ndef corpuskit_samplers():\n    return [SamplerSpec("mine", "x", "heavy:x")]\n'
    )
    good += (
        '@corpuskit.hookimpl\ndef corpuskit_commands():\n    return [CommandSpec("mend", "x", "heavy:x")]\n'
    )
    modules = {"good": good, "heavy": "raise SystemExit('imported')", "bad": "print('noise'); 1 / 0"}
    fake_distribution(tmp_path, "good", entry_points={"good": "good", "bad": "bad"}, modules=modules)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "CORPUSKIT_PLUGINS": "good,bad",
        "_CORPUSKIT_COMPLETE": "bash_complete",
    }

    def complete(*words):
        done = subprocess.run(
            [sys.executable, "-m", "corpuskit"],
            env={**environment, "COMP_WORDS": " ".join(["corpuskit", *words]), "COMP_CWORD": str(len(words))},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert complete("show", "x", "--sampler", "mi") == ["plain,mine"]
    assert complete("me") == ["plain,mend"]


def test_names_are_offered_without_anything_heavy():
    code = """
import os, sys
from corpuskit.cli import main
words = ["corpuskit", *sys.argv[1:], ""]
os.environ |= {"_CORPUSKIT_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words)}
os.environ["COMP_CWORD"] = str(len(words) - 1)
try:
    main([])
except SystemExit:
    heavy = {"numpy", "torch", "pyarrow", "pydantic", "ray", "transformers", "rich"} & set(sys.modules)
    sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    for words in (["prepare"], ["prepare", "--encoding"], ["show", "x", "--sampler"], ["export", "--format"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "plain," in done.stdout


def test_an_option_without_its_value_lists_what_there_is():
    registry.default()
    done = CliRunner().invoke(root, ["export", "x", "-o", "y"])
    assert done.exit_code == 2
    assert "arrow, datatrove, levanter, litdata, llmc, mds, megatron, nanogpt" in done.stderr
