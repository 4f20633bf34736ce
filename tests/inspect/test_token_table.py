from __future__ import annotations

import numpy as np
import pytest

from corpuskit.errors import TokenizerError
from corpuskit.inspect.scripts import SCRIPTS, UNKNOWN
from corpuskit.inspect.token_table import IN_CONTEXT, REST, token_table
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.opening import open_tokenizer


class Spaced(Tokenizer):
    """Words that a space is before, taken away at the beginning of a text; id 3 is nothing."""

    name, vocab_size, eot_id = "spaced", 4, 2
    words = (" a", " b\ufffd\ufffd", "<eot>")
    fingerprint = "spaced"

    def encode(self, text):
        return np.array([self.words.index(f" {word}") for word in text.split()], np.uint32)

    def decode_bytes(self, ids):
        if max(ids, default=0) > 2:
            raise TokenizerError("not in the vocabulary")
        return "".join(self.words[number] for number in ids).removeprefix(" ").encode()


def test_bytes_are_those_inside_a_text():
    table = token_table(Spaced())
    assert table.num_bytes.tolist() == [2, 8, 0, 0]
    assert table.replacements.tolist() == [0, 2, 0, 0]
    assert [SCRIPTS[code] for code in table.codes] == ["Latin", "Latin", UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("name", ["gpt2", "bytes"])
def test_the_bytes_of_a_vocabulary_are_those_that_its_tokenizer_decodes(name):
    tokenizer = open_tokenizer(name)
    table = token_table(tokenizer)
    for number in range(0, tokenizer.vocab_size, 7):
        expected = b"" if number == tokenizer.eot_id else tokenizer.decode_bytes([number])
        assert table.num_bytes[number] == len(expected)
        assert table.first_byte[number] == (expected[0] if expected else 0)


def test_the_rest_of_a_character_and_what_ends_with_too_little_of_one_are_marked():
    table = token_table(ByteTokenizer())
    assert set(table.codes[0x80:0xC0].tolist()) == {REST + IN_CONTEXT}
    assert table.codes[0xE0] == SCRIPTS.index(UNKNOWN) + IN_CONTEXT
    assert table.beginnings[table.beginning[0xE0]] == b"\xe0"
    assert SCRIPTS[table.codes[0xD0]] == "Cyrillic"
    assert (table.codes[:0x80] < IN_CONTEXT).all()
