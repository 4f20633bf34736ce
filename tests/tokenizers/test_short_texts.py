from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers import boundaries, short_texts
from corpuskit.tokenizers.base import Encoded
from corpuskit.tokenizers.engine import GigatokenEngine
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.short_texts import are_short, encode_joined
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer

PARTS = (
    "word",
    " ",
    "  ",
    "\n",
    "\n\n",
    "'s",
    "12",
    "é",
    "日本",
    "、",
    "🙂",
    "\u0301",
    ".",
    "/",
    "\xa0",
    "\r",
    "\ufeff",
    "x\n",
    "A",
)
TEXTS = st.lists(st.text(max_size=6) | st.lists(st.sampled_from(PARTS), max_size=4).map("".join), max_size=20)


def sizes_of(texts: Sequence[bytes]) -> Any:
    return np.array([len(text) for text in texts], np.int64)


def joined(texts: Sequence[bytes], *others: Any) -> Encoded:
    return encode_joined(texts, sizes_of(texts), *others)


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
def test_texts_that_are_joined_have_the_ids_of_each(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_texts, "_TOO_FEW", 0)  # also where most are cut out of their neighbours
    tokenizer = open_tokenizer(name)
    assert isinstance(tokenizer, TiktokenTokenizer)
    sizes = tokenizer._token_sizes
    assert sizes is not None

    @settings(max_examples=400, deadline=None, database=None)
    @given(TEXTS)
    def same(texts: list[str]) -> None:
        encoded = joined([text.encode() for text in texts], tokenizer._encode_each, sizes)
        expected = [tokenizer.encode(text).tolist() for text in texts]
        assert encoded.lengths.tolist() == [len(ids) for ids in expected]
        assert encoded.ids.tolist() == [number for ids in expected for number in ids]
        ended = joined([text.encode() for text in texts], tokenizer._encode_each, sizes, 50256)
        assert ended.lengths.tolist() == [len(ids) + 1 for ids in expected]
        assert ended.ids.tolist() == [number for ids in expected for number in (*ids, 50256)]

    same()


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize("text", ["a", "a x\nb", "a x", "x\nb", "5. x\n/b x\nc"])
def test_texts_with_the_separator_in_them_are_told_apart(name: str, text: str) -> None:
    tokenizer = open_tokenizer(name)
    texts = [text, "b", *[f"a word {number}" for number in range(100)], text]
    encoded = tokenizer.encode_documents([each.encode() for each in texts], eot_id=7, continues=False)
    expected = [[*tokenizer.encode(each).tolist(), 7] for each in texts]
    assert encoded.lengths.tolist() == [len(ids) for ids in expected]
    assert encoded.ids.tolist() == [number for ids in expected for number in ids]


def test_few_texts_and_long_ones_are_not_joined() -> None:
    assert are_short(sizes_of([b"a text"] * 100))
    assert not are_short(sizes_of([b"a text"] * 10))
    assert not are_short(sizes_of([b"a text" * 1000] * 100))


def test_a_longer_text_among_short_ones_is_encoded_alone() -> None:
    calls: list[list[bytes]] = []

    def encode(texts: Any) -> Encoded:
        calls.append(list(texts))
        ids = np.frombuffer(b"".join(texts), np.uint8).astype(np.uint32)
        return Encoded(ids, np.array([len(text) for text in texts], np.int64))

    texts = [b"a", b"\n", b"b" * 5000, b"c d", b"e"]
    encoded = joined(texts, encode, np.ones(256, np.int32))
    assert calls == [[b"a x\n", b"\n", b" x\n", b"b" * 5000, b" x\nc d x\ne x\n"]]
    assert bytes(encoded.ids.astype(np.uint8)) == b"".join(texts)
    assert encoded.lengths.tolist() == [1, 1, 5000, 3, 1]


