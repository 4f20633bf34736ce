"""Help: options in groups, each a sentence with its default, and an example of every command."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from corpuskit.cli import COMMANDS, root
from corpuskit.cli.help import option_groups


def every_command():
    """(words, command, context) of all commands that come with corpuskit."""

    def walk(words, command, parent):
        context = click.Context(command, info_name=words[-1] if words else "corpuskit", parent=parent)
        yield words, command, context
        if isinstance(command, click.Group):
            names = COMMANDS if command is root else command.list_commands(context)
            for name in names:
                yield from walk([*words, name], command.get_command(context, name), context)

    return list(walk([], root, None))


COMMANDS_FOUND = {" ".join(words) or "corpuskit": (words, one, ctx) for words, one, ctx in every_command()}
all_commands = pytest.mark.parametrize("name", COMMANDS_FOUND)


@all_commands
@pytest.mark.parametrize("width", [60, 80, 140])
def test_help_fits_the_terminal(name, width):
    words, *_ = COMMANDS_FOUND[name]
    done = CliRunner().invoke(root, [*words, "--help"], terminal_width=width)
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= width
    assert "\b" not in done.output
    assert r"\b" not in done.output


@all_commands
def test_help_says_what_each_of_a_groups_commands_does_in_a_whole_sentence(name):
    words, *_ = COMMANDS_FOUND[name]
    done = CliRunner().invoke(root, [*words, "--help"], terminal_width=80)
    assert "..." not in done.output.partition("Commands:")[2].partition("Options:")[0]


def test_a_range_is_said_in_words():
    done = CliRunner().invoke(root, ["show", "--help"], terminal_width=140)
    assert "[default: 256; at least 1]" in done.output
    assert "[at least 0]" in done.output
    assert "x>=" not in done.output


@all_commands
def test_every_command_has_an_example_that_its_own_options_understand(name):
    _, command, _ = COMMANDS_FOUND[name]
    if name == "corpuskit":
        return
    assert command.examples
    for example in command.examples:
        called = example.removeprefix('eval "$(').removesuffix(')"').partition(" |")[0]
        program, *arguments = shlex.split(called)
        assert program == "corpuskit"
        inner, rest = root, arguments
        while isinstance(inner, click.Group) and rest and not rest[0].startswith("-"):
            inner, rest = inner.get_command(click.Context(inner), rest[0]), rest[1:]
            assert inner is not None, example
        inner.make_context("x", rest)


@all_commands
def test_every_option_is_a_sentence_that_says_its_default(name):
    _, command, context = COMMANDS_FOUND[name]
    for param in command.params:
        if not isinstance(param, click.Option):
            continue
        _, meaning = param.get_help_record(context)
        sentence = re.sub(r"\s*\[[^]]*\]$", "", meaning)
        assert sentence[0].isupper(), meaning
        assert sentence.endswith("."), meaning
        assert len(sentence.split()) > 2, meaning
        says = "[default: " in meaning or "y default" in meaning or meaning.endswith("[required]")
        assert says or param.is_flag or param.multiple, (param.opts, meaning)


def test_options_of_prepare_stand_in_groups():
    _, command, context = COMMANDS_FOUND["prepare"]
    groups = {
        heading: [flags for flags, _ in rows] for heading, rows in option_groups(command, context).items()
    }
    assert list(groups) == ["Input", "Splitting", "Output", "Running", "Options"]
    assert any("--text-field" in flags for flags in groups["Input"])
    assert any("--split" in flags for flags in groups["Splitting"])
    assert any("--output" in flags for flags in groups["Output"])
    assert any("--workers" in flags for flags in groups["Running"])
    output = CliRunner().invoke(root, ["commit", "--help"]).output
    assert (
        output.index("Input:")
        < output.index("Splitting:")
        < output.index("Output:")
        < output.index("Running:")
    )


def test_a_long_example_is_continued_as_a_shell_reads_it():
    done = CliRunner().invoke(root, ["export", "--help"], terminal_width=50)
    _, _, examples = done.output.partition("Examples:\n")
    said = [shlex.split(line) for line in examples.replace("\\\n", " ").splitlines() if line]
    assert said == [shlex.split(example) for example in COMMANDS_FOUND["export"][1].examples]
    assert examples.count("\\\n") >= 1
