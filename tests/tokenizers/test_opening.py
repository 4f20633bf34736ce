from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import corpuskit
from corpuskit import registry
from corpuskit.errors import PluginLoadFailed, TokenizerError, UnknownName
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import TokenizerSpec
from corpuskit.tokenizers.base import Encoded, Tokenizer, check_encoded
from corpuskit.tokenizers.opening import fit_tokenizer, open_tokenizer, reopen_tokenizer
from corpuskit.value_streams import StreamInfo


class Letters(Tokenizer):
    """A plugin's tokenizer: lower-case letters, by their place in the alphabet."""

    vocab_size: Any = 26
    eot_id: Any = None

    def __init__(self, *, name: str, argument: str | None = None, state: Any = None) -> None:
        self.name, self.argument = name, argument

    @property
    def fingerprint(self) -> str:
        return "0" * 64

    def encode(self, text: str) -> np.ndarray[Any, np.dtype[np.uint32]]:
        return np.frombuffer(text.encode(), np.uint8).astype(np.uint32) - 97

    def decode_bytes(self, ids: Sequence[int] | np.ndarray[Any, Any]) -> bytes:
        return (np.asarray(ids) + 97).astype(np.uint8).tobytes()


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register a factory as the tokenizer "letters" of a plugin."""

    def register(factory: Any) -> None:
        component = registry.Component(
            TokenizerSpec("letters", "Letters", "a:b"),
            Owner("abc", "abc-plugin", "1.0"),
        )
        monkeypatch.setattr(registry.Component, "load", lambda self: factory)
        monkeypatch.setattr(
            registry.Registry,
            "find",
            lambda self, kind, name: dataclasses.replace(component, argument=name.partition(":")[2] or None),
        )

    return register


def test_a_plugins_tokenizer_gets_its_name_and_argument(plugin: Any) -> None:
    plugin(Letters)
    tokenizer = open_tokenizer("letters:latin", engine="auto")
    assert isinstance(tokenizer, Letters)
    assert (tokenizer.name, tokenizer.argument) == ("letters", "latin")
    encoded = tokenizer.encode_batch([b"ab", b"", b"z"])
    assert (encoded.ids.tolist(), encoded.lengths.tolist()) == ([0, 1, 25], [2, 0, 1])
    check_encoded(encoded, tokenizer=tokenizer, num_texts=3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": None}, "expected a vocab_size of 1 to 2\\*\\*32, found None"),
        ({"vocab_size": 0}, "expected a vocab_size of 1 to 2\\*\\*32, found 0"),
        ({"vocab_size": 26.0}, "expected a vocab_size of 1 to 2\\*\\*32, found 26.0"),
        ({"vocab_size": -1, "needs_fitting": True}, "expected a vocab_size of 1 to 2\\*\\*32, found -1"),
        ({"eot_id": 26}, r"expected an eot_id in \[0, 26\) or None, found 26"),
        (
            {"streams": {"loss": StreamInfo("|u1", 0, "input")}},
            r"expected streams named by .*, other than 'loss', found 'loss'",
        ),
        (
            {"streams": {"a b": StreamInfo("|u1", 0, "input")}},
            r"expected streams named by words .* found 'a b'",
        ),
        ({"streams": {"ab": "|u1"}}, r"expected streams as a mapping from names to StreamInfo"),
        ({"eot_id": "<eot>"}, r"expected an eot_id in \[0, 26\) or None, found '<eot>'"),
        ({"name": ""}, "expected a name, found ''"),
        ({"control_ids": ["<eot>"]}, "expected control_ids as a mapping from names to ids, found"),
        ({"control_ids": {"": 3}}, "expected names in control_ids, found ''"),
        ({"control_ids": {"<eot>": 26}}, r"expected control_ids in \[0, 26\), found 26"),
        ({"control_ids": {"<eot>": 2.5}}, r"expected control_ids in \[0, 26\), found 2.5"),
    ],
)
def test_a_plugins_wrong_attributes_name_the_plugin(
    plugin: Any, changes: dict[str, Any], message: str
) -> None:
    def factory(**arguments: Any) -> Letters:
        tokenizer = Letters(**arguments)
        tokenizer.__dict__.update(changes)
        return tokenizer

    plugin(factory)
    with pytest.raises(PluginLoadFailed, match=r"tokenizer 'letters' of abc \(abc-plugin 1.0\): " + message):
        open_tokenizer("letters")


class Fitted(Letters):
    """The same with the letters of a corpus, and an id for the end of a text before them."""

    vocab_size = 0
    eot_id = 1
    needs_fitting = True

    def fit(self, texts: Any) -> None:
        self.vocab_size = 1 + len(set(b"".join(texts)))


def test_a_tokenizer_that_is_fitted_may_have_an_end_of_text_id_from_the_start(plugin: Any) -> None:
    plugin(Fitted)
    tokenizer = open_tokenizer("letters")
    fit_tokenizer(tokenizer, [b"ab", b"a"], name="letters")
    assert (tokenizer.vocab_size, tokenizer.eot_id) == (3, 1)


def test_what_fitting_gives_is_checked(plugin: Any) -> None:
    plugin(Fitted)
    with pytest.raises(PluginLoadFailed, match=r"\(abc-plugin 1.0\): expected an eot_id in \[0, 1\) or None"):
        fit_tokenizer(open_tokenizer("letters"), [b""], name="letters")
    tokenizer = open_tokenizer("letters")
    tokenizer.fit = lambda texts: None  # type: ignore[method-assign]
    with pytest.raises(PluginLoadFailed, match="expected a vocab_size of 1 to 2"):
        fit_tokenizer(tokenizer, [b"ab"], name="letters")


@pytest.mark.fault("G5")
def test_a_plugin_that_gives_no_tokenizer_is_named(plugin: Any) -> None:
    plugin(lambda **arguments: None)
    with pytest.raises(PluginLoadFailed, match=r"expected a corpuskit.plugin.Tokenizer, found None"):
        open_tokenizer("letters")


@pytest.mark.parametrize(
    ("ids", "lengths", "message"),
    [
        ([0.5], np.array([1]), "ids as a one-dimensional uint32 array, found list"),
        (np.array([1.0]), np.array([1]), "ids as a one-dimensional uint32 array, found float64"),
        (
            np.zeros(1, np.uint32),
            np.zeros(1, np.int32),
            "lengths as a one-dimensional int64 array, found int32",
        ),
        (np.zeros(2, np.uint32), np.array([1, 1]), "a length for each of 1 texts, found 2"),
        (np.zeros(2, np.uint32), np.array([1]), "lengths that add up to 2 ids, found 1"),
        (np.array([26], np.uint32), np.array([1]), "ids below 26, found 26"),
    ],
)
@pytest.mark.fault("G5", "V1")
def test_what_a_plugin_encodes_is_checked(ids: Any, lengths: Any, message: str) -> None:
    with pytest.raises(TokenizerError, match="tokenizer 'letters': encode_batch must give " + message):
        check_encoded(Encoded(ids, lengths), tokenizer=Letters(name="letters"), num_texts=1)


def test_an_unknown_name_lists_near_misses() -> None:
    with pytest.raises(UnknownName, match="did you mean 'gpt2'"):
        open_tokenizer("gtp2")


@pytest.mark.parametrize("name", ["letters:/dev/zero", "letters:/etc/passwd", "letters:evil/repository"])
def test_a_name_from_a_file_opens_nothing(plugin: Any, name: str) -> None:
    def factory(**arguments: Any) -> Letters:
        raise AssertionError("it was asked to open something")

    plugin(factory)
    with pytest.raises(
        TokenizerError, match=f"tokenizer '{name}': the corpus holds its name only, and a name"
    ):
        reopen_tokenizer(name, state=None)


def test_a_name_from_a_file_is_opened_from_its_state(plugin: Any) -> None:
    plugin(Letters)
    assert isinstance(reopen_tokenizer("letters:latin", state={"x": 1}), Letters)
    assert isinstance(reopen_tokenizer("letters", state=None), Letters)


@pytest.mark.parametrize(
    "error",
    [TypeError("x"), KeyError("x"), ValueError("x"), IndexError(), RecursionError(), OverflowError("x")],
)
def test_a_state_that_breaks_its_tokenizer_is_one_typed_error(plugin: Any, error: Exception) -> None:
    def factory(**arguments: Any) -> Letters:
        raise error

    plugin(factory)
    with pytest.raises(TokenizerError, match=f"its saved state is damaged: {type(error).__name__}"):
        reopen_tokenizer("letters:latin", state=["what", "ever"])


@pytest.mark.parametrize("state", ["", "ba", "aa", 3, [], {"a": 1}, "a" * 2_000_000])
def test_damaged_characters_are_one_typed_error(state: Any) -> None:
    with pytest.raises(TokenizerError, match="its saved state must be the characters in order"):
        reopen_tokenizer("chars", state=state)


def test_encodings_lists_what_encoding_takes_with_a_line_about_each():
    found = corpuskit.encodings()
    assert {"bytes", "chars", "gpt2", "o200k_base"} <= set(found)
    assert all(summary and "\n" not in summary for summary in found.values())
    assert len(set(found.values())) == len(found)  # each says what it is for
    for name in ("bytes", "chars"):
        assert open_tokenizer(name).name == name
