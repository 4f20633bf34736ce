"""Models by name, where an encoding is meant."""

from __future__ import annotations

import pytest

from corpuskit.tokenizers.models import encoding_of, meaning


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"),
        ("GPT4", "cl100k_base"),
        ("gpt 4", "cl100k_base"),
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-2024-05-13", "o200k_base"),
        ("gpt-4-0314", "cl100k_base"),
        ("text_davinci_003", "p50k_base"),
        ("llama-3", None),
        ("", None),
    ],
)
def test_a_model_stands_for_its_encoding_however_it_is_spelled(model, encoding):
    assert encoding_of(model) == encoding


def test_what_is_no_model_means_nothing():
    assert meaning("gpt-4o") == "gpt-4o is a model; its encoding is 'o200k_base'"
    assert meaning("bytes") == ""
