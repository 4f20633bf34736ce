"""Escapes in what is typed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corpuskit.cli.options import unescape


@given(st.text())
def test_every_text_can_be_typed(text):
    assert unescape(text.replace("\\", "\\\\")) == text
