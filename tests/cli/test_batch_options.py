"""The options of a run, as flags and in a file."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from corpuskit.cli.batch_options import NAMES, batch_config, batch_options


@pytest.fixture
def said():
    """Runs a command with the options; gives the configuration that they mean."""

    def said(*args):
        found = []

        @click.command()
        @batch_options
        def command(config, **flags):
            assert {*flags} == {*NAMES}
            found.append(batch_config(config, flags))

        result = CliRunner().invoke(command, args, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return found[0]

    return said


def test_flags_win_over_the_file_and_the_rest_is_as_in_python(said, tmp_path):
    (tmp_path / "c.toml").write_text('[batches]\nbatch_size = 8\nseed = 3\nsplit = "valid"\n')
    config = said("--config", str(tmp_path / "c.toml"), "--seed", "5", "--context-length", "32")
    assert (config.batch_size, config.block_size, config.seed) == (8, 32, 5)
    assert (config.sampler, config.split) == ("random", "valid")


def test_without_flags_a_run_is_as_corpus_batches_makes_it(said):
    config = said()
    assert (config.batch_size, config.block_size, config.seed, config.split) == (64, 128, 0, "train")
