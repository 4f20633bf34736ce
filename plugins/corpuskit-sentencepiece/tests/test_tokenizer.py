"""The suite on models of each kind, and the ids beside those of `sentencepiece`."""

from __future__ import annotations

import base64
import json
import os
import pickle

import numpy as np
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import TokenizerError
from corpuskit.testing import TokenizerSuite
from corpuskit.testing.tokenizers import TEXTS
from corpuskit_sentencepiece import tokenizer as module
from corpuskit_sentencepiece.tokenizer import SentencePieceTokenizer

every_model = pytest.mark.parametrize(
    "model_path", ["llama", "no-prefix", "unigram", "nfkc", "no-bytes", "no-end", "symbols"], indirect=True
)


@pytest.fixture
def tokenizer(model_path) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(argument=str(model_path))


@pytest.fixture
def reference(model_path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(model_path))


class _Suite(TokenizerSuite):
    piecewise = False  # the space in front of a text is taken away at the beginning only
    examples = 40

    @pytest.fixture
    def tokenizer(self, model_path) -> SentencePieceTokenizer:
        return SentencePieceTokenizer(argument=str(model_path))


# A model does not tell U+2581 from a space, so Hypothesis must not try it.
ALPHABET = "".join(sorted(set("".join(TEXTS)) | set(map(chr, range(0x20, 0x250)))))


@pytest.mark.parametrize("model_path", ["llama", "unigram"], indirect=True)
class TestModelsThatKeepText(_Suite):
    alphabet = ALPHABET


@pytest.mark.parametrize("model_path", ["no-prefix"], indirect=True)
class TestModelsWithoutAPrefix(_Suite):
    alphabet = ALPHABET
    piecewise = True


@pytest.mark.parametrize("model_path", ["nfkc", "no-bytes", "no-end", "symbols"], indirect=True)
class TestModelsThatChangeText(_Suite):
    lossless = False


@every_model
def test_ids_are_those_of_sentencepiece(tokenizer, reference) -> None:
    @settings(max_examples=100, deadline=None, database=None)
    @given(st.text() | st.lists(st.sampled_from([*TEXTS, "the fox", " "])).map("".join))
    def same(text: str) -> None:
        assert tokenizer.encode(text).tolist() == reference.encode(text)

    same()


@every_model
def test_decoded_text_is_that_of_sentencepiece(tokenizer, reference) -> None:
    size = reference.get_piece_size()
    ordinary = [i for i in range(size) if not (reference.is_control(i) or reference.is_byte(i))]

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.lists(st.sampled_from(ordinary) | st.sampled_from(reference.encode(" a  b")), max_size=8))
    def same(ids: list[int]) -> None:
        assert tokenizer.decode(ids) == reference.decode(ids)

    same()
    for text in TEXTS:
        assert tokenizer.decode(reference.encode(text)) == reference.decode(reference.encode(text))


def test_the_end_of_text_is_the_end_of_a_sentence(tokenizer, reference) -> None:
    assert tokenizer.eot_id == reference.eos_id()
    assert tokenizer.eot_note is None
    assert tokenizer.decode([tokenizer.eot_id]) == "</s>"


@pytest.mark.parametrize("model_path", ["no-end"], indirect=True)
def test_a_model_without_an_end_of_sentence_has_no_end_of_text(tokenizer) -> None:
    assert (tokenizer.eot_id, tokenizer.eot_note) == (None, None)


@pytest.mark.parametrize("model_path", ["named-end"], indirect=True)
def test_a_control_symbol_that_is_taken_for_the_missing_end_of_sentence_is_said(tokenizer, reference) -> None:
    assert reference.eos_id() == -1
    assert tokenizer.eot_id == reference.piece_to_id("<|endoftext|>")
    assert "eos_id is -1" in tokenizer.eot_note
    assert "'<|endoftext|>'" in tokenizer.eot_note


@pytest.mark.parametrize("model_path", ["symbols"], indirect=True)
def test_symbols_that_the_author_defined_are_found_in_text(tokenizer, reference) -> None:
    assert reference.piece_to_id("<sep>") in tokenizer.encode("fox<sep>dogs").tolist()


