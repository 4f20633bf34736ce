"""What batches can be told."""

from __future__ import annotations

import pytest

from corpuskit.batches.options import options_of
from corpuskit.config import BatchConfig, read_config
from corpuskit.errors import ConfigError


def test_debug_leaves_what_was_said_for_batches_to_shrink():
    config = BatchConfig(batch_size=64, block_size=1024, debug=True)
    assert (config.batch_size, config.block_size) == (64, 1024)
    options = options_of(**config.options())
    assert (options.batch_size, options.block_size) == (2, 8)


def test_a_schedule_of_sizes_is_a_list_in_a_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        '[prepare]\ndataset = "x"\n[batches]\nbatch_size = [[0, 64], ["5e9 tokens", 128]]\n'
        "block_size = [[0, 256], [20_000, 1024]]\n"
    )
    config = read_config(path).batches
    assert config.batch_size == ((0, 64), ("5e9 tokens", 128))
    schedule = options_of(**config.options()).schedule
    assert schedule is not None
    assert schedule.sizes("block_size") == [[0, 256], [20_000, 1024]]
    assert options_of(**BatchConfig(**{**config.options(), "debug": True}).options()).schedule is None
    same = options_of(context_length=[(0, 256), (20_000, 1024)], batch_size=config.batch_size)
    assert same.schedule == schedule


def test_a_configuration_with_a_schedule_is_written_as_json_and_read_again():
    config = BatchConfig(batch_size=[(0, 64), ("5e9 tokens", 128)], block_size=256)
    written = config.model_dump_json()
    assert '"batch_size":[[0,64],["5e9 tokens",128]],"block_size":256' in written
    assert BatchConfig.model_validate_json(written).batch_size == config.batch_size


@pytest.mark.parametrize("said", [[3], [(0, 1, 2)], ["ab"], 0, "64", 1.5])
def test_what_is_no_size_and_no_schedule_is_refused_in_one_line(said):
    with pytest.raises(ConfigError, match="batch_size = .*: must be a whole number"):
        BatchConfig.make({"batch_size": said})
