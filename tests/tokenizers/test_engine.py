from __future__ import annotations

import logging
import pydoc_data.topics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.registry.distribution import install_command
from corpuskit.tokenizers import engine as engines
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer, open_encoding
from corpuskit.tokenizers.unicode_guard import DISAGREEING

pytest.importorskip("gigatoken", reason="the extra 'fast' is needed")

FAST = ["gpt2", "r50k_base", "cl100k_base", "o200k_base", "o200k_harmony"]
DIFFERENT = ["gpt2", "cl100k_base", "o200k_base"]
SUSPECTS = [chr(number) for first, last in next(iter(DISAGREEING.values())) for number in (first, last)]
PARTS = [
    "word",
    "Word",
    "WORDS",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    " \n ",
    "'s",
    "'LL",
    "'",
    "7",
    "2024",
]
PARTS += [
    "!",
    "...",
    "/",
    "é",
    "e\u0301",
    "日本語",
    "한국",
    "ไทย",
    "عرب",
    "हिन्",
    "🙂",
    "👩‍👩‍👧",
    "\u3000",
    "\xa0",
]
PARTS += ["<|endoftext|>", "\u017f", "\x00", "\ufeff", "_", "_Z", *SUSPECTS[:6]]
TEXT = st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=30).map("".join)


def both(name: str) -> tuple[TiktokenTokenizer, TiktokenTokenizer]:
    fast, slow = TiktokenTokenizer(name=name), TiktokenTokenizer(name=name)
    fast.select_engine("gigatoken")
    slow.select_engine("tiktoken")
    return fast, slow


def assert_equal(name: str, texts: Sequence[str]) -> None:
    fast, slow = both(name)
    documents = [text.encode() for text in texts]
    one, other = fast.encode_batch(documents), slow.encode_batch(documents)
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.lengths, other.lengths)
    expected = [open_encoding(name).encode_ordinary(text) for text in texts]
    assert one.lengths.tolist() == list(map(len, expected))
    assert np.array_equal(one.ids, np.concatenate([np.array(ids, np.uint32) for ids in expected]))


@pytest.mark.parametrize("name", DIFFERENT)
def test_both_engines_give_the_same_ids(name: str) -> None:
    fast, slow = both(name)

    @settings(max_examples=100, deadline=None)
    @given(st.lists(TEXT, max_size=5))
    def property_holds(texts: list[str]) -> None:
        documents = [text.encode() for text in texts]
        one, other = fast.encode_batch(documents), slow.encode_batch(documents)
        assert one.ids.tolist() == other.ids.tolist()
        assert one.lengths.tolist() == other.lengths.tolist()

    property_holds()


@pytest.mark.parametrize("name", FAST)
def test_both_engines_agree_on_pythons_own_prose(name: str) -> None:
    assert_equal(name, list(pydoc_data.topics.topics.values())[::5])


@pytest.mark.parametrize("name", DIFFERENT)
def test_code_points_that_only_one_library_knows_are_tiktokens(name: str) -> None:
    assert_equal(name, [f"{one}_Z {one}'s 1{one}23" for one in SUSPECTS] + ["\u1ae0_Z", "plain"])


@pytest.mark.parametrize("name", DIFFERENT)
def test_of_a_long_text_tiktoken_gets_what_is_near_such_code_points_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, slow = both(name)
    words = " ".join(pydoc_data.topics.topics.values())
    text = (
        words[:60_000] + "\u1ae0_Z" + words[60_000:200_000] + " \u1ae0_Z" + words[200_000:400_000]
    ).encode()
    fast.encode_batch([b"these", b"are", b"compared", b"first"])
    expected = slow.encode_batch([b"a", text]).ids.tolist()
    seen: list[str] = []
    encode_one = engines.TiktokenEngine.encode_one
    monkeypatch.setattr(
        engines.TiktokenEngine, "encode_one", lambda self, text: seen.append(text) or encode_one(self, text)
    )
    assert fast.encode_batch([b"a", text]).ids.tolist() == expected
    assert [one.count("\u1ae0") for one in seen] == [1, 1]
    assert sum(map(len, seen)) < 3 * engines._SUSPECT_BYTES
    monkeypatch.setattr(engines, "_SUSPECT_BYTES", 20)
    assert fast.encode_batch([text[:20_000], text]).ids.tolist()[-len(expected) + 1 :] == expected[1:]


def test_an_error_in_such_a_text_names_it() -> None:
    fast, _ = both("o200k_base")
    with pytest.raises(TokenizerError, match="tiktoken cannot encode the text") as caught:
        fast.encode_batch([b"fine", ("\u1ae0_Z" + "\u00a0" * 1_300_000).encode()])
    assert caught.value.index == 1  # type: ignore[attr-defined]


def test_without_the_guard_the_smallest_case_differs() -> None:
    fast, slow = both("o200k_base")
    text = "\u1ae0_Z"
    engine = fast._loaded_engine()
    assert isinstance(engine, engines.GigatokenEngine)
    assert engine._fast.encode(text.encode()).tolist() != slow.encode(text).tolist()


