"""What each token stands for by itself."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.inspect.spelling import Speller, spelled
from corpuskit.tokenizers.opening import open_tokenizer

HOSTILE = "caf\u00e9 \u202eabc\x1b[31m\0 </script> \U0001f642\U0001f469\u200d\U0001f680 第一\r\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        (b"", ""),
        (" caf\u00e9".encode(), " caf\u00e9"),
        (b" \xe8", " ⟨e8⟩"),
        (b"\xe7\xac", "⟨e7 ac⟩"),
        (b"\xac\xac!", "⟨ac ac⟩!"),
        (b"\xff\xfe", "⟨ff⟩⟨fe⟩"),
        (b"\xf0\x9f\x99\x82\xe7\xac", "\U0001f642⟨e7 ac⟩"),
        (b"\xed\xa0\x80", "⟨ed a0 80⟩"),
        ("\ufffd".encode(), "\ufffd"),
    ],
)
def test_parts_of_characters_are_spelled_and_whole_ones_are_text(data, text):
    assert spelled(data) == text


@pytest.mark.parametrize("name", ["bytes", "gpt2", "cl100k_base"])
def test_the_parts_are_those_of_each_id_alone_and_add_up_to_the_text(name):
    tokenizer = open_tokenizer(name)
    ids = tokenizer.encode(HOSTILE * 500)  # several chunks
    parts = list(Speller(tokenizer).parts(ids))
    assert b"".join(parts) == (HOSTILE * 500).encode()
    assert parts == [tokenizer.decode_bytes([number]) for number in ids.tolist()]


def test_a_token_that_is_a_part_of_a_character_is_shown_as_its_bytes():
    tokenizer = open_tokenizer("gpt2")
    text = "第"
    ids = tokenizer.encode(text)
    assert len(ids) > 1
    expected = [f"⟨{tokenizer.decode_bytes([number]).hex(' ')}⟩" for number in ids.tolist()]
    assert list(Speller(tokenizer).texts(ids)) == expected
    assert "".join(expected).replace("⟩⟨", " ").strip("⟨⟩") == text.encode().hex(" ")


class SpaceTaker:
    """As SentencePiece models and many of Hugging Face do, without their other ways."""

    pieces = (b" the", b" cat", b"s", b" ", b"<eot>")

    def decode_bytes(self, ids):
        return b"".join(self.pieces[number] for number in ids).removeprefix(b" ")


@pytest.mark.parametrize("size", [3, 6000])
def test_a_space_that_is_taken_away_in_front_only_is_a_part_of_the_tokens_behind(size):
    ids = np.arange(size, dtype=np.uint16) % 3
    parts = list(Speller(SpaceTaker()).parts(ids))
    assert parts[:3] == [b"the", b" cat", b"s"]
    assert b"".join(parts) == SpaceTaker().decode_bytes(ids.tolist())


def test_ids_that_have_a_name_here_are_spelled_by_it():
    speller = Speller(open_tokenizer("bytes"), {300: "<name>"})
    assert list(speller.texts([97, 300, 195, 169, 300])) == ["a", "<name>", "⟨c3⟩", "⟨a9⟩", "<name>"]


def test_nothing_is_made_of_nothing():
    assert list(Speller(SpaceTaker()).parts([])) == []
