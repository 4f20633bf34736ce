from __future__ import annotations

import inspect
import json

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root
from corpuskit.cli.stats import command
from corpuskit.errors import ConfigError


def stats(*arguments):
    return CliRunner().invoke(root, ["stats", *map(str, arguments)])


def test_what_is_printed_is_what_the_statistics_are_as_text(small_corpus):
    done = stats(small_corpus, "--top", 3, "--block-size", 8)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{corpuskit.stats(small_corpus, top=3, block_size=8)}\n"
    assert done.stderr == ""


def test_json_has_all_of_them(small_corpus):
    found = json.loads(stats(small_corpus, "--json", "--split", "train", "--context-length", 8).stdout)
    assert found == json.loads(json.dumps(corpuskit.stats(small_corpus, block_size=8).to_json()))


@pytest.mark.parametrize("flag", ["--block-size", "--batch-size", "--long-tokens"])
def test_numbers_are_checked(small_corpus, flag):
    done = stats(small_corpus, flag, 0)
    assert done.exit_code == 2
    assert "0 is not in the range x>=1" in done.output


def test_an_unknown_split_is_one_line(small_corpus):
    done = stats(small_corpus, "--split", "test")
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == f"{small_corpus} has no split 'test'; it has train"


def test_another_corpus_is_shown_side_by_side(small_corpus):
    done = stats(small_corpus, "--compare", small_corpus, "--top", 1)
    assert done.stdout == f"{corpuskit.compare(small_corpus, small_corpus)}\n"
    found = json.loads(stats(small_corpus, "--compare", small_corpus, "--json").stdout)
    assert found["same_inputs"] is True


def test_defaults_are_those_of_python():
    signature = inspect.signature(corpuskit.stats).parameters
    for param in command.params:
        if isinstance(param.default, int) and not param.is_flag:
            assert signature[param.name].default == param.default, param.name
