"""What every tokenizer must do: `TokenizerSuite`."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.testing.comparison import assert_equal_numbers
from corpuskit.tokenizers.base import Tokenizer, check_items

#: Texts that tokenizers have been seen to get wrong.
TEXTS = (
    "",
    " ",
    "a",
    "\n",
    "\r\n\r\n",
    "  two  spaces\tand\ttabs \n\n\n",
    "The quick brown fox doesn't jump; it's 12,345.67% lazy.",
    "naïve café — “quotes” … ﬁ ① ½",
    "e\u0301 is not \u00e9",  # combining accent and the composed letter
    "日本語のテキスト 中文 한국어 العربية עברית हिन्दी ไทย",
    "🙂👩‍👩‍👧‍👦🏳️‍🌈🇨🇭",
    "\x00\x01\x7f\x80\xff",
    "\ufeffbyte order mark",
    "\ufffd\ufffe\uffff\U0010ffff\U00010000",
    "\u2028\u2029\u0085\u00a0\u200b\u200d\u202e",
    "a" * 1000,
    "0123456789" * 20,
    "<|endoftext|>",
    "text<|endoftext|>text<|fim_prefix|><|im_start|>",
    "<s></s><unk><pad>[CLS][SEP][MASK]<bos><eos>",
    "def f(x):\n    return x  # \t\n",
)

_PARTS = ("word", " ", "  ", "\n", "\n\n", "'s", "12", "é", "日本", "🙂", "\u0301", ".", "<|endoftext|>", "A")


class _ControlTokens:
    """The part of the suite that is about control tokens."""

    alphabet: str | None
    examples: int

    def test_a_control_tokens_id_stands_for_its_name(self, tokenizer: Tokenizer) -> None:
        control_ids = tokenizer.control_ids
        assert len({*control_ids.values()}) == len(control_ids), "two control tokens have one id"
        for name, number in control_ids.items():
            assert 0 <= number < tokenizer.vocab_size, f"the id of {name!r} is outside the vocabulary"
            assert tokenizer.decode_bytes([number]) == name.encode()

    def test_the_name_of_a_control_token_is_text(self, tokenizer: Tokenizer) -> None:
        names = [*tokenizer.control_ids]
        if not names:
            pytest.skip("the tokenizer has no control tokens")
        control_ids = {*tokenizer.control_ids.values()}

        def check(text: str) -> None:
            if self.alphabet is not None:
                text = "".join(character for character in text if character in self.alphabet)
            found = control_ids.intersection(tokenizer.encode(text).tolist())
            assert not found, f"{text!r:.80} became control tokens {sorted(found)}"

        for name in names:
            check(name)
        check("".join(names))
        parts = st.lists(st.sampled_from([*names, *_PARTS]), max_size=8).map("".join)

        @settings(max_examples=self.examples, deadline=None, database=None)
        @given(parts)
        def property_holds(text: str) -> None:
            check(text)

        property_holds()

    def test_tokens_begin_and_end_inside_their_texts(self, tokenizer: Tokenizer) -> None:
        def known(text: str) -> str:
            return text if self.alphabet is None else "".join(c for c in text if c in self.alphabet)

        texts = [known(text).encode() for text in TEXTS]
        encoded = tokenizer.encode_batch(texts)
        begins, ends = tokenizer.token_places(texts, encoded)
        assert begins.shape == ends.shape == encoded.ids.shape
        stop = start = 0
        for text, length in zip(texts, encoded.lengths.tolist(), strict=True):
            first, last = begins[stop : stop + length], ends[stop : stop + length]
            if length and first[0] >= 0:
                assert start <= first[0], "a token begins before its text"
                assert last[-1] <= start + len(text), "a token ends behind its text"
                assert (first <= last).all()
                assert (np.diff([first, last], axis=1) >= 0).all(), "places fall"
            else:
                assert {*first.tolist(), *last.tolist()} <= {-1}, "only some tokens of a text have places"
            start, stop = start + len(text), stop + length


class TokenizerSuite(_ControlTokens):
    """Subclass it and give the fixture `tokenizer`.

    Class attributes, for a tokenizer that promises less:
        lossless: False where text does not come back exactly (one that lower-cases).
        piecewise: False where the bytes of two runs of ids are not the bytes of both together.
        alphabet: The characters that it knows, where these are not all of Unicode.
        examples: How many texts Hypothesis tries in each test.
    """

    lossless: bool = True
    piecewise: bool = True
    alphabet: str | None = None
    examples: int = 100

    @pytest.fixture
    def tokenizer(self) -> Tokenizer:
        """The tokenizer to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'tokenizer'")

    def reopen(self, tokenizer: Tokenizer, state: Any) -> Tokenizer:
        """A fresh tokenizer, opened as `corpuskit.open` does it from a manifest.

        Args:
            tokenizer: The one that the manifest was written with.
            state: What its `state()` returned, after a round trip through JSON.
        """
        name, colon, argument = tokenizer.name.partition(":")
        factory: Any = type(tokenizer)
        opened: Tokenizer = factory(name=name, argument=argument if colon else None, state=state)
        return opened

    def texts(self) -> list[str]:
        """The hard texts, as far as the tokenizer knows their characters."""
        if self.alphabet is None:
            return list(TEXTS)
        return ["".join(char for char in text if char in self.alphabet) for text in TEXTS]

    def _each_text(self, check: Any) -> None:
        """Call `check` with the hard texts, then with what Hypothesis thinks of."""
        for text in self.texts():
            check(text)
        anything = st.text(self.alphabet) if self.alphabet else st.text()

        @settings(max_examples=self.examples, deadline=None, database=None)
        @given(anything)
        def property_holds(text: str) -> None:
            check(text)

        property_holds()

    def test_its_attributes_are_what_they_should_be(self, tokenizer: Tokenizer) -> None:
        assert isinstance(tokenizer, Tokenizer), "derive it from corpuskit.plugin.Tokenizer"
        assert tokenizer.name
        assert 1 <= tokenizer.vocab_size <= 2**32
        if tokenizer.eot_id is not None:
            assert 0 <= tokenizer.eot_id < tokenizer.vocab_size, (
                "the end-of-text id is outside the vocabulary"
            )

    def test_ids_are_one_array_of_uint32_inside_the_vocabulary(self, tokenizer: Tokenizer) -> None:
        def check(text: str) -> None:
            ids = tokenizer.encode(text)
            assert isinstance(ids, np.ndarray)
            assert ids.dtype == np.uint32
            assert ids.ndim == 1
            assert not ids.size or int(ids.max()) < tokenizer.vocab_size

        self._each_text(check)

    def test_an_empty_text_has_no_ids(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.encode("").tolist() == [], "encode() must add no start or end of text"
        assert tokenizer.decode_bytes([]) == b""

    def test_text_comes_back_exactly(self, tokenizer: Tokenizer) -> None:
        if not self.lossless:
            pytest.skip("the tokenizer says that it is lossy")

        def check(text: str) -> None:
            ids = tokenizer.encode(text)
            assert tokenizer.decode_bytes(ids) == text.encode()
            assert tokenizer.decode(ids.tolist()) == text

        self._each_text(check)

    def test_the_same_text_has_the_same_ids_each_time(self, tokenizer: Tokenizer) -> None:
        fresh = self.reopen(tokenizer, json.loads(json.dumps(tokenizer.state())))

        def check(text: str) -> None:
            ids = tokenizer.encode(text).tolist()
            assert tokenizer.encode(text).tolist() == ids
            assert fresh.encode(text).tolist() == ids, "a tokenizer that is opened again gives other ids"

        self._each_text(check)

    def test_a_batch_has_the_ids_of_its_texts(self, tokenizer: Tokenizer) -> None:
        def check(texts: list[str]) -> None:
            encoded = tokenizer.encode_batch([text.encode() for text in texts])
            expected = [tokenizer.encode(text).tolist() for text in texts]
            assert encoded.ids.dtype == np.uint32
            assert encoded.lengths.dtype == np.int64
            assert encoded.lengths.tolist() == [len(ids) for ids in expected]
            assert_equal_numbers(encoded.ids, [number for ids in expected for number in ids])

        check([])
        check([""])
        check(["", *self.texts(), ""])
        for text in self.texts():
            check([text])

    def test_an_end_of_text_follows_each_text_that_has_ended(self, tokenizer: Tokenizer) -> None:
        texts = ["", *self.texts(), ""]
        eot = tokenizer.vocab_size - 1 if tokenizer.eot_id is None else tokenizer.eot_id
        for continues in (False, True):
            expected = [[*tokenizer.encode(text).tolist(), eot] for text in texts]
            if continues:
                expected[-1].pop()
            encoded = tokenizer.encode_documents(
                [text.encode() for text in texts], eot_id=eot, continues=continues
            )
            assert encoded.lengths.tolist() == [len(ids) for ids in expected]
            assert_equal_numbers(encoded.ids, [number for ids in expected for number in ids])

    def test_text_that_looks_special_is_text(self, tokenizer: Tokenizer) -> None:
        eot = tokenizer.eot_id
        if eot is None:
            pytest.skip("the tokenizer has no end of text")
        itself = tokenizer.decode([eot])
        lookalikes = [itself, f"a{itself}b", itself * 3] if self.alphabet is None else []
        for text in (*lookalikes, *self.texts()):
            assert eot not in tokenizer.encode(text).tolist(), f"{text!r} became the end-of-text id"

        self._each_text(lambda text: None if eot not in tokenizer.encode(text) else pytest.fail(repr(text)))

    def test_the_end_of_text_can_be_decoded(self, tokenizer: Tokenizer) -> None:
        eot = tokenizer.eot_id
        if eot is None:
            pytest.skip("the tokenizer has no end of text")
        assert isinstance(tokenizer.decode_bytes([eot]), bytes)
        assert isinstance(tokenizer.decode(np.array([eot, eot], np.uint32)), str)

    def test_ids_of_any_integer_type_decode_alike(self, tokenizer: Tokenizer) -> None:
        for text in self.texts():
            ids = tokenizer.encode(text)
            expected = tokenizer.decode_bytes(ids)
            assert tokenizer.decode_bytes(ids.tolist()) == expected
            assert tokenizer.decode_bytes(ids.astype(np.int64)) == expected
            if not ids.size or ids.max() < 2**16:
                assert tokenizer.decode_bytes(ids.astype(np.uint16)) == expected

    def test_ids_that_are_cut_anywhere_decode_to_the_same_bytes(self, tokenizer: Tokenizer) -> None:
        if not self.piecewise:
            pytest.skip("the tokenizer says that it does not decode in pieces")
        for text in self.texts():
            ids = tokenizer.encode(text)[:64]
            whole = tokenizer.decode_bytes(ids)
            for cut in range(len(ids) + 1):
                assert tokenizer.decode_bytes(ids[:cut]) + tokenizer.decode_bytes(ids[cut:]) == whole
                assert isinstance(tokenizer.decode(ids[:cut]), str), "half a character must read as U+FFFD"

    def test_the_bytes_of_each_id_are_those_that_it_decodes_to(self, tokenizer: Tokenizer) -> None:
        known = tokenizer.token_bytes()
        if known is None:
            pytest.skip("what the tokenizer's ids stand for depends on those around them")
        assert len(known) == tokenizer.vocab_size
        for text in self.texts():
            ids = tokenizer.encode(text).tolist()
            assert b"".join(known[number] for number in ids) == tokenizer.decode_bytes(ids)

    def test_an_id_outside_the_vocabulary_is_an_error(self, tokenizer: Tokenizer) -> None:
        for wrong in (tokenizer.vocab_size, tokenizer.vocab_size + 1000, -1):
            with pytest.raises(TokenizerError):
                tokenizer.decode_bytes([wrong])

    def test_a_boundary_cuts_no_ids(self, tokenizer: Tokenizer) -> None:
        parts = [part for part in _PARTS if self.alphabet is None or set(part) <= set(self.alphabet)]
        words = st.lists(st.sampled_from(parts), max_size=12).map("".join) if parts else st.just("")
        anything = st.text(self.alphabet) if self.alphabet else st.text()

        def ids_of(text: bytes) -> list[int]:
            ids: list[int] = tokenizer.encode_batch([text]).ids.tolist()
            return ids

        @settings(max_examples=self.examples * 3, deadline=None, database=None)
        @given(st.data(), words | anything, words, words)
        def property_holds(data: st.DataObject, text: str, before: str, after: str) -> None:
            encoded = text.encode()
            at = data.draw(st.integers(0, len(encoded)), label="at")
            cut = tokenizer.boundary(encoded, at)
            assert 0 <= cut <= at, "a boundary is not after the place that was asked for"
            if cut:
                whole = ids_of(before.encode() + encoded + after.encode())
                head = ids_of(before.encode() + encoded[:cut])
                assert head + ids_of(encoded[cut:] + after.encode()) == whole

        property_holds()

    def test_items_of_streams_do_not_depend_on_the_texts_around(self, tokenizer: Tokenizer) -> None:
        texts = [sample.encode() for sample in self.texts()]
        together = tokenizer.encode_batch(texts)
        items = tokenizer.stream_items(together)
        check_items(items, together, tokenizer=tokenizer)
        stops = np.cumsum(together.lengths).tolist()
        for text, stop, length in zip(texts, stops, together.lengths.tolist(), strict=True):
            alone = tokenizer.stream_items(tokenizer.encode_batch([text]))
            for name in tokenizer.streams:
                assert_equal_numbers(alone[name], items[name][stop - length : stop])

    def test_the_fingerprint_is_a_sha256_and_stays(self, tokenizer: Tokenizer) -> None:
        first = tokenizer.fingerprint
        assert re.fullmatch("[0-9a-f]{64}", first), "expected a sha256 in hexadecimal"
        tokenizer.encode(self.texts()[6])
        assert tokenizer.fingerprint == first
        fresh = self.reopen(tokenizer, json.loads(json.dumps(tokenizer.state())))
        assert fresh.fingerprint == first, "a tokenizer that is opened again has another fingerprint"

    def test_the_state_is_json_and_opens_the_same_tokenizer(self, tokenizer: Tokenizer) -> None:
        state = tokenizer.state()
        saved = json.dumps(state, allow_nan=False)
        assert json.loads(saved) == state, "state() must return what JSON gives back: lists, not tuples"
        fresh = self.reopen(tokenizer, json.loads(saved))
        assert fresh.state() == state
        assert (fresh.name, fresh.vocab_size, fresh.eot_id) == (
            tokenizer.name,
            tokenizer.vocab_size,
            tokenizer.eot_id,
        )

    def test_the_engine_never_changes_ids(self, tokenizer: Tokenizer) -> None:
        before = [tokenizer.encode(text).tolist() for text in self.texts()]
        tokenizer.select_engine("auto")
        assert [tokenizer.encode(text).tolist() for text in self.texts()] == before
        with pytest.raises(ConfigError):
            tokenizer.select_engine("no-such-engine")


__all__ = ["TEXTS", "TokenizerSuite"]
