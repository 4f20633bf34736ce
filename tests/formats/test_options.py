"""The options of exports."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.formats.base import Format
from corpuskit.formats.options import ExportOptions, export_options
from corpuskit.registry import Component


class Sharded(Format):
    """Takes an option, and does nothing with it but to write it down."""

    name = "sharded"
    options_taken = ("shard_tokens",)

    def write_split(self, export, split):
        with export.file(split) as file:
            file.write(str(export.options.shard_tokens).encode())
            for _ in export.tokens(split):
                pass


def test_a_number_may_have_a_unit():
    assert export_options(shard_tokens="100M").shard_tokens == 10**8
    assert export_options(shard_tokens=7, meta=True) == ExportOptions(shard_tokens=7, meta=True)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"shard_tokens": "many"}, r"^--shard-tokens: expected a number with a unit .*, found 'many'$"),
        ({"shard_tokens": 0}, r"^--shard-tokens: expected a whole number of at least 1, found 0$"),
        ({"shard_tokens": True}, r"^--shard-tokens: expected a whole number of at least 1, found True$"),
        ({"block_size": -3}, r"^--block-size: expected a whole number of at least 1, found -3$"),
        ({"block_size": 1.5}, r"^--block-size: expected a whole number of at least 1, found 1\.5$"),
    ],
)
def test_what_is_no_number_is_refused(asked, message):
    with pytest.raises(ConfigError, match=message):
        export_options(**asked)


def test_an_option_that_a_format_does_not_take_is_refused_with_those_that_do(make_corpus, tmp_path):
    message = r"^--meta: the format megatron does not take it; export with --format nanogpt, or leave it out$"
    with pytest.raises(ConfigError, match=message):
        corpuskit.export(make_corpus(), "megatron", tmp_path / "out", meta=True)
    assert not (tmp_path / "out").exists()


def test_a_format_that_cannot_be_loaded_takes_nothing(make_corpus, tmp_path, monkeypatch):
    corpus = make_corpus()

    def broken(self, kind):
        raise ConfigError("broken")

    monkeypatch.setattr(Component, "make", broken)
    with pytest.raises(ConfigError, match=r"^--text: the format sharded does not take it; leave it out$"):
        Sharded().write(corpus, tmp_path / "out", options=ExportOptions(text=True))


def test_an_export_with_other_options_is_another_one(make_corpus, tmp_path):
    corpus, output, seven = make_corpus(), tmp_path / "out", ExportOptions(shard_tokens=7)
    files = Sharded().write(corpus, output, options=seven)
    assert json.loads(files[-1].read_bytes())["options"] == {"shard_tokens": 7}
    assert Sharded().find(corpus, output, options=ExportOptions(shard_tokens=7)) == files
    for other in (None, ExportOptions(shard_tokens=8), ExportOptions(shard_tokens=7, meta=True)):
        assert Sharded().find(corpus, output, options=other) is None
    with pytest.raises(ConfigError, match="replace it with --overwrite"):
        Sharded().write(corpus, output, options=ExportOptions(shard_tokens=8))


def test_what_nobody_asked_for_is_not_in_the_description(make_corpus, tmp_path):
    (*_, described) = Sharded().write(make_corpus(), tmp_path / "out")
    assert "options" not in json.loads(described.read_bytes())


@pytest.mark.parametrize("options", [[], 3, "text", None])
def test_options_that_are_none_are_another_export(make_corpus, tmp_path, options):
    corpus = make_corpus()
    (*_, described) = Sharded().write(corpus, tmp_path / "out")
    value = json.loads(described.read_bytes())
    described.write_text(json.dumps({**value, "options": options}))
    assert Sharded().find(corpus, tmp_path / "out") is None or options == []
