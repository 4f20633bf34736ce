"""What configurations share: layers, aliases, and values that are checked."""

from __future__ import annotations

import pytest

from corpuskit.config import BatchConfig, PrepareConfig, describe
from corpuskit.errors import ConfigError


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


def test_later_layers_win_and_none_says_nothing():
    config = PrepareConfig.make(
        {"dataset": "a", "encoding": "bytes", "workers": 3}, {"dataset": "b", "encoding": None}
    )
    assert (config.dataset, config.encoding, config.workers) == ("b", "bytes", 3)


def test_an_alias_in_one_layer_is_the_field_in_another():
    assert BatchConfig.make({"block_size": 64}, {"context_length": 32}).block_size == 32
    assert BatchConfig(context_length=16).block_size == 16
    assert PrepareConfig.make({"dataset": "x", "from": "y"}, {"location": "z"}).location == "z"


def test_every_field_is_described():
    for model in (PrepareConfig, BatchConfig):
        assert all(description for _, _, description in describe(model))
