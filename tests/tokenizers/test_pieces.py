"""Pieces beside a slow way to encode them: tiktoken on the whole text, and the loss byte by byte."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, Tokenizer
from corpuskit.tokenizers.bytes import ByteTokenizer
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.pieces import DocumentPiece, encode_pieces

NAMES = ("<|start|>", "<|message|>", "<|end|>", "<|endoftext|>", "<|channel|>")
PARTS = (
    "user",
    "\n",
    " ",
    "  ",
    "the fox",
    "'s",
    "12",
    "é",
    "日本",
    "🙂",
    "\u0301",
    ".",
    "/",
    "\r\n",
    "A",
    "x\n",
    "",
)
ANY_TEXT = st.text(max_size=8) | st.lists(st.sampled_from(PARTS), max_size=5).map("".join)
CONTROL = st.builds(DocumentPiece, st.sampled_from(NAMES).map(str.encode), st.just(True), st.booleans())


def documents(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[DocumentPiece]]]:
    """Documents whose texts are none that a test must not have."""
    text = st.builds(DocumentPiece, texts.map(str.encode), st.just(False), st.booleans())
    return st.lists(st.lists(text | CONTROL, max_size=8), max_size=4)


def plain(text: str) -> str:
    """A text without the spelling of a control token, in any piece of it or of its neighbours."""
    return text.replace("<", "").replace("|", "").replace(">", "")


#: Longer ones go another way: many short texts are joined.
MANY = [[DocumentPiece(b"<|start|>", True), DocumentPiece(f"text {n}".encode())] for n in range(100)]


@pytest.fixture(scope="module", params=["tiktoken", "auto"])
def harmony(request: pytest.FixtureRequest, shared_cache: Any) -> Tokenizer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORPUSKIT_OFFLINE", "1")
        patch.setenv("CORPUSKIT_CACHE_DIR", str(shared_cache))
        tokenizer = open_tokenizer("o200k_harmony", engine=request.param)
        tokenizer.load()
        return tokenizer


def split(encoded: Encoded, loss: np.ndarray[Any, Any]) -> tuple[list[list[int]], list[list[int]]]:
    """Each document's ids, and its loss."""
    assert (encoded.ids.dtype, encoded.lengths.dtype, loss.dtype) == (np.uint32, np.int64, np.uint8)
    assert len(encoded.ids) == len(loss) == encoded.lengths.sum()
    stops = np.cumsum(encoded.lengths)
    ids, losses = (np.split(array, stops)[: len(stops)] for array in (encoded.ids, loss))
    return [one.tolist() for one in ids], [one.tolist() for one in losses]


def expected_loss(tokenizer: Tokenizer, document: list[DocumentPiece], ids: list[int]) -> list[int]:
    """The loss of a document's ids, byte by byte."""
    flags = [piece.is_trained for piece in document for _ in piece.text]
    at, loss = 0, []
    for number in ids:
        size = len(tokenizer.decode_bytes([number]))
        loss.append(int(any(flags[at : at + size])))
        at += size
    assert at == len(flags)
    return loss


def test_ids_and_loss_are_those_of_the_whole_text_byte_by_byte(harmony: Any) -> None:
    encoding = harmony._encoding

    @settings(max_examples=400, deadline=None, database=None)
    @given(documents(ANY_TEXT.map(plain)), st.booleans())
    def same(some: list[list[DocumentPiece]], many: bool) -> None:
        asked = [*some, *MANY] if many else some
        ids, losses = split(*encode_pieces(harmony, asked))
        for document, found, loss in zip(asked, ids, losses, strict=True):
            rendered = b"".join(piece.text for piece in document).decode()
            assert found == encoding.encode(rendered, allowed_special="all")
            assert loss == expected_loss(harmony, document, found)

    same()


def test_content_of_control_tokens_names_never_becomes_one(harmony: Tokenizer) -> None:
    control_ids = {*harmony.control_ids.values()}
    spellings = st.lists(st.sampled_from([*NAMES, *PARTS, "<|", "|>"]), max_size=6).map("".join)

    @settings(max_examples=200, deadline=None, database=None)
    @given(documents(spellings), st.booleans())
    def holds(some: list[list[DocumentPiece]], many: bool) -> None:
        asked = [*some, *MANY] if many else some
        ids, losses = split(*encode_pieces(harmony, asked))
        for document, found, loss in zip(asked, ids, losses, strict=True):
            meant = [harmony.control_ids[piece.text.decode()] for piece in document if piece.is_control]
            assert [number for number in found if number in control_ids] == meant
            assert harmony.decode_bytes(found) == b"".join(piece.text for piece in document)
            assert loss == expected_loss(harmony, document, found)

    holds()


def test_without_pieces_there_are_no_ids() -> None:
    for documents in ([], [[]], [[], [DocumentPiece(b"")], []]):
        encoded, loss = encode_pieces(ByteTokenizer(), documents)
        assert (encoded.ids.tolist(), encoded.lengths.tolist(), loss.tolist()) == (
            [],
            [0] * len(documents),
            [],
        )


