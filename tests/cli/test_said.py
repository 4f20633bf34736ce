"""Options with how they were said on the command line."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from corpuskit.cli.help import SAID
from corpuskit.cli.said import as_flags, in_file
from corpuskit.config import PrepareConfig


@pytest.fixture
def within():
    """Runs something inside a command with two options, and gives what it gives."""

    def within(run, *args):
        found = []

        @click.command()
        @click.option("--shard-bytes", "-s")
        @click.option("--workers")
        @click.pass_context
        def command(context, **flags):
            found.append(run(context, flags))

        result = CliRunner().invoke(command, [*args], obj=args, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return found[0]

    return within


def test_a_value_is_called_as_it_was_typed(within):
    assert within(lambda _, flags: as_flags(flags).said("workers", 0), "--workers", "0") == "--workers 0"
    assert within(lambda _, flags: as_flags(flags).said("shard_bytes", "x"), "-s", "x") == "-s 'x'"
    assert within(lambda _, flags: as_flags(flags).said("engine", "x")) == "engine 'x'"


def test_without_a_file_nothing_is_said_in_one(within):
    assert dict(within(lambda _, flags: in_file(None, PrepareConfig, flags))) == {}


def test_a_value_of_the_file_is_remembered_unless_a_flag_wins_over_it(within, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('workers = 3\nshard_bytes = "1M"\n')

    def run(context, flags):
        values = in_file(str(path), PrepareConfig, flags)
        return dict(values), set(context.meta[SAID])

    values, remembered = within(run, "--workers", "2")
    assert values == {"workers": 3, "shard_bytes": "1M"}
    assert remembered == {"shard_bytes"}
