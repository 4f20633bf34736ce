"""`corpuskit bench`: a table for people, JSON for programs."""

from __future__ import annotations

import json

from click.testing import CliRunner

from corpuskit.cli.bench import command

FLAGS = ["--seconds", "0.01", "--batch-size", "2", "--block-size", "8"]


def test_a_table_has_a_row_for_each_measurement(small_corpus):
    result = CliRunner().invoke(command, [str(small_corpus), *FLAGS])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{small_corpus}, split train: 90 tokens, 180 B in 1 shard"
    starts = [line.split("  ")[0] for line in lines]
    assert {"read, warm", "prepare, bytes", "batch, random", "batch, packed"} <= {*starts}


def test_json_has_the_same(small_corpus):
    result = CliRunner().invoke(command, [str(small_corpus), *FLAGS, "--json"])
    value = json.loads(result.stdout)
    assert (value["num_tokens"], value["batch_size"], value["block_size"]) == (90, 2, 8)
    assert {"read", "prepare", "batch"} == {timing["task"] for timing in value["timings"]}


def test_a_corpus_elsewhere_is_refused_in_one_line(tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "none")])
    assert result.exit_code != 0
    assert "not a corpus" in str(result.exception)
