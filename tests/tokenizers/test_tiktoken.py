from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import TokenizerError
from corpuskit.registry.specs import TokenizerSpec
from corpuskit.testing import TokenizerSuite
from corpuskit.tokenizers.encodings import open_encoding, ranks_fingerprint
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer

ALL = tiktoken.list_encoding_names()
COUNTS = {
    "gpt2": (301_966, 36_059),
    "r50k_base": (301_966, 36_059),
    "p50k_base": (301_963, 36_059),
    "p50k_edit": (301_963, 36_059),
    "cl100k_base": (270_360, 31_469),
    "o200k_base": (266_643, 30_963),
    "o200k_harmony": (266_643, 30_963),
}
#: Pieces that the patterns treat in ways of their own, put together at random.
PARTS = ["word", "Word", "WORD", " ", "  ", "\t", "\n", "\n\n", "\r\n", " \n ", "'s", "'S", "'", "7", "2024"]
PARTS += [
    "!",
    "...",
    "/",
    "é",
    "e\u0301",
    "日本",
    "。",
    ",",
    "、",
    "\u3000",
    "\u00a0",
    "🙂",
    "<|endoftext|>",
    "\u017f",
]
MIXED = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=20).map("".join)


class TestGpt2(TokenizerSuite):
    examples = 40

    @pytest.fixture
    def tokenizer(self) -> TiktokenTokenizer:
        return TiktokenTokenizer(name="gpt2")


class TestO200k(TokenizerSuite):
    examples = 40

    @pytest.fixture
    def tokenizer(self) -> TiktokenTokenizer:
        return TiktokenTokenizer(name="o200k_base")


@pytest.mark.parametrize("name", ALL)
def test_golden_counts(name: str, tinyshakespeare: str) -> None:
    tokenizer = open_tokenizer(name)
    cut = int(0.9 * len(tinyshakespeare))
    parts = [tinyshakespeare[:cut], tinyshakespeare[cut:]]
    assert tuple(len(tokenizer.encode(part)) for part in parts) == COUNTS[name]
    assert tuple(tokenizer.encode_batch([part.encode() for part in parts]).lengths) == COUNTS[name]
    assert tokenizer.decode(tokenizer.encode(parts[1])) == parts[1]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.fault("T2")
def test_ids_are_those_of_encode_ordinary(name: str) -> None:
    tokenizer, encoding = TiktokenTokenizer(name=name), open_encoding(name)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(MIXED, max_size=4))
    def property_holds(texts: list[str]) -> None:
        expected = [encoding.encode_ordinary(text) for text in texts]
        assert [tokenizer.encode(text).tolist() for text in texts] == expected
        encoded = tokenizer.encode_batch([text.encode() for text in texts])
        assert encoded.ids.dtype == np.uint32
        assert encoded.ids.tolist() == list(itertools.chain(*expected))
        assert encoded.lengths.tolist() == [len(ids) for ids in expected]
        assert tokenizer.decode_bytes(encoded.ids) == "".join(texts).encode()

    property_holds()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.fault("T6")
def test_text_that_looks_like_a_special_token_is_text(name: str) -> None:
    tokenizer, encoding = TiktokenTokenizer(name=name), open_encoding(name)
    text = "".join(encoding.special_tokens_set) + " <|endoftext|>"
    ids = tokenizer.encode_batch([text.encode()]).ids
    assert not set(ids.tolist()) & {encoding.encode_single_token(one) for one in encoding.special_tokens_set}
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("name", ALL)
def test_the_vocabulary_size_and_the_end_of_text_are_tiktokens(name: str) -> None:
    tokenizer, encoding = TiktokenTokenizer(name=name), open_encoding(name)
    assert tokenizer.vocab_size == encoding.n_vocab
    assert tokenizer.eot_id == encoding.eot_token
    assert tokenizer.decode([encoding.eot_token]) == "<|endoftext|>"


def test_a_tokenizer_travels_by_name() -> None:
    tokenizer = TiktokenTokenizer(name="cl100k_base")
    tokenizer.select_engine("tiktoken")
    packed = pickle.dumps(tokenizer)
    assert len(packed) < 200
    other = pickle.loads(packed)
    assert other.fingerprint == tokenizer.fingerprint
    assert other.engine == "tiktoken"


def test_errors_are_named() -> None:
    tokenizer = TiktokenTokenizer(name="gpt2")
    with pytest.raises(TokenizerError, match=r"has no encoding 'gpt9'; it has gpt2, r50k_base"):
        TiktokenTokenizer(name="gpt9")
    with pytest.raises(TokenizerError, match="takes no argument, found 'x'"):
        TiktokenTokenizer(name="gpt2", argument="x")
    with pytest.raises(TokenizerError, match="lone surrogate at character 2"):
        tokenizer.encode("ab\udc80")
    with pytest.raises(TokenizerError, match="50300 is not in the vocabulary"):
        tokenizer.decode_bytes([1, 50_300])
    with pytest.raises(TokenizerError, match="is not in the vocabulary"):
        tokenizer.decode_bytes([-1])


def test_encodings_are_fast_by_name_that_have_a_fast_engine():
    from corpuskit.registry import default
    from corpuskit.tokenizers.engine import _EXACT

    fast = {component.spec.name for component in default().components(TokenizerSpec) if component.spec.fast}
    exact = {n for n in ALL if ranks_fingerprint(open_encoding(n)) in _EXACT}
    assert fast == {"bytes", "chars", *exact}
