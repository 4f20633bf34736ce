from __future__ import annotations

import os

import pytest

from corpuskit.config import BatchConfig, PrepareConfig, RunConfig, part_of, read_config, read_toml
from corpuskit.errors import ConfigError


@pytest.mark.parametrize("config", [{"batch_size": 3}, "corpus.toml", PrepareConfig(dataset="x"), 3])
def test_what_is_no_configuration_of_that_purpose_is_one_line(config):
    with pytest.raises(ConfigError, match="config must be a BatchConfig or a RunConfig, found ") as caught:
        part_of(config, BatchConfig)
    assert ("BatchConfig(**config)" in str(caught.value)) == isinstance(config, dict)
    whole = RunConfig(prepare=PrepareConfig(dataset="x"), batches=BatchConfig(batch_size=3))
    assert part_of(whole, BatchConfig).batch_size == 3
    assert part_of(whole, PrepareConfig).dataset == "x"


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


def test_a_device_and_a_huge_file_are_no_configuration(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="^--config /dev/zero: cannot be read: it is a device, not a file$"):
        read_toml("/dev/zero", PrepareConfig)
    monkeypatch.setattr("corpuskit.config.said._MAX_BYTES", 10)
    (tmp_path / "c.toml").write_text("# " + "x" * 20)
    with pytest.raises(ConfigError, match="cannot be read: larger than 10 bytes"):
        read_toml(tmp_path / "c.toml", PrepareConfig)


def test_a_configuration_that_comes_through_a_pipe_is_whole():
    end, other = os.pipe()
    with os.fdopen(end), os.fdopen(other, "w") as file:
        file.write('[prepare]\ndataset = "x"\n[batches]\nseed = 7\n')
        file.close()
        config = read_config(f"/dev/fd/{end}")
    assert (config.prepare.dataset, config.batches.seed) == ("x", 7)
