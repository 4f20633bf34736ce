from __future__ import annotations

import pytest

from corpuskit.config.mixture import WeightedConfig, mixture_table
from corpuskit.errors import ConfigError


def test_each_table_is_a_corpus_in_order(tmp_path):
    (tmp_path / "m.toml").write_text(
        '[[mixture]]\ncorpus = "b"\nweight = 2\n\n'
        '[[mixture]]\ncorpus = "a"\nweight = 0.5\nsampler = "packed"\n'
        "max_epochs = 4\n"
    )
    assert mixture_table(tmp_path / "m.toml") == [
        WeightedConfig(corpus="b", weight=2),
        WeightedConfig(corpus="a", weight=0.5, sampler="packed", max_epochs=4),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "m.toml:1: x is no part of a mixture; it has [[mixture]] only"),
        ("", "m.toml: expected a table [[mixture]] for each corpus"),
        ("[mixture]\na = 1", "m.toml: expected a table [[mixture]] for each corpus"),
        ("mixture = [1]", "m.toml: expected a table [[mixture]] for each corpus"),
        ("[[mixture]]\ncorpus = 1\nweight = 1", "m.toml: [[mixture]] 1: corpus = 1: must be text"),
        ('[[mixture]]\ncorpus = "a"', "m.toml: [[mixture]] 1: weight is missing"),
        (
            '[[mixture]]\ncorpus = "a"\nweight = 1\nwieght = 2',
            "m.toml: [[mixture]] 1: unknown field 'wieght'; did you mean 'weight'?",
        ),
        ("[[mixture", "m.toml: not TOML"),
    ],
)
def test_what_is_no_mixture_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        mixture_table(tmp_path / "m.toml")
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_a_file_that_is_not_there_is_said_to_be_a_mixtures(tmp_path):
    with pytest.raises(ConfigError, match=r"^mixture .*none.toml: there is no such file"):
        mixture_table(tmp_path / "none.toml")
