"""What all tokenizers have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.tokenizers import base
from corpuskit.tokenizers import tiktoken as tiktoken_module
from corpuskit.tokenizers.base import character_start
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.tokenizers.tiktoken import open_encoding

TEXT = st.text()


@given(TEXT, st.integers(-1, 60))
def test_a_character_start_is_the_last_whole_prefix(text: str, at: int) -> None:
    encoded = text.encode()
    ends = {len(text[:number].encode()) for number in range(len(text) + 1)}
    expected = max(end for end in ends if end <= max(0, at))
    assert character_start(encoded, at) == expected
    assert character_start(encoded[: max(0, at)], at) == expected


#: Pieces that the patterns treat in ways of their own, put together at random.
PARTS = ["word", "Word", "WORD", " ", "  ", "\t", "\n", "\n\n", "\r\n", " \n ", "'s", "'S", "'", "7", "2024"]


MIXED = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=20).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(MIXED, min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from([0, 3, 10**9]),
    st.sampled_from([4, 10**9]),
    st.sampled_from([0, 10**9]),
)
def test_documents_have_their_ids_and_ends_whichever_way_is_faster(
    texts: list[str], continues: bool, few_ids: int, piece_bytes: int, many_ids: int
) -> None:
    tokenizer = open_tokenizer("gpt2", engine="tiktoken")
    expected = [[*open_encoding("gpt2").encode_ordinary(text), 50256] for text in texts]
    if continues:
        expected[-1].pop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiktoken_module, "_FEW_IDS", few_ids)
        patch.setattr(tiktoken_module, "_PIECE_BYTES", piece_bytes)
        patch.setattr(base, "_MANY_IDS", many_ids)
        encoded = tokenizer.encode_documents(
            [text.encode() for text in texts], eot_id=50256, continues=continues
        )
    assert encoded.lengths.tolist() == [len(ids) for ids in expected]
    assert encoded.ids.tolist() == [number for ids in expected for number in ids]
    assert encoded.ids.dtype == np.uint32
