from __future__ import annotations

import pickle
from typing import Any

import pytest

from corpuskit.errors import TokenizerError
from corpuskit.testing import TokenizerSuite
from corpuskit.tokenizers.added_tokens import TokenizerWithAdded, fingerprint_with, with_added
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.chars import CharTokenizer
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.pieces import DocumentPiece, encode_pieces

NAMES = ["<|im_start|>", "<|im_end|>"]


class _Suite(TokenizerSuite):
    examples = 30

    def reopen(self, tokenizer: Any, state: Any) -> Tokenizer:
        return open_tokenizer(tokenizer.name, state=state, added_tokens=tokenizer.added_tokens)


class TestBytes(_Suite):
    @pytest.fixture
    def tokenizer(self) -> Tokenizer:
        return TokenizerWithAdded(ByteTokenizer(), NAMES)


class TestTiktoken(_Suite):
    @pytest.fixture
    def tokenizer(self) -> Tokenizer:
        return TokenizerWithAdded(open_tokenizer("gpt2"), NAMES)


class TestChars(_Suite):
    alphabet = "abcdefgh <|im_start|>\n"

    @pytest.fixture
    def tokenizer(self) -> Tokenizer:
        base = CharTokenizer()
        base.fit([self.alphabet.encode()])
        return TokenizerWithAdded(base, NAMES)


def test_added_tokens_are_behind_the_last_id_in_order() -> None:
    tokenizer = with_added(ByteTokenizer(), NAMES)
    assert tokenizer.vocab_size == 259
    assert tokenizer.control_ids == {"<|endoftext|>": 256, "<|im_start|>": 257, "<|im_end|>": 258}
    assert tokenizer.decode_bytes([257, 97, 258, 256, 98]) == b"<|im_start|>a<|im_end|><|endoftext|>b"
    pieces = [
        DocumentPiece(b"<|im_start|>", True),
        DocumentPiece(b"<|im_end|>"),
        DocumentPiece(b"", True, True),
    ]
    encoded, loss = encode_pieces(tokenizer, [pieces])
    assert encoded.ids.tolist() == [257, *b"<|im_end|>", 256]
    assert loss.tolist() == [0] * 11 + [1]


def test_without_names_a_tokenizer_is_itself() -> None:
    tokenizer = ByteTokenizer()
    assert with_added(tokenizer, []) is tokenizer
    assert fingerprint_with(tokenizer.fingerprint, []) == tokenizer.fingerprint


def test_the_order_of_the_names_is_in_the_fingerprint() -> None:
    base = ByteTokenizer()
    found = {with_added(base, names).fingerprint for names in ([], NAMES, NAMES[::-1], NAMES[:1])}
    assert len(found) == 4
    assert with_added(base, NAMES).fingerprint == fingerprint_with(base.fingerprint, NAMES)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["<a>", ""], "one is named ''"),
        (["<a>", "<b>", "<a>"], "'<a>' is there already"),
        (["<|endoftext|>"], "'<|endoftext|>' is there already"),
    ],
)
def test_names_that_are_none_are_refused(names: list[str], message: str) -> None:
    expected = f"tokenizer 'bytes': added control tokens must have names of their own, and {message}"
    with pytest.raises(TokenizerError) as caught:
        TokenizerWithAdded(ByteTokenizer(), names)
    assert str(caught.value) == expected


def test_no_ids_beyond_the_largest_are_given() -> None:
    base = ByteTokenizer()
    base.vocab_size = 2**32
    with pytest.raises(TokenizerError, match="tokenizer 'bytes': no ids are left for added control tokens"):
        TokenizerWithAdded(base, ["<a>"])


def test_an_engine_is_the_other_tokenizers() -> None:
    tokenizer = with_added(open_tokenizer("gpt2", engine="tiktoken"), NAMES)
    assert isinstance(tokenizer, TokenizerWithAdded)
    tokenizer.load()
    tokenizer.select_engine("auto")
    assert tokenizer.explain_engine() == tokenizer.base.explain_engine()
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert (copy.fingerprint, copy.control_ids) == (tokenizer.fingerprint, tokenizer.control_ids)
