"""gigatoken beside tokenizers: where it is used, where not, and the code points that keep it out."""

from __future__ import annotations

import importlib.metadata
import json
import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from corpuskit.errors import TokenizerError
from corpuskit_huggingface import fast
from corpuskit_huggingface.decoding import _GPT2_BYTES
from corpuskit_huggingface.definition import Definition
from corpuskit_huggingface.tokenizer import HuggingFaceTokenizer

pytest.importorskip("gigatoken")

VERSIONS = importlib.metadata.version("tokenizers"), importlib.metadata.version("gigatoken")
KINDS = ("gpt2", "llama3", "o200k", "qwen2", "qwen3", "neox")

pytestmark = pytest.mark.skipif(
    VERSIONS not in fast.DISAGREEING, reason=f"tokenizers and gigatoken {VERSIONS} have not been compared"
)


@pytest.fixture(params=KINDS)
def tokenizer(request, tmp_path, tokenizer_json) -> HuggingFaceTokenizer:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json(request.param))
    tokenizer = HuggingFaceTokenizer(argument=str(path))
    tokenizer.select_engine("gigatoken")
    assert tokenizer.engine == "gigatoken"
    return tokenizer


def test_ids_are_those_of_tokenizers(tokenizer) -> None:
    plain = "the| quick|don't|\n\n|  |12345|\u65e5\u672c|\u3001|\n| |<tool_call>|<think>|<tool|_call>"
    composing = "e\u0301|\u00e9|\u0323|\u0301|\u1100|\u1161|\uac00|\u11a8|\u0344|\u2000|\U0001fae8"
    words = st.sampled_from([*plain.split("|"), "<|endoftext|>", *composing.split("|")])

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.lists(st.text() | st.lists(words).map("".join), max_size=4))
    def same(texts: list[str]) -> None:
        encoded = [text.encode() for text in texts]
        found = tokenizer.encode_batch(encoded).ids
        expected = tokenizer._encode(encoded)
        assert found.tolist() == [number for ids in expected for number in ids.tolist()]

    same()


def test_auto_is_gigatoken_where_it_is_exact(tokenizer) -> None:
    tokenizer.select_engine("tokenizers")
    assert tokenizer.engine == "tokenizers"
    tokenizer.select_engine("auto")
    assert tokenizer.engine == "gigatoken"


def test_the_choice_of_an_engine_says_why(tokenizer, monkeypatch) -> None:
    choice = tokenizer.explain_engine()
    assert (choice.engine, list(choice.versions.values())) == ("gigatoken", list(VERSIONS))
    assert "sample texts of the vocabulary were encoded by both just now" in choice.reasons[-1]
    monkeypatch.setattr(fast, "DISAGREEING", {})
    choice = tokenizer.explain_engine()
    assert choice.engine == "tokenizers"
    assert "have not been compared" in choice.reasons[-1]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("tags", "its added tokens take something from the text around them"),
        ("digits", "digits are split off before"),
        ("llama2", "its normalizer is another than NFC"),
        ("unigram", "its model is Unigram, not BPE"),
        ("word-level", "its model is WordLevel, not BPE"),
        ("word-piece", "its model is WordPiece, not BPE"),
    ],
)
def test_other_kinds_are_left_to_tokenizers(tokenizer_json, kind, why) -> None:
    definition = Definition.of(tokenizer_json(kind).encode(), None, where="x")
    with pytest.raises(fast.NotExact, match=f"not known to be exact for tokenizers of its kind: {why}"):
        fast.open_engine(definition, lambda texts: [])


def test_versions_that_were_not_compared_are_left_to_tokenizers(tokenizer_json, monkeypatch) -> None:
    monkeypatch.setattr(fast, "DISAGREEING", {})
    definition = Definition.of(tokenizer_json("gpt2").encode(), None, where="x")
    with pytest.raises(fast.NotExact, match=r"tokenizers [\d.]+ and gigatoken [\d.]+ have not been compared"):
        fast.open_engine(definition, lambda texts: [])


def test_an_engine_that_differs_on_the_sample_is_not_used(tokenizer_json) -> None:
    definition = Definition.of(tokenizer_json("gpt2").encode(), None, where="x")
    with pytest.raises(fast.NotExact, match="gigatoken gives other ids than tokenizers"):
        fast.open_engine(definition, lambda texts: [np.zeros(1, np.uint32) for _ in texts])


def test_an_engine_that_differs_later_stops_the_run(tokenizer) -> None:
    engine = tokenizer._fast
    with pytest.raises(
        TokenizerError, match="different ids for the text that starts with 'the quick'; use --eng"
    ):
        engine.encode([b"the quick"], lambda texts: [np.zeros(1, np.uint32)])


