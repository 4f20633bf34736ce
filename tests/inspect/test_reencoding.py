from __future__ import annotations

import numpy as np
import pytest

from corpuskit.errors import TokenizerError
from corpuskit.inspect.reencoding import bytes_of, counts_of, reencode
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.opening import open_tokenizer


class Merged(Tokenizer):
    """Id 2 is never given, because its text is always cut; id 3 is for what is unknown."""

    name, vocab_size, eot_id = "merged", 6, 5
    words = ("a", "b", "ab", "<unk>", "z", "<eot>")
    fingerprint = "merged"

    def encode(self, text):
        if "z" in text:
            raise TokenizerError("no z")
        return np.array(["ab".index(one) if one in "ab" else 3 for one in text], np.uint32)

    def decode_bytes(self, ids):
        return "".join(self.words[number] for number in ids).encode()


def test_ids_that_their_text_does_not_give_are_found():
    counts = np.array([4, 3, 2, 7, 5, 9])
    found, unknown = reencode(np.array([5, 3, 4, 0, 1, 2]), counts, Merged(), examples=2)
    assert (found.num_ids, found.num_tokens) == (3, 14)
    assert [(one.id, one.count, one.text) for one in found.examples] == [(3, 7, "<unk>"), (4, 5, "z")]
    assert (found.unchecked_ids, unknown) == (0, 7)


def test_bytes_that_are_no_text_are_not_looked_at():
    ids = np.array([65, 0xC3, 256])
    found, unknown = reencode(ids, np.arange(257), ByteTokenizer(), examples=2)
    assert (found.num_ids, found.unchecked_ids, found.unchecked_tokens, unknown) == (0, 1, 0xC3, 0)


def test_every_id_of_gpt2_that_is_text_is_given_by_it():
    tokenizer = open_tokenizer("gpt2")
    found, _ = reencode(
        np.arange(tokenizer.vocab_size), np.ones(tokenizer.vocab_size, int), tokenizer, examples=3
    )
    given = {one.id for one in found.examples}
    assert all(len(tokenizer.encode(tokenizer.decode([one]))) > 1 for one in given)
    assert 1_000 > found.unchecked_ids > 200


@pytest.mark.parametrize(
    ("number", "text"), [(10, "\n"), (0xC3, "\\xc3"), (256, "<|endoftext|>"), (300, None)]
)
def test_bytes_that_are_no_characters_are_spelled_out(number, text):
    assert counts_of([number], np.zeros(301, int), ByteTokenizer())[0].text == text
    assert counts_of([number], np.zeros(301, int), None)[0].text is None
    assert (bytes_of(number, ByteTokenizer()) is None) == (text is None)
