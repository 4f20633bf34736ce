"""The table of commands."""

from __future__ import annotations

import importlib
import keyword

import click
import pytest

from corpuskit.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_table_says(name):
    module, summary = COMMANDS[name]
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    assert command.name == name
    word = f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_")
    assert module == f"corpuskit.cli.{word}"
    assert summary.endswith(".")
