"""Ids are decoded whatever holds them, and what is no id is one line."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from corpuskit.corpus.decoding import decode
from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.opening import open_tokenizer

A, B = ord("a"), ord("b")


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (A, "a"),
        (np.uint16(A), "a"),
        (torch.tensor(A), "a"),
        ([A, B], "ab"),
        ([np.uint16(A), B], "ab"),
        ([torch.tensor(A), torch.tensor(B)], "ab"),
        (range(A, B + 1), "ab"),
        ((number for number in (A, B)), "ab"),
        ([], ""),
        (np.array([A, B], np.uint32), "ab"),
        ([[A], [A, B]], ["a", "ab"]),
        (torch.tensor([[A, B], [B, A]]), ["ab", "ba"]),
        (np.zeros((2, 0), np.int64), ["", ""]),
        (torch.tensor([[[A]]]), [["a"]]),
        ((np.array([[A]]), np.array([[B]])), [["a"], ["b"]]),
    ],
)
def test_ids_are_decoded_whatever_holds_them(ids, text):
    assert decode(open_tokenizer("bytes"), ids) == text


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("abc", "ids must be whole numbers, or rows of them, found 'abc'"),
        (["abc"], "ids must be whole numbers, or rows of them, found 'abc'"),
        (None, "ids must be whole numbers, or rows of them, found None"),
        ([1.0], "ids must be whole numbers, or rows of them, found 1.0"),
        ([True], "ids must be whole numbers, or rows of them, found True"),
        ([1, [2]], "ids must be whole numbers, or rows of them, found [2]"),
        ([-1], "id -1 is not in the vocabulary, whose ids go from 0 to 256"),
        ([257], "id 257 is not in the vocabulary, whose ids go from 0 to 256"),
        ([2**70], f"id {2**70} is not in the vocabulary"),
        (torch.tensor([[A], [-100]]), "whose ids go from 0 to 256; -100 marks targets that are left out"),
    ],
)
def test_what_is_no_id_is_named(ids, message):
    with pytest.raises(TokenizerError) as caught:
        decode(open_tokenizer("bytes"), ids)
    assert message in str(caught.value)
