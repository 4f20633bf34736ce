"""Special tokens in a rendered conversation, and content that looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from corpuskit.plugin import DocumentPiece
from corpuskit_huggingface.chat_controls import Controls, SpecialToken

NAMES = ("<|im_end|>", "<|im|>", "<s>", "<<s>>", "[INST]", "[/INST]")
CONTROLS = Controls(map(SpecialToken, NAMES))
texts = st.lists(st.sampled_from([*NAMES, "<|", "|>", "<", ">", "[", "im", "_end", " ", "s", "]"])).map(
    "".join
)


@given(texts)
def test_what_is_hidden_holds_no_part_of_a_special_token(text: str) -> None:
    hidden = CONTROLS.hidden(text)
    assert CONTROLS.are_alike(text, hidden)
    assert not any(end in hidden for end in "<>[]")


@given(texts, texts, st.sampled_from(NAMES))
def test_no_cut_through_hidden_text_makes_a_special_token(one: str, other: str, cut: str) -> None:
    together = CONTROLS.hidden(one) + CONTROLS.hidden(other)
    for text in (together, together.replace(cut[1:-1], ""), together[::2], together.replace(" ", "")):
        assert not any(name in text for name in NAMES)


def test_a_name_like_a_word_is_hidden_where_it_stands_as_a_whole() -> None:
    controls = Controls(map(SpecialToken, ("aa", "sop")))
    assert controls.hidden("as so op") == "as so op"
    for text in ("aaa", "sop", "x sopsop"):
        assert not any(name in controls.hidden(text) for name in controls.names)
        assert controls.are_alike(text, controls.hidden(text))


def test_values_without_anything_to_hide_are_the_same_objects() -> None:
    value = [{"role": "user", "content": "a", "calls": [{"x": 1, "y": None}]}]
    assert CONTROLS.hidden(value) is value
    assert CONTROLS.hidden([{"content": "<s>"}]) != [{"content": "<s>"}]
    assert CONTROLS.hidden({"<s>": 1}) != {"<s>": 1}


@pytest.mark.parametrize("key", ["role", "type", "name", "content"])
def test_no_key_keeps_what_it_holds_from_being_hidden(key) -> None:
    (item,) = CONTROLS.hidden([{"a": {key: "<s>"}}])
    assert item["a"][key] == CONTROLS.hidden("<s>")


WAYS = {
    "plain": {},
    "lstrip": {"lstrip": True},
    "rstrip": {"rstrip": True},
    "both": {"lstrip": True, "rstrip": True},
    "single_word": {"single_word": True},
}


@pytest.mark.parametrize("ways", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize(
    "text", ["a<e>b", "a <e> \n b", "<e><e> <e>", " <e>", "<e>_<e>", "x<e>.", "\x1c<e>\x85"]
)
def test_tokens_swallow_space_as_tokenizers_has_it(ways, text) -> None:
    letters = {name: number for number, name in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(letters, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens([AddedToken("<e>", normalized=False, **ways)])
    controls = Controls(
        [
            SpecialToken(
                "<e>", ways.get("lstrip", False), ways.get("rstrip", False), ways.get("single_word", False)
            )
        ]
    )

    ids = []
    for piece in controls.pieces(text, text, []):
        if piece.is_control:
            ids.append(tokenizer.token_to_id("<e>"))
        else:
            tokenizer.encode_special_tokens = True
            ids += tokenizer.encode(piece.text.decode()).ids
            tokenizer.encode_special_tokens = False

    assert ids == tokenizer.encode(text).ids


def test_pieces_are_cut_where_learning_begins_and_ends() -> None:
    assert CONTROLS.pieces("ab<s>c", "ab<s>c", [(1, 5)]) == [
        DocumentPiece(b"a"),
        DocumentPiece(b"b", False, True),
        DocumentPiece(b"<s>", True, True),
        DocumentPiece(b"c"),
    ]