@pytest.mark.parametrize("name", ["gpt2", "o200k_base"])
def test_texts_larger_than_a_piece_are_the_same(name: str) -> None:
    words = " ".join(pydoc_data.topics.topics.values())
    suspect = words[:700_000] + "\u1ae0_Z" + words[:700_000]
    assert_equal(name, ["", suspect, "字。" * 500_000, "x", "a" * 1_200_000, ""])


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("unit", [" ", "\t", "\n", " \n", "1", "!", "'", "字", "🙂", "ab "])
@pytest.mark.fault("T21")
def test_endless_repetition_is_the_same(name: str, unit: str) -> None:
    fast, slow = both(name)
    text = ("x" + unit * (100_000 // len(unit)) + "y").encode()
    assert np.array_equal(fast.encode_batch([text]).ids, slow.encode_batch([text]).ids)


def test_white_space_beyond_what_the_pattern_can_match() -> None:
    fast, slow = both("o200k_base")
    text = f"one{' ' * 1_300_000}two{chr(9) * 20_000}three{' ' * 20_000}".encode()
    assert np.array_equal(fast.encode_batch([text]).ids, slow.encode_batch([text]).ids)
    with pytest.raises(TokenizerError, match="tiktoken cannot encode the text") as caught:
        slow.encode_batch([b"fine", ("\u00a0" * 1_300_000).encode()])
    assert caught.value.index == 1  # type: ignore[attr-defined]


def test_a_difference_stops_the_run_and_names_the_text(wrong_gigatoken: Any) -> None:
    fast, _ = both("gpt2")
    engine = fast._loaded_engine()
    assert isinstance(engine, engines.GigatokenEngine)
    engine._fast = wrong_gigatoken(engine._fast)
    with pytest.raises(
        TokenizerError, match=r"different ids for the text that starts with 'this is wrong'"
    ) as e:
        fast.encode_batch([b"right", b"this is wrong"])
    assert e.value.index == 1  # type: ignore[attr-defined]


def test_a_text_of_long_words_that_cannot_be_encoded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> Any:
        raise TokenizerError("cannot")

    fast, _ = both("gpt2")
    engine = fast._loaded_engine()
    fast.encode_batch([b"one"] * engines.FIRST_COMPARED)
    monkeypatch.setattr(engine._tiktoken, "encode_one", fail)  # type: ignore[attr-defined]
    with pytest.raises(TokenizerError, match="cannot") as caught:
        fast.encode_batch([b"fine", b"a" * (1 + engines._NO_SAFE_PLACE_FOR)])
    assert caught.value.index == 1  # type: ignore[attr-defined]


def test_texts_are_compared_at_the_start_and_by_a_sample_that_only_depends_on_them() -> None:
    fast, _ = both("gpt2")
    engine = fast._loaded_engine()
    assert isinstance(engine, engines.GigatokenEngine)
    texts = [f"document {number}".encode() for number in range(8000)]
    fast.encode_batch(texts)
    first = engine._num_compared
    assert 4 + 3 <= first <= 4 + 20
    fast.encode_batch(texts)
    assert first - 4 <= engine._num_compared - first <= first


def test_memory_is_given_back_when_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = both("gpt2")
    engine = fast._loaded_engine()
    assert isinstance(engine, engines.GigatokenEngine)
    loaded = engine._fast
    monkeypatch.setattr(engines, "_LOOK_AFTER_BYTES", 10)
    fast.encode_batch([b"hello world, hello"])
    assert engine._fast is loaded
    monkeypatch.setattr(engines, "_RELOAD_GROWTH_BYTES", -(1 << 40))
    fast.encode_batch([b"hello world, hello"])
    assert engine._fast is not loaded
    assert fast.encode_batch([b"hello world"]).ids.tolist() == slow.encode("hello world").tolist()


def test_auto_is_gigatoken_where_it_is_exact() -> None:
    assert {open_tokenizer(name, engine="auto").engine for name in FAST} == {"gigatoken"}  # type: ignore[attr-defined]
    assert open_tokenizer("p50k_base", engine="auto").engine == "tiktoken"  # type: ignore[attr-defined]
    assert open_tokenizer("gpt2", engine="tiktoken").engine == "tiktoken"  # type: ignore[attr-defined]


def test_engines_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"--engine warp: expected one of auto, tiktoken, gigatoken"):
        open_tokenizer("gpt2", engine="warp")
    with pytest.raises(ConfigError, match=r"not known to give tiktoken's ids for 'p50k_base'; use 'auto'"):
        open_tokenizer("p50k_base", engine="gigatoken")
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"it is not installed; pip install .*\[fast\]"):
        open_tokenizer("gpt2", engine="gigatoken")


def test_a_gigatoken_that_is_broken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gigatoken.gigatoken_rs", None)
    with pytest.raises(ConfigError, match="gigatoken is installed but cannot be imported"):
        open_tokenizer("gpt2").encode_batch([b"hello"])


def test_without_gigatoken_one_line_says_what_is_missed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with caplog.at_level(logging.INFO, logger="corpuskit"):
        open_tokenizer("gpt2").decode([1, 2])
        assert "gigatoken" not in caplog.text
        tokenizer = open_tokenizer("gpt2", engine="auto")
        tokenizer.encode_batch([b"hello"])
        tokenizer.encode_batch([b"hello"])
        open_tokenizer("p50k_base", engine="auto")
    assert caplog.text.count(f"20 to 30 times faster: {install_command('fast')}") == 1


def test_neither_gigatoken_nor_awkward_is_imported_before_it_is_needed() -> None:
    code = """
import sys
from corpuskit.tokenizers.opening import open_tokenizer
assert "tiktoken" not in sys.modules and "numpy" not in sys.modules
tokenizer = open_tokenizer("gpt2", engine="auto")
assert "gigatoken" not in sys.modules
assert tokenizer.encode_batch([b"hello world"]).ids.tolist() == [31373, 995]
assert "gigatoken" in sys.modules and "awkward" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
