from __future__ import annotations

import pytest

from corpuskit.batches.options import options_of
from corpuskit.config import (
    BatchConfig,
    PrepareConfig,
    RunConfig,
    describe,
    part_of,
    read_config,
    read_toml,
)
from corpuskit.errors import ConfigError
from corpuskit.units import parse_count


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (PrepareConfig, {}, "dataset is missing"),
        (
            PrepareConfig,
            {"dataset": "x", "encodign": "y"},
            "unknown field 'encodign'; did you mean 'encoding'?",
        ),
        (PrepareConfig, {"dataset": "x", "workers": 0}, "workers = 0: must be a whole number, 1"),
        (PrepareConfig, {"dataset": "x", "workers": True}, "workers = True: must be a whole number"),
        (PrepareConfig, {"dataset": "x", "workers": 2.5}, "workers = 2.5: must be a whole number"),
        (PrepareConfig, {"dataset": "x", "on_missing": "no"}, "on_missing = 'no': must be 'skip' or 'error'"),
        (
            PrepareConfig,
            {"dataset": "x", "max_tokens": "many"},
            "max_tokens = 'many': must be a number",
        ),
        (PrepareConfig, {"dataset": "x", "max_tokens": "1.5"}, "max_tokens = '1.5': must be a whole number"),
        (PrepareConfig, {"dataset": "x", "eot": "yes"}, "eot = 'yes': must be true or false"),
        (PrepareConfig, {"dataset": 7}, "dataset"),
        (BatchConfig, {"block_size": -1}, "block_size = -1: must be a whole number, 1 or more"),
        (
            PrepareConfig,
            {"dataset": ["x", 7]},
            r"dataset\[1\] = 7: must be text",
        ),
        (PrepareConfig, {"dataset": "x", "output": 7}, "output = 7: must be a path or text"),
        (
            PrepareConfig,
            {"dataset": "x", "reader_options": {"depth": []}},
            r"reader_options.depth = \[\]: must be true or false, a whole number, a number or text",
        ),
        (BatchConfig, {"seed": float("nan")}, "seed = nan: must be a whole number"),
        (BatchConfig, {"batch_size": 0, "block_size": 0}, r"batch_size = 0: .* \(and 1 more\)"),
    ],
)
@pytest.mark.fault("K1")
def test_impossible_values_name_the_field_the_value_and_the_rule(model, values, message):
    with pytest.raises(ConfigError, match=message) as caught:
        model.make(values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [{"batch_size": 3}, "corpus.toml", PrepareConfig(dataset="x"), 3])
def test_what_is_no_configuration_of_that_purpose_is_one_line(config):
    with pytest.raises(ConfigError, match="config must be a BatchConfig or a RunConfig, found ") as caught:
        part_of(config, BatchConfig)
    assert ("BatchConfig(**config)" in str(caught.value)) == isinstance(config, dict)
    whole = RunConfig(prepare=PrepareConfig(dataset="x"), batches=BatchConfig(batch_size=3))
    assert part_of(whole, BatchConfig).batch_size == 3
    assert part_of(whole, PrepareConfig).dataset == "x"


def test_later_layers_win_and_none_says_nothing():
    config = PrepareConfig.make(
        {"dataset": "a", "encoding": "bytes", "workers": 3}, {"dataset": "b", "encoding": None}
    )
    assert (config.dataset, config.encoding, config.workers) == ("b", "bytes", 3)


def test_an_alias_in_one_layer_is_the_field_in_another():
    assert BatchConfig.make({"block_size": 64}, {"context_length": 32}).block_size == 32
    assert BatchConfig(context_length=16).block_size == 16
    assert PrepareConfig.make({"dataset": "x", "from": "y"}, {"location": "z"}).location == "z"


def test_debug_leaves_what_was_said_for_batches_to_shrink():
    config = BatchConfig(batch_size=64, block_size=1024, debug=True)
    assert (config.batch_size, config.block_size) == (64, 1024)
    options = options_of(**config.options())
    assert (options.batch_size, options.block_size) == (2, 8)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("64_000", 64_000), ("10B", 10**10), ("1.5M", 1_500_000), ("2t", 2 * 10**12)],
)
def test_counts_may_carry_a_unit(text, value):
    assert parse_count(text) == value
    assert PrepareConfig.make({"dataset": "x", "max_tokens": text}).max_tokens == value


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64M", 64 * 2**20),
        ("1GiB", 2**30),
        ("1gib", 2**30),
        ("1GB", 10**9),
        ("64 MB", 64 * 10**6),
        ("1.1kB", 1100),
        ("512", 512),
        ("512B", 512),
        ("2T", 2**41),
        ("1.5MiB", 3 * 2**19),
    ],
)
def test_sizes_may_be_written_as_people_write_them(text, size):
    config = PrepareConfig.make({"dataset": "x", "shard_bytes": text, "part_bytes": text})
    assert (config.shard_bytes, config.part_bytes) == (size, size)


