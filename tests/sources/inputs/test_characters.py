"""Characters are counted as Python counts them."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import SourceError
from corpuskit.sources.inputs import characters
from corpuskit.sources.inputs.stream import InputStream


@given(st.text(alphabet="aé日\U0001f600\n", max_size=40), st.integers(1, 9), st.booleans(), st.booleans())
def test_counts_and_offsets_are_those_of_the_decoded_text(
    tmp_path_factory, input_of, text, block_bytes, bom, compressed
):
    data = ("\ufeff" if bom else "").encode() + text.encode()
    path = tmp_path_factory.getbasetemp() / ("count.txt.gz" if compressed else "count.txt")
    path.write_bytes(gzip.compress(data) if compressed else data)
    item = input_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characters, "_BLOCK_BYTES", block_bytes)
        with InputStream(item) as stream:
            assert characters.count_characters(stream) == len(text)
        for count in range(len(text) + 1):
            expected = 3 * bom + len(text[:count].encode())
            with InputStream(item) as stream:
                assert characters.character_offset(item, stream, count) == expected


def test_more_characters_than_there_are_is_an_error(tmp_path, input_of):
    (tmp_path / "a.txt").write_text("été")
    item = input_of(tmp_path / "a.txt")
    with (
        pytest.raises(SourceError, match=r"a\.txt: has 3 characters, fewer than 4"),
        InputStream(item) as stream,
    ):
        characters.character_offset(item, stream, 4)