def test_a_token_of_two_pieces_is_learned_with_either(harmony: Tokenizer) -> None:
    for first, second in itertools.product((False, True), repeat=2):
        document = [DocumentPiece(b" ho", False, first), DocumentPiece(b"use no", False, second)]
        ids, losses = split(*encode_pieces(harmony, [document]))
        assert [harmony.decode([number]) for number in ids[0]] == [" house", " no"]
        assert losses == [[int(first or second), int(second)]]


def test_a_control_token_is_learned_where_its_piece_is() -> None:
    eot = DocumentPiece(b"<|endoftext|>", True, True)
    encoded, loss = encode_pieces(ByteTokenizer(), [[DocumentPiece(b"a"), eot, DocumentPiece(b"", True)]])
    assert (encoded.ids.tolist(), loss.tolist()) == ([97, 256, 256], [0, 1, 0])


def test_a_control_token_that_the_vocabulary_lacks_is_named_with_its_document() -> None:
    lacking = [[DocumentPiece(b"x")], [DocumentPiece(b""), DocumentPiece(b"<|im_end|>", True)]]
    message = "tokenizer 'bytes' has no control token '<|im_end|>'; put it behind the last id with --add-"
    with pytest.raises(TokenizerError, match=re.escape(message)) as caught:
        encode_pieces(ByteTokenizer(), lacking)
    assert (caught.value.index, caught.value.found) == (1, "<|im_end|>")


class Words(Tokenizer):
    """Whole words, by their first letter; what a token's bytes are depends on what is around it."""

    name, vocab_size = "words", 128

    @property
    def fingerprint(self) -> str:
        return "0" * 64

    def encode(self, text: str) -> np.ndarray[Any, np.dtype[np.uint32]]:
        if "!" in text:
            raise TokenizerError("no !", index=0)
        return np.array([ord(word[0]) for word in text.split()], np.uint32)

    def decode_bytes(self, ids: Sequence[int] | np.ndarray[Any, Any]) -> bytes:
        return b" ".join(bytes([number]) for number in ids)


def test_without_an_end_of_text_a_document_cannot_ask_for_it() -> None:
    with pytest.raises(TokenizerError, match="'words' has no end-of-text id, which the document asks"):
        encode_pieces(Words(), [[DocumentPiece(b"", True)]])


def test_a_tokenizer_that_cannot_tell_places_encodes_in_two_where_learning_begins() -> None:
    document = [DocumentPiece(b"ab c"), DocumentPiece(b"d e", False, True), DocumentPiece(b"f", False, True)]
    same = [DocumentPiece(b"xy"), DocumentPiece(b"z w")]
    ids, losses = split(*encode_pieces(Words(), [document, same]))
    assert [bytes(found) for found in ids] == [b"acde", b"xw"]
    assert losses == [[0, 0, 1, 1], [0, 0]]


class Forgets(ByteTokenizer):
    """Bytes without question marks."""

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        return super().encode_batch([text.replace(b"?", b"") for text in texts])


def test_how_a_document_is_cut_does_not_follow_from_others() -> None:
    known = [DocumentPiece(b"abc"), DocumentPiece(b"de", False, True)]
    apart = [DocumentPiece(b"f?"), DocumentPiece(b"g?h", False, True), DocumentPiece(b"i")]
    once = [DocumentPiece(b"j", False, True), DocumentPiece(b"k")]
    ids, losses = split(*encode_pieces(Forgets(), [known, apart, known, once]))
    assert [bytes(found) for found in ids] == [b"abcde", b"fghi", b"abcde", b"jk"]
    assert losses == [[0, 0, 0, 1, 1], [0, 1, 1, 0], [0, 0, 0, 1, 1], [1, 0]]


def test_a_text_that_cannot_be_encoded_is_of_a_document() -> None:
    class First(Words):
        def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
            for number, text in enumerate(texts):
                if b"!" in text:
                    raise TokenizerError("no !", index=number)
            return super().encode_batch(texts)

    tokenizer = First()
    tokenizer.control_ids = {"<s>": 1}
    control = DocumentPiece(b"<s>", True)
    ok = [DocumentPiece(b"a"), control, DocumentPiece(b"b"), control]
    with pytest.raises(TokenizerError, match="no !") as caught:
        encode_pieces(tokenizer, [ok, ok, [*ok, DocumentPiece(b"c"), DocumentPiece(b"!")], ok])
    assert caught.value.index == 2


class Begins(ByteTokenizer):
    """Writes ">" in front of a document."""

    has_beginning = True

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        return super().encode_batch([b">" + text for text in texts])

    def encode_inside(self, texts: Sequence[bytes]) -> Encoded:
        return super().encode_batch(texts)


def test_text_behind_a_control_token_does_not_begin_its_document() -> None:
    control = DocumentPiece(b"", True)
    documents = [
        [DocumentPiece(b"a"), DocumentPiece(b"b"), control, DocumentPiece(b"c")],
        [control, DocumentPiece(b"d")],
    ]
    encoded, _ = encode_pieces(Begins(), documents)
    assert encoded.lengths.tolist() == [5, 2]
    assert bytes(number for number in encoded.ids.tolist() if number < 256) == b">abcd"