@pytest.mark.parametrize("text", ["1XB", "GB", "1 0GB", "1GBB", "-1M", "1i", "1iB", "nan", "1e3", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match=r"shard_bytes = .*: must be a number of bytes with a unit such as"):
        PrepareConfig.make({"dataset": "x", "shard_bytes": text})
    with pytest.raises(ConfigError, match=r"max_tokens = .*: must be a number with a unit such as"):
        PrepareConfig.make({"dataset": "x", "max_tokens": text})


def test_toml_serves_both_models_from_one_file(tmp_path):
    path = tmp_path / "corpuskit.toml"
    path.write_text(
        'dataset = "x"\n[prepare]\nencoding = "o200k_base"\nworkers = 2\n[batches]\ncontext_length = 32\n'
    )
    prepare = PrepareConfig.make(read_toml(path, PrepareConfig), {"workers": 4})
    assert (prepare.dataset, prepare.encoding, prepare.workers) == ("x", "o200k_base", 4)
    assert BatchConfig.make(read_toml(path, BatchConfig)).block_size == 32


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"= broken", r"corpuskit.toml:1: not TOML: invalid statement in column 1$"),
        (b"# x\nencoding = gpt2\n", r':2: not TOML: .* in column 12; text needs quotation marks: "gpt2"$'),
        (b'encoding = "gpt2', r"corpuskit.toml: not TOML: "),
        (b"# \xff", r"--config .*corpuskit.toml: not a TOML file: its byte 2 is not UTF-8"),
        (b"prepare = 3", r"corpuskit.toml:1: prepare must be one table, \[prepare\]"),
        (b"[[batches]]\nseed = 3", r"corpuskit.toml:1: batches must be one table, \[batches\]"),
        (None, r"--config .*corpuskit.toml: there is no such file"),
    ],
)
def test_file_that_is_no_configuration_is_named(tmp_path, content, message):
    path = tmp_path / "corpuskit.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_toml(path, PrepareConfig)


def test_what_one_command_alone_has_may_stand_at_the_top_of_a_file_for_both(tmp_path):
    path = tmp_path / "corpus.toml"
    path.write_text('dataset = "x"\nencoding = "bytes"\nbatch_size = 4\n[batches]\nseed = 7\n')
    assert BatchConfig.make(read_toml(path, BatchConfig)) == BatchConfig.make({"batch_size": 4, "seed": 7})
    assert PrepareConfig.make(read_toml(path, PrepareConfig)).encoding == "bytes"
    config = read_config(path)
    assert (config.prepare.dataset, config.batches.batch_size, config.batches.seed) == ("x", 4, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dataset = "x"\nsplit = "valid"\n', r"split is a field of \[prepare\] and of \[batches\]"),
        ('dataset = "x"\nbatchsize = 4\n', "unknown field 'batchsize'"),
        ('[prepare]\ndataset = "x"\nbatch_size = 4\n', "unknown field 'batch_size'"),
        ('[prepare]\ndataset = "x"\n[batches]\nencoding = "gpt2"\n', "unknown field 'encoding'"),
        ("batch_size = 4\n", "dataset is missing"),
        ("[prepare]\ndataset = 'x'\n[batches]\ndataset = 'x'\n", "unknown field 'dataset'"),
    ],
)
def test_a_file_for_both_is_checked_as_a_whole(tmp_path, text, message):
    (tmp_path / "corpus.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path / "corpus.toml")


def test_a_file_for_both_needs_no_batches(tmp_path):
    (tmp_path / "corpus.toml").write_text("[prepare]\ndataset = 'x'\n")
    assert read_config(tmp_path / "corpus.toml").batches == BatchConfig.make({})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('encodign = "x"', r"corpuskit.toml:1: unknown field 'encodign'; did you mean 'encoding'\?"),
        (
            "# x\n\n[prepare]\nworkers = 0",
            r"corpuskit.toml:4: workers = 0: must be a whole number, 1 or more",
        ),
        ("workers = 2\n[prepare]\n'workers'=0", r"corpuskit.toml:3: workers = 0: must be"),
        ("prepare.workers = 0", r"corpuskit.toml:1: workers = 0: must be"),
        ("[prepre]\nworkers = 2", r"corpuskit.toml:1: unknown table \[prepre\]; did you mean \[prepare\]\?"),
        ("[x]", r"corpuskit.toml:1: unknown table \[x\]; known: \[prepare\], \[batches\]"),
        ('output = ""', r"corpuskit.toml:1: output = '': it is empty"),
        ('[prepare]\nfrom = ""', r"corpuskit.toml:2: from = '': it is empty"),
        ("parts = '5/4'", r"corpuskit.toml:1: parts = '5/4': must be of the form K/N"),
    ],
)
def test_values_of_a_file_are_refused_with_their_line_and_key(tmp_path, content, message):
    path = tmp_path / "corpuskit.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        PrepareConfig.make({"dataset": "x"}, read_toml(path, PrepareConfig))


def test_a_value_that_a_later_layer_replaces_is_not_the_one_to_blame(tmp_path):
    path = tmp_path / "corpuskit.toml"
    path.write_text("workers = 3\n")
    with pytest.raises(ConfigError, match=r"^workers = 0: "):
        PrepareConfig.make({"dataset": "x"}, read_toml(path, PrepareConfig), {"workers": 0})


def test_every_field_is_described():
    for model in (PrepareConfig, BatchConfig):
        assert all(description for _, _, description in describe(model))


def test_a_device_and_a_huge_file_are_no_configuration(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="^--config /dev/zero: cannot be read: it is a device, not a file$"):
        read_toml("/dev/zero", PrepareConfig)
    monkeypatch.setattr("corpuskit.config.said._MAX_BYTES", 10)
    (tmp_path / "c.toml").write_text("# " + "x" * 20)
    with pytest.raises(ConfigError, match="cannot be read: larger than 10 bytes"):
        read_toml(tmp_path / "c.toml", PrepareConfig)
