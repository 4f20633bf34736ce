"""The flags of commands are the fields of the configurations that they fill."""

from __future__ import annotations

import click
import pytest

from corpuskit.cli.prepare_options import plan_options, prepare_options
from corpuskit.cli.show import command as show
from corpuskit.config import BatchConfig, PrepareConfig

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
