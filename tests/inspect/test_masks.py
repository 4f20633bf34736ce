"""A document is cut where its mask changes and at control tokens, and in no other place."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.inspect.masks import MaskedDocument, learned_of, masked_document


def test_a_document_is_made_of_control_tokens_and_runs_of_one_mask(conversations):
    corpus = corpuskit.open(conversations)
    found = [*masked_document(corpus["train"], 0).texts(corpus.tokenizer)]
    assert [(one.text, one.is_learned, one.is_control) for one in found] == [
        ("<|im_start|>", False, True),
        ("user\nWhat is <|im_end|>?", False, False),
        ("<|im_end|>", False, True),
        ("\n", False, False),
        ("<|im_start|>", False, True),
        ("assistant\n", False, False),
        ("An end 中.", True, False),
        ("<|im_end|>", True, True),
        ("\n", False, False),
    ]


def test_the_json_has_a_mask_item_a_token(conversations):
    corpus = corpuskit.open(conversations)
    value = masked_document(corpus["train"], 0).to_json(corpus.tokenizer)
    assert len(value["ids"]) == len(value["loss"]) == value["num_tokens"]
    assert value["num_targets"] == sum(value["loss"]) > 0
    assert json.loads(json.dumps(value)) == value


def test_half_a_character_at_a_mask_is_spelled():
    from corpuskit.batches.stream import Piece
    from corpuskit.tokenizers.bytes import ByteTokenizer

    ids = np.frombuffer("é".encode(), np.uint8).astype(np.uint16)
    one = MaskedDocument(ids, np.array([False, True]), Piece(0, 2, 0, 0, 2, "train"))
    assert [text.text for text in one.texts(ByteTokenizer())] == ["⟨c3⟩", "⟨a9⟩"]


def test_without_a_loss_stream_all_is_learned(planted):
    assert learned_of(planted.open()["train"], 3, 7).tolist() == [True] * 4


def test_a_document_that_is_not_there(conversations):
    with pytest.raises(ConfigError, match="--document 7: split 'train' has 3 documents"):
        masked_document(corpuskit.open(conversations)["train"], 7)