def test_where_most_texts_must_be_alone_all_are() -> None:
    calls: list[list[bytes]] = []

    def encode(texts: Any) -> Encoded:
        calls.append(list(texts))
        ids = np.frombuffer(b"".join(texts), np.uint8).astype(np.uint32)
        return Encoded(ids, sizes_of(texts))

    texts = [b"a\n", b"", b"b\n", b"c"]
    encoded = joined(texts, encode, np.ones(256, np.int32), 0)
    assert calls == [texts]
    assert bytes(encoded.ids.astype(np.uint8)) == b"a\n\0\0b\n\0c\0"
    assert encoded.lengths.tolist() == [3, 1, 3, 2]


def test_joined_texts_are_of_bounded_length() -> None:
    calls: list[int] = []

    def encode(texts: Any) -> Encoded:
        calls.extend(map(len, texts))
        ids = np.frombuffer(b"".join(texts), np.uint8).astype(np.uint32)
        return Encoded(ids, np.array([len(text) for text in texts], np.int64))

    texts = [b"%d" % number * 40 for number in range(5000)]
    encoded = joined(texts, encode, np.ones(256, np.int32))
    assert bytes(encoded.ids.astype(np.uint8)) == b"".join(texts)
    assert max(calls) < 2 * 2**16 < sum(calls)


def test_an_error_names_the_text_also_where_texts_were_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = open_tokenizer("gpt2", engine="auto")
    assert isinstance(tokenizer, TiktokenTokenizer)
    engine = tokenizer._loaded_engine()
    encode = engine.encode

    def failing(texts: Any) -> Any:
        for number, text in enumerate(texts):
            if b"wrong" in text:
                raise TokenizerError("cannot", index=number)
        return encode(texts)

    monkeypatch.setattr(engine, "encode", failing)
    texts = [b"text %d" % number for number in range(100)]
    texts[71] = b"a wrong text"
    with pytest.raises(TokenizerError, match="cannot") as caught:
        tokenizer.encode_batch(texts)
    assert caught.value.index == 71


def test_texts_that_were_joined_are_compared_like_others(wrong_gigatoken: Any) -> None:
    tokenizer = open_tokenizer("gpt2", engine="auto")
    assert isinstance(tokenizer, TiktokenTokenizer)
    engine = tokenizer._loaded_engine()
    assert isinstance(engine, GigatokenEngine)
    texts = [b"text %d" % number for number in range(8000)]
    tokenizer.encode_batch(texts)
    engine._fast = wrong_gigatoken(engine._fast)
    wrong = [b"a wrong text %d\n" % number for number in range(8000)]
    with pytest.raises(TokenizerError, match="gigatoken and tiktoken give different ids"):
        tokenizer.encode_batch(wrong)
    with pytest.raises(TokenizerError, match="gigatoken and tiktoken give different ids"):
        tokenizer.encode_documents(wrong, eot_id=50256, continues=False)


def test_a_disagreement_about_joined_texts_is_never_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = open_tokenizer("gpt2", engine="auto")
    assert isinstance(tokenizer, TiktokenTokenizer)
    engine = tokenizer._loaded_engine()
    encode = engine.encode

    def failing(texts: Any) -> Any:
        if any(len(text) > 1000 for text in texts):
            raise TokenizerError("different ids", index=0)
        return encode(texts)

    monkeypatch.setattr(engine, "encode", failing)
    with pytest.raises(TokenizerError, match="different ids") as caught:
        tokenizer.encode_batch([b"text %d" % number for number in range(200)])
    assert caught.value.index is None


def test_what_may_be_joined_begins_and_ends_with_what_is_visible() -> None:
    texts = [b"", b"a", b" a", b"a ", b"/a", b"a/", b"\n", b"a\n", "日本".encode(), "本\u3000".encode()]
    stops = np.cumsum(sizes_of(texts) + 1)
    joins = boundaries.may_be_joined(b"\n".join([*texts, b""]), stops - 1 - sizes_of(texts), stops - 1)
    assert [text for text, joined in zip(texts, joins, strict=True) if joined] == [
        b"a",
        b"a/",
        "日本".encode(),
    ]
