from __future__ import annotations

import importlib.metadata
import itertools
import json
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.tokenizers import unicode_guard
from corpuskit.tokenizers.unicode_guard import DISAGREEING, CodePoints, UnicodeGuard, derive, guard_for

RANGES = DISAGREEING["0.14.0", "0.10.0"]
SUSPECTS = [chr(number) for first, last in RANGES for number in range(first, last + 1)]
#: The neighbours of every range, and characters that share their first bytes.
NEIGHBOURS = [chr(number) for first, last in RANGES for number in (first - 1, last + 1)]
PARTS = st.sampled_from([*NEIGHBOURS, "a", "é", "日本", "ಕ", "తె", "🙂", "\uffff"]) | st.text(max_size=2)


def test_the_set_is_what_the_installed_versions_disagree_on() -> None:
    pytest.importorskip("gigatoken", reason="the extra 'fast' is needed")
    from corpuskit.tokenizers.engine import probing_encoders

    versions = importlib.metadata.version("tiktoken"), importlib.metadata.version("gigatoken")
    if versions not in DISAGREEING:
        pytest.skip(f"no set is shipped for {versions}; it is derived at run time")
    assert derive(probing_encoders()) == DISAGREEING[versions]


def test_the_shipped_set_has_the_4699_code_points_of_unicode_17() -> None:
    assert len(set(SUSPECTS)) == len(SUSPECTS) == 4699
    assert all(last < first for (_, last), (first, _) in itertools.pairwise(RANGES))


@given(st.lists(st.lists(PARTS | st.sampled_from(SUSPECTS), max_size=8).map("".join), max_size=5))
def test_texts_with_a_suspect_are_found_and_no_others(texts: list[str]) -> None:
    expected = [number for number, text in enumerate(texts) if set(text) & set(SUSPECTS)]
    assert UnicodeGuard(RANGES).suspects([text.encode() for text in texts]) == expected


def test_every_single_suspect_is_found_and_no_neighbour() -> None:
    guard = UnicodeGuard(RANGES)
    for prefix in ("", "x"):  # both alignments of two bytes
        assert guard.suspects([(prefix + one).encode() for one in SUSPECTS]) == list(range(len(SUSPECTS)))
        assert not guard.suspects([(prefix + one).encode() for one in NEIGHBOURS])


@given(st.lists(st.integers(0, 0x2FF), min_size=1, max_size=4), st.text(max_size=6))
def test_suspects_of_one_or_two_bytes_are_found_too(numbers: list[int], text: str) -> None:
    guard = UnicodeGuard(tuple((number, number) for number in sorted(set(numbers))))
    assert guard.suspects([text.encode()]) == ([0] if set(text) & set(map(chr, numbers)) else [])


def letters_and(extra: str) -> unicode_guard.Encode:
    """An encoder that only tells letters from the rest; `extra` are letters to it too."""
    known = np.zeros(0x110000, np.uint32)
    known[list(map(ord, string.ascii_letters + extra))] = 1
    return lambda text: known[np.frombuffer(text.encode("utf-32-le"), "<u4")]


def test_derive_finds_exactly_what_differs() -> None:
    assert derive([(letters_and("é"), letters_and("éßàá"))]) == ((0xDF, 0xE1),)
    assert derive([(letters_and("é"), letters_and("é"))]) == ()
    assert derive([(letters_and("é"), letters_and("")), (letters_and("\U0010ffff"), letters_and(""))]) == (
        (0xE9, 0xE9),
        (0x10FFFF, 0x10FFFF),
    )


def test_unknown_versions_are_derived_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    calls: list[CodePoints] = []

    def fake_derive(encoders: object) -> CodePoints:
        calls.append(((0xE9, 0xE9),))
        return calls[-1]

    monkeypatch.setattr(unicode_guard, "derive", fake_derive)
    for _ in range(2):
        guard = guard_for("9.0", "9.1", list)
        assert guard.suspects(["é".encode(), b"e"]) == [0]
    assert len(calls) == 1
    saved = tmp_path / "tables" / "unicode-guard-1-tiktoken-9.0-gigatoken-9.1.json"
    assert json.loads(saved.read_bytes()) == [[0xE9, 0xE9]]
    saved.write_text("[[1, 2], 'damaged")
    guard_for("9.0", "9.1", list)
    assert len(calls) == 2