def test_unknown_characters_become_bytes(tokenizer, reference) -> None:
    ids = tokenizer.encode("\U0001f409").tolist()
    assert [reference.id_to_piece(i) for i in ids[-4:]] == ["<0xF0>", "<0x9F>", "<0x90>", "<0x89>"]
    assert tokenizer.decode_bytes(ids[-2:]) == b"\x90\x89"


@pytest.mark.parametrize("model_path", ["llama", "unigram", "no-prefix"], indirect=True)
def test_documents_come_back_from_between_their_ends(tokenizer) -> None:
    texts = ["the fox", "  two spaces", "", "x</s>"]
    ids = [number for text in texts for number in [*tokenizer.encode(text).tolist(), tokenizer.eot_id]]
    assert tokenizer.decode(ids) == "the fox</s>  two spaces</s></s>x</s></s>"


def test_the_state_opens_the_model_without_its_file(tokenizer, model_path) -> None:
    state = json.loads(json.dumps(tokenizer.state()))
    model_path.unlink()
    again = SentencePieceTokenizer(name="sp", argument=str(model_path), state=state)
    assert again.fingerprint == tokenizer.fingerprint
    assert np.array_equal(again.encode("the quick fox"), tokenizer.encode("the quick fox"))


def test_a_model_goes_to_another_process(tokenizer) -> None:
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.fingerprint == tokenizer.fingerprint
    assert again.encode("the fox").tolist() == tokenizer.encode("the fox").tolist()


def test_a_missing_argument_is_an_error() -> None:
    with pytest.raises(TokenizerError, match=r"needs a model: sp:path/to/model\.model"):
        SentencePieceTokenizer(name="sp")


def test_a_missing_file_is_an_error(tmp_path) -> None:
    with pytest.raises(TokenizerError, match=r"none\.model: the SentencePiece model cannot be read: No such"):
        SentencePieceTokenizer(argument=str(tmp_path / "none.model"))


@pytest.mark.parametrize("content", [b"", b"text", b"\x0a\x05hello"])
def test_a_file_that_is_no_model_is_an_error(tmp_path, content) -> None:
    path = tmp_path / "x.model"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match="the file is no SentencePiece model"):
        SentencePieceTokenizer(argument=str(path))


def test_a_file_that_is_far_too_large_is_not_read(tmp_path) -> None:
    path = tmp_path / "x.model"
    with path.open("wb") as file:
        file.truncate(33 * 2**20)
    with pytest.raises(
        TokenizerError, match="larger than 33,554,432 bytes, the most that a SentencePiece model"
    ):
        SentencePieceTokenizer(argument=str(path))


@pytest.mark.parametrize("state", [{}, [], {"model": "?"}, {"model": 1}])
def test_a_state_that_holds_no_model_is_an_error(state) -> None:
    with pytest.raises(TokenizerError, match="its saved state must hold a model in base64"):
        SentencePieceTokenizer(argument="x.model", state=state)


def test_a_document_that_would_take_too_much_memory_is_refused(tokenizer, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MAX_TEXT_BYTES", 100)
    assert tokenizer.encode("x" * 100).size
    with pytest.raises(TokenizerError, match="a document of 101 bytes is longer than 100, and a Sent"):
        tokenizer.encode_batch([b"x" * 101])


def test_a_device_or_a_pipe_is_no_model(tmp_path):
    os.mkfifo(tmp_path / "pipe.model")
    for path, kind in (("/dev/zero", "a device"), (tmp_path / "pipe.model", "a named pipe")):
        with pytest.raises(TokenizerError, match=f"cannot be read: it is {kind}, not a file"):
            SentencePieceTokenizer(argument=str(path))


def test_a_state_of_more_than_a_model_is_refused():
    state = {"model": base64.b64encode(bytes(33 * 2**20)).decode()}
    with pytest.raises(TokenizerError, match="its saved state must hold a model in base64"):
        SentencePieceTokenizer(argument="x", state=state)


def test_what_the_library_raises_names_the_tokenizer(tokenizer, monkeypatch) -> None:
    class Broken:
        def encode(self, text, out_type):
            raise RuntimeError("Internal:\nbroken")

    monkeypatch.setattr(tokenizer, "_processor", Broken())
    with pytest.raises(TokenizerError, match=r"^tokenizer 'sp:.*' cannot encode a text: Internal: broken; "):
        tokenizer.encode("a")