def test_texts_with_new_code_points_go_to_tokenizers(tokenizer) -> None:
    asked = []

    def reference(texts):
        asked.extend(texts)
        return [np.zeros(1, np.uint32) for _ in texts]

    tokenizer._fast._num_compared = fast._FIRST_COMPARED
    suspect = "x\U00011db0".encode()
    tokenizer._fast.encode([b"plain 5", suspect, "na\u00efve".encode()], reference)
    assert asked == [suspect]


def test_texts_that_are_changed_before_they_are_split_go_to_tokenizers(tmp_path, tokenizer_json) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json("qwen3"))
    tokenizer = HuggingFaceTokenizer(argument=str(path))
    tokenizer.select_engine("auto")
    asked = []

    def reference(texts):
        asked.extend(text.decode() for text in texts)
        return [np.zeros(1, np.uint32) for _ in texts]

    tokenizer._fast._num_compared = fast._FIRST_COMPARED
    changed = ["e\u0301", "\u0344", "a <think>b"]
    same = ["plain 5", "\u00e9", "\uac00 \u65e5\u672c", "a <thin k>"]
    tokenizer._fast.encode([text.encode() for text in (*changed, *same)], reference)
    assert asked == changed
    reasons = " ".join(tokenizer.explain_engine().reasons)
    assert "not in NFC go to tokenizers" in reasons
    assert "one of 3 added tokens, such as '<tool_call>', go to tokenizers" in reasons


def test_the_engine_is_loaded_afresh_after_so_much_text(tokenizer, monkeypatch) -> None:
    monkeypatch.setattr(fast, "_RELOAD_AFTER_BYTES", 10)
    before = tokenizer._fast._fast
    tokenizer.encode_batch([b"the quick brown fox"])
    assert tokenizer._fast._fast is not before


def test_an_engine_is_chosen_again_in_another_process(tokenizer) -> None:
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.engine == "gigatoken"
    assert again.encode("the quick").tolist() == tokenizer.encode("the quick").tolist()


def test_the_sample_is_always_the_same(tokenizer_json) -> None:
    data = json.loads(tokenizer_json("gpt2"))
    first = list(fast.sample(data))
    assert first == list(fast.sample(data))
    assert len(first) == 48
    assert all(first)


@pytest.mark.parametrize("kind", KINDS)
def test_code_points_around_the_listed_ones_are_split_alike(tokenizer_json, kind) -> None:
    listed = {c for a, b in fast.DISAGREEING[VERSIONS] for c in range(a, b + 1)}
    edges = {c for a, b in fast.DISAGREEING[VERSIONS] for c in (*range(a - 8, a), *range(b + 1, b + 9))}
    some = set(random.Random(0).sample(range(0x110000), 4000)) | set(range(0x3400))
    tried = sorted(c for c in (edges | some) - listed if not 0xD800 <= c < 0xE000)
    slow, quick = _probing(json.loads(tokenizer_json(kind)))
    for start in range(0, len(tried), 256):
        text = "".join(map(_probe, tried[start : start + 256]))
        assert slow(text) == quick(text)
    differing = [c for c in sorted(listed)[::50] if slow(_probe(c)) != quick(_probe(c))]
    assert len(differing) > 40, "the guard keeps out what need not be"


def _probe(code_point: int) -> str:
    char = chr(code_point)
    return f"a{char}a1{char}1!{char}!A{char}A {char}'s\n"


def _probing(data):
    """Both libraries, with merges of every two bytes that a pattern may leave together."""
    char_of = {byte: char for char, byte in _GPT2_BYTES.items()}
    pairs = [(a, b) for a in b"a1!A " for b in range(256)]
    pairs += [(a, b) for a in range(0x80, 0xC0) for b in b"a1!A'"]
    merges = list(dict.fromkeys((char_of[a], char_of[b]) for a, b in pairs))
    vocab = [*char_of.values(), *(a + b for a, b in merges)]
    data["model"] |= {
        "vocab": {token: n for n, token in enumerate(vocab)},
        "merges": [list(m) for m in merges],
    }
    data["added_tokens"], data["normalizer"] = [], None
    definition = Definition.of(json.dumps(data).encode(), None, where="x")
    engine = fast.FastEngine(definition, fast._guard(VERSIONS))
    reference = Tokenizer.from_str(definition.runnable())
    return lambda text: reference.encode(text).ids, lambda text: engine.encode_one(text.encode()).tolist()
