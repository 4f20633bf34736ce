"""Tiktoken's encodings as components."""

from __future__ import annotations

import pytest
import tiktoken

from corpuskit.tokenizers import tiktoken_plugin
from corpuskit.tokenizers.opening import open_tokenizer

SPECS = {spec.name: spec for spec in tiktoken_plugin.corpuskit_tokenizers()}


def test_every_encoding_that_tiktoken_lists_has_a_spec():
    assert list(SPECS) == tiktoken.list_encoding_names()


@pytest.mark.parametrize("name", sorted(tiktoken_plugin.FAST))
def test_the_line_about_an_encoding_says_how_many_ids_it_has_if_any(name):
    words = [word.strip(",;") for word in SPECS[name].summary.split()]
    counts = [int(word.replace(",", "")) for word in words if word.replace(",", "").isdigit()]
    vocabulary = open_tokenizer(name).vocab_size
    assert counts in ([], [vocabulary], [vocabulary - 1])  # some people do not count what ends a text
