"""Escapes in what is typed, and names that are none."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.cli import root
from corpuskit.cli.options import unescape


@given(st.text())
def test_every_text_can_be_typed(text):
    assert unescape(text.replace("\\", "\\\\")) == text


@pytest.mark.parametrize(
    "arguments",
    [
        ["unpack", "a.tar", "-o", "-"],
        ["import", "a", "--format", "nanogpt", "--name", "a", "--encoding", "bytes", "-o", "-"],
        ["export", "a", "--format", "nanogpt", "-o", "-"],
        ["concat", "a", "-o", "-"],
        ["fetch", "--to", "-"],
        ["pack", "-", "-o", "a.tar"],
        ["prepare", "a.txt", "-o", "-"],
    ],
)
def test_a_dash_is_no_folder(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(root, arguments)
    assert done.exit_code == 2
    assert "write ./- for a name of -" in done.stderr
    assert [*tmp_path.iterdir()] == []
