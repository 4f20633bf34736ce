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
def test_what_is_hidden_holds_no_special_token_and_is_shown_again(text: str) -> None:
    hidden = CONTROLS.hide(text)
    assert len(hidden) == len(text)
    assert CONTROLS.shown(hidden) == text
    assert not any(name in hidden for name in NAMES)


@given(texts, texts)
def test_two_hidden_texts_make_no_special_token(one: str, other: str) -> None:
    if not one.strip() or not other.strip():
        return
    together = CONTROLS.hide(one).rstrip() + CONTROLS.hide(other).lstrip()
    assert not any(name in together for name in NAMES)


def test_values_without_anything_to_hide_are_the_same_objects() -> None:
    value = [{"role": "user", "content": "a", "calls": [{"x": 1, "y": None}]}]
    assert CONTROLS.hidden(value) is value
    assert CONTROLS.hidden([{"content": "<s>"}]) != [{"content": "<s>"}]
    assert CONTROLS.hidden({"<s>": 1}) != {"<s>": 1}


def test_a_private_character_beside_a_special_token_is_an_error() -> None:
    private = CONTROLS.hide("<s>")[0]
    assert CONTROLS.hide(f"{private} alone") == f"{private} alone"
    with pytest.raises(ValueError, match="private character"):
        CONTROLS.hide(f"{private} and <s>")


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
