"""What a value must be is said in one set of words, whatever pydantic calls it."""

from __future__ import annotations

import pytest

from corpuskit.config import BatchConfig, PrepareConfig
from corpuskit.errors import ConfigError

X = {"dataset": "x"}


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (PrepareConfig, {"dataset": 3}, "dataset = 3: must be text or a list"),
        (PrepareConfig, {"dataset": ["a", 3]}, "dataset[1] = 3: must be text"),
        (PrepareConfig, {"dataset": b"x"}, "dataset = b'x': must be text or a list"),
        (PrepareConfig, {**X, "output": 3}, "output = 3: must be a path or text"),
        (PrepareConfig, {**X, "work_dir": 3}, "work_dir = 3: must be a path"),
        (PrepareConfig, {**X, "from": 3}, "from = 3: must be text"),
        (PrepareConfig, {**X, "text_field": {"a": "b"}}, "text_field = {'a': 'b'}: must be text or a list"),
        (PrepareConfig, {**X, "text_field": ["a", None]}, "text_field[1] = None: must be text"),
        (PrepareConfig, {**X, "reader_options": 3}, "reader_options = 3: must be a table"),
        (
            PrepareConfig,
            {**X, "reader_options": {"max_ratio": [1]}},
            "reader_options.max_ratio = [1]: must be true or false, a whole number, a number or text",
        ),
        (PrepareConfig, {**X, "workers": 10**6}, "workers = 1000000: must be a whole number, at most 4,096"),
        (PrepareConfig, {**X, "shard_bytes": 1}, "shard_bytes = 1: must be a whole number, 2 or more"),
        (PrepareConfig, {**X, "eot": "yes", "lines": 3}, "eot = 'yes': must be true or false (and 1 more)"),
        (BatchConfig, {"context_length": 0}, "context_length = 0: must be a whole number, 1 or more"),
        (BatchConfig, {"seed": float("inf")}, "seed = inf: must be a whole number"),
        (BatchConfig, {"device": 0}, "device = 0: must be text"),
    ],
)
def test_a_wrong_value_is_said_without_the_models_words(model, values, message):
    with pytest.raises(ConfigError) as caught:
        model.make(values)
    assert str(caught.value) == message
