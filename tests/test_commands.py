"""The table of commands."""

from __future__ import annotations

import importlib

import click
import pytest

from corpuskit.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_table_says(name):
    module, summary = COMMANDS[name]
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert module == f"corpuskit.cli.{name.replace('-', '_')}"
    assert summary.endswith(".")
