"""What ends a document in a block of bytes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from corpuskit.sources.readers import cuts as separated
from corpuskit.sources.readers.separator import Separator

separators = st.sampled_from(
    ["\n", "\n\n", "\n\n\n", "a\nb", "\na\n", "b\n", "<|endoftext|>", "aba", "é", "a", "\0"]
)
# Few different characters, so that separators are found whole, cut, doubled and overlapping.
texts = st.text(alphabet="ab\n\r\0é日<|", max_size=60)
runs = st.sampled_from(["\n\n\n\n", "\r\n\r\n\r\n", "\r\n", "\r\r\r", "\n\r\n", "<|endoftext|>", "ababa"])
pieces = st.lists(st.one_of(texts, runs), max_size=8)


@given(pieces, separators)
@example(["aaa"], "aba")
@example(["ababababa"], "aba")
@example(["<<|endoftext|>|endoftext|>"], "<|endoftext|>")
def test_looking_for_rare_separators_is_splitting(pieces, separator):
    block = "".join(pieces).encode()
    found = Separator(separator.encode(), exact=True).split_rarely(block, 0)
    assert found == block.split(separator.encode())


@given(pieces, pieces, separators)
@example(["xab"], ["aba"], "aba")
def test_splitting_what_follows_is_splitting_both(before, pieces, separator):
    held = "".join(before).encode().split(separator.encode())[-1]
    data = "".join(pieces).encode()
    found = separated._split_after(held, data, Separator(separator.encode(), exact=True))
    assert found == (held + data).split(separator.encode())
