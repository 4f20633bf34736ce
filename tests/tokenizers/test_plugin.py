"""The tokenizers that need no vocabulary file."""

from __future__ import annotations

import pytest

from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.plugin import corpuskit_tokenizers


@pytest.mark.parametrize("spec", corpuskit_tokenizers(), ids=lambda spec: spec.name)
def test_every_tokenizer_can_be_opened_and_gives_text_back(spec):
    tokenizer = open_tokenizer(spec.name)
    assert tokenizer.name == spec.name
    if tokenizer.needs_fitting:
        tokenizer.fit([b"naive na\xc3\xafve"])
    assert tokenizer.decode_bytes(tokenizer.encode("naïve")) == "naïve".encode()
