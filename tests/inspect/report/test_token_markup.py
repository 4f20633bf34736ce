"""Tokens as HTML."""

from __future__ import annotations

import numpy as np

from corpuskit.inspect.report.token_markup import TokenMarkup, box
from corpuskit.tokenizers.opening import open_tokenizer


def test_each_token_is_an_element_with_its_id(parsed):
    tokenizer = open_tokenizer("gpt2")
    ids = tokenizer.encode("A <b>bold</b> line\n\twith a tab & more")
    found = parsed(TokenMarkup(tokenizer, 50256).tokens(ids)).inside
    assert [int(one.attributes["title"]) for one in found] == ids.tolist()
    assert {one.name for one in found} == {"i"}
    text = "".join(one.text for one in found)
    assert text == "A <b>bold</b> line↵\n⇥\twith a tab & more"


def test_parts_of_characters_and_what_cannot_be_seen_are_spelled_out(parsed):
    tokenizer = open_tokenizer("bytes")
    found = parsed(TokenMarkup(tokenizer, None).tokens(tokenizer.encode("é\x1b\x00"))).inside
    assert [one.text for one in found] == ["⟨c3⟩", "⟨a9⟩", "⟨U+001B⟩", "⟨U+0000⟩"]


def test_end_of_text_is_told_from_its_text_and_masked_tokens_from_others(parsed):
    tokenizer = open_tokenizer("gpt2")
    ids = np.append(tokenizer.encode("<|endoftext|>"), 50256)
    masked = np.arange(len(ids)) == 1
    found = parsed(TokenMarkup(tokenizer, 50256).tokens(ids, masked)).inside
    assert [one.classes for one in found] == [[], ["m"], *([[]] * (len(ids) - 3)), ["e"]]
    assert "".join(one.text for one in found[:-1]) == "<|endoftext|>"


def test_without_a_tokenizer_ids_are_shown(parsed):
    found = parsed(TokenMarkup(None, None).tokens(np.array([7, 50256], np.uint16))).inside
    assert [one.text for one in found] == ["7", "50256"]


def test_a_token_without_end_is_cut(parsed):
    class Long:
        def decode_bytes(self, ids):
            return b"x" * 100_000 * len(ids)

    (found,) = parsed(TokenMarkup(Long(), None).tokens(np.array([1]))).inside
    assert found.text == "x" * 200 + "…"


def test_tokens_can_be_reached_by_a_keyboard(parsed):
    (found,) = parsed(box("some", "")).inside
    assert found.attributes["tabindex"] == "0"
    assert found.attributes["aria-label"] == "some"
