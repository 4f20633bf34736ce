from __future__ import annotations

import re

import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpuskit.tokenizers import boundaries
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer, open_encoding

PARTS = [
    "a",
    "Zed",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\v",
    "\x85",
    "\u00a0",
    "\u2028",
    "\u3000",
    "\u1680",
]
PARTS += [
    "'",
    "'s",
    "'S",
    "/",
    "!",
    "9",
    "1234",
    "é",
    "\u0301",
    "字",
    "文字",
    "。",
    ",",
    "、",
    "한",
    "🙂",
    "\u017f",
    "\x1c",
]
TEXT = st.lists(st.sampled_from(PARTS) | st.characters(codec="utf-8"), max_size=12).map("".join)


@pytest.mark.parametrize("name", tiktoken.list_encoding_names())
def test_cutting_at_a_boundary_changes_no_ids(name: str) -> None:
    tokenizer, encode = TiktokenTokenizer(name=name), open_encoding(name).encode_ordinary

    @settings(max_examples=120, deadline=None)
    @given(TEXT, TEXT, TEXT, st.integers(0, 40))
    @example("", "!\n/a", "", 2)
    @example("", "a \nb", "", 3)
    @example("", "字。\n。", "", 7)
    def property_holds(before: str, text: str, after: str, at: int) -> None:
        encoded = text.encode()
        cut = tokenizer.boundary(encoded, at)
        assert 0 <= cut <= min(at, len(encoded))
        if cut:
            head, tail = before + encoded[:cut].decode(), encoded[cut:].decode() + after
            assert encode(head) + encode(tail) == encode(before + text + after)

    property_holds()


# The three kinds of safe places as one expression: slower, and easier to compare with their description.
VISIBLE = rb"[\x21-\x7e\x8b-\x9e\xa1-\xa7\xaa-\xae\xb0-\xbf]"
VISIBLE_LEAD = rb"[\x21-\x2e\x30-\x7e\xc3-\xe0\xe4-\xf4]"
SAFE_PLACE = re.compile(
    rb"(?<=%b)(?= )|(?<=%b\n)(?=%b)|(?<=[\xe5-\xe9][\x80-\xbf]{2})(?=\xe3\x80[\x81\x82]|\xef\xbc\x8c)"
    % (VISIBLE, VISIBLE, VISIBLE_LEAD)
)


@given(TEXT, st.integers(0, 60), st.integers(0, 20), st.integers(1, 30))
def test_the_last_safe_place_is_the_one_a_regular_expression_finds(
    text: str, at: int, start: int, window_bytes: int
) -> None:
    encoded = text.encode()
    expected = [m.start() for m in SAFE_PLACE.finditer(encoded) if start < m.start() <= at]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundaries, "_FIRST_WINDOW_BYTES", window_bytes)
        found = boundaries.last_safe_place(encoded, at, start=start)
    assert found == max(expected, default=start)


@given(TEXT, st.integers(1, 40))
def test_pieces_are_the_text_and_are_cut_at_safe_places_only(text: str, target_bytes: int) -> None:
    encoded = text.encode()
    pieces = boundaries.pieces(encoded, target_bytes=target_bytes)
    assert b"".join(pieces) == encoded
    cut = 0
    for piece in pieces[:-1]:
        cut += len(piece)
        assert piece
        assert boundaries.last_safe_place(encoded, cut) == cut


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        (b"hello world", 11, 5),
        (b"hello world", 5, 5),
        (b"hello world", 4, 0),
        (b"one\ntwo", 7, 4),
        (b"one\n\ntwo", 8, 0),
        (b"one\n/two", 8, 0),
        ("字字。字".encode(), 12, 6),
        (b"a" * 100_000 + b" b" + b"c" * 100_000, 200_002, 100_000),
        (b"", 0, 0),
    ],
)
def test_the_last_safe_place(text: bytes, at: int, expected: int) -> None:
    assert boundaries.last_safe_place(text, at) == expected


def test_an_unknown_pattern_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundaries, "SAFE_PATTERNS", frozenset())
    assert TiktokenTokenizer(name="gpt2").boundary(b"hello world", 11) == 0


@pytest.mark.fault("T21")
def test_text_without_a_safe_place_takes_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0
    last_in_window = boundaries._last_in_window

    def counted(text: bytes, low: int, high: int) -> int:
        nonlocal looked_at
        looked_at += high - low
        return last_in_window(text, low, high)

    monkeypatch.setattr(boundaries, "_last_in_window", counted)
    text = b"a" * 4_000_000
    assert boundaries.pieces(text, target_bytes=4096) == [text]
    assert len(text) <= looked_at <= 3 * len(text)
