"""Which bytes a token is of, beside what `tokenizers` says of its characters."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.testing.tokenizers import TEXTS
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer

KINDS = ("gpt2", "llama3", "qwen2", "neox", "tags", "llama2", "unigram", "word-level", "word-piece")


@pytest.mark.parametrize("tokenizer_path", KINDS, indirect=True)
def test_tokens_share_bytes_with_the_characters_of_their_offsets(tokenizer_path) -> None:
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
    texts = [*TEXTS, "the fox e\u0301 日本 🙂 the fox"]
    encoded = tokenizer.encode_batch([text.encode() for text in texts])
    begins, ends = tokenizer.token_places([text.encode() for text in texts], encoded)
    assert (begins >= 0).all()
    stop = start = 0
    for text, length in zip(texts, encoded.lengths.tolist(), strict=True):
        offsets = tokenizer._tokenizer.encode(text, add_special_tokens=False).offsets
        for at, (first, last) in zip(range(stop, stop + length), offsets, strict=True):
            low, high = len(text[:first].encode()), len(text[:last].encode())
            # A token that is a part of a character has all of it as its offsets.
            assert low <= begins[at] - start <= ends[at] - start <= high, text
        start, stop = start + len(text.encode()), stop + length


@pytest.mark.parametrize("tokenizer_path", ["qwen2"], indirect=True)
def test_other_ids_have_no_places(tokenizer_path) -> None:
    tokenizer = HuggingFaceTokenizer(argument=str(tokenizer_path))
    texts = [b"the fox", "é".encode()]
    encoded = tokenizer.encode_batch(texts)
    encoded.ids[0] += 1
    begins, ends = tokenizer.token_places(texts, encoded)
    first = int(encoded.lengths[0])
    assert {*begins[:first].tolist(), *ends[:first].tolist()} == {-1}
    assert (begins[first], ends[-1]) == (7, 9)
    assert np.all(begins[first:] >= 0)
