"""What is typed, and what it means: flags are the fields of the configurations that they fill."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from corpuskit.cli.prepare_options import config_of, plan_options, prepare_options
from corpuskit.cli.show import command as show
from corpuskit.config import BatchConfig, PrepareConfig


def said(*args: str):
    """The configuration that a command line means, and what was printed."""
    found = []

    @click.command()
    @prepare_options
    def command(dataset, config, **flags):
        found.append(config_of(dataset, config, flags))

    result = CliRunner().invoke(command, ["x.txt", *args])
    return (found[0] if found else None), result.output


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (r"\n\n", "\n\n"),
        ("\n\n", "\n\n"),
        (r"a\tb\r\f", "a\tb\r\f"),
        (r"\\n", r"\n"),
        ("\\\\", "\\"),
        (r"\0", "\0"),
        (r"\x1e", "\x1e"),
        (r"\u2028!", "\u2028!"),
        ("<|endoftext|>", "<|endoftext|>"),
    ],
)
def test_escapes_of_a_separator_are_understood(typed, text):
    config, _ = said("--separator", typed)
    assert config.separator == text


@pytest.mark.parametrize("typed", [r"\d", "\\", r"\x1", r"\u20"])
def test_a_backslash_that_begins_no_escape_says_how_to_write_one(typed):
    _, output = said("--separator", typed)
    assert r"is no escape; write \\ for a backslash" in output


def test_a_separator_in_toml_is_taken_as_it_is(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("separator = '\\n'\nreader_options = {delimiter = '\\t', max_ratio = 7}\n")
    config, _ = said("--config", str(path), "--reader-option", "max_ratio=9", "--reader-option", r"x=\t=")
    assert config.separator == r"\n"
    assert config.reader_options == {"delimiter": r"\t", "max_ratio": "9", "x": "\t="}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--reader-option", "max_ratio"], "expected KEY=VALUE, found 'max_ratio'"),
        (["--reader-option", "=7"], "expected KEY=VALUE, found '=7'"),
        (["--reader-option", "a=1", "--reader-option", "a=2"], "a is given twice"),
    ],
)
def test_reader_options_that_say_nothing_are_refused(args, message):
    config, output = said(*args)
    assert config is None
    assert message in output


def test_without_reader_options_there_are_none():
    assert said()[0].reader_options == {}


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ([], None),
        (["--text-field", "body"], "body"),
        (["--text-field", "body,text"], "body,text"),
        (["--text-field", "body", "--text-field", "*.csv=text"], ["body", "*.csv=text"]),
    ],
)
def test_a_repeated_text_field_adds_to_the_others(args, value):
    assert said(*args)[0].text_field == value


#: Of flags whose field has another name.
FIELDS = {"from": "location"}


def flags_of(command: click.Command) -> dict[str, list[str]]:
    """Each option's field, and its flags."""
    return {
        str(param.name): [flag for flag in (*param.opts, *param.secondary_opts) if flag.startswith("--")]
        for param in command.params
        if isinstance(param, click.Option)
    }


def command_with(options) -> click.Command:
    return click.command()(options(lambda **flags: None))


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        # Only `prepare` itself makes a share of the parts.
        (prepare_options, {"dataset", "parts"}),
        # A plan takes no more than what shapes the work.
        (plan_options, {"dataset", "output", "work_dir", "parts", "overwrite", "executor"}),
    ],
)
def test_every_field_of_a_preparation_has_its_flag(options, missing):
    flags = flags_of(command_with(options))
    fields = set(PrepareConfig.model_fields)
    assert set(flags) - {"config", "reader_options"} <= fields
    assert fields - set(flags) <= missing
    for field, names in flags.items():
        words = {name.removeprefix("--").removeprefix("no-").replace("-", "_") for name in names}
        assert field in {FIELDS.get(word, word) for word in words} | {"reader_options"}, names


def test_what_show_is_told_of_a_batch_are_fields_of_its_configuration():
    flags = flags_of(show)
    batch = {"split", "batch_size", "block_size", "sampler", "seed"}
    assert batch <= set(flags)
    assert batch <= set(BatchConfig.model_fields)
