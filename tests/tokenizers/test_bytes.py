"""One id a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.testing import TokenizerSuite
from corpuskit.tokenizers.bytes import ByteTokenizer

TEXT = st.text()


class TestBytes(TokenizerSuite):
    @pytest.fixture
    def tokenizer(self) -> ByteTokenizer:
        return ByteTokenizer()


@given(TEXT)
def test_bytes_are_the_utf8_values(text: str) -> None:
    assert ByteTokenizer().encode(text).tolist() == list(text.encode())


@given(st.lists(TEXT))
def test_byte_batches_are_the_texts_one_after_the_other(texts: list[str]) -> None:
    encoded = ByteTokenizer().encode_batch([text.encode() for text in texts])
    assert encoded.ids.tolist() == list("".join(texts).encode())
    assert encoded.lengths.tolist() == [len(text.encode()) for text in texts]


def test_the_byte_tokenizers_end_of_text_is_readable() -> None:
    assert ByteTokenizer().decode([104, 105, 256, 256, 33]) == "hi<|endoftext|><|endoftext|>!"
