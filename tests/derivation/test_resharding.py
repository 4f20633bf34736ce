"""Corpora in shards of another size, compared with what they were."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_corpora import doc, documents, read, tails, write

import corpuskit
from corpuskit.corpus.verification import verify
from corpuskit.errors import ConfigError


@settings(max_examples=20)
@given(documents(), tails, st.integers(1, 9), st.integers(2, 9))
def test_tokens_documents_streams_and_fields_stay_what_they_are(
    tmp_path_factory, docs, tail, shard_tokens, new_tokens
):
    if not any(one.ids for one in docs) and not tail:
        return
    folder = tmp_path_factory.mktemp("reshard")
    parent = write(folder / "parent", docs, shard_tokens=shard_tokens, tail=tail)
    made = corpuskit.reshard(parent, folder / "made", shard_bytes=2 * new_tokens)
    assert read(made) == read(parent) == (docs, tail)
    assert [*verify(made)] == []
    sizes = [shard.num_tokens for shard in made.manifest.splits["train"].shards]
    assert all(size == new_tokens for size in sizes[:-1])
    assert made.manifest.options["shard_bytes"] == 2 * new_tokens


def test_the_way_does_not_matter(tmp_path):
    docs = [doc("ab" * (number % 4), f"d{number}") for number in range(9)]
    parent = write(tmp_path / "parent", docs, shard_tokens=5)
    there = corpuskit.reshard(parent, tmp_path / "there", shard_bytes=6)
    back = corpuskit.reshard(there, tmp_path / "back", shard_bytes=10)
    files = [path.name for path in (tmp_path / "parent").iterdir() if path.name.startswith("train")]
    assert files
    for name in files:
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "parent" / name).read_bytes()
    assert back.fingerprint == parent.fingerprint


@pytest.mark.parametrize("size", [0, 3, "3 parsecs", None, 1.5])
def test_a_size_that_is_none_is_an_error(tmp_path, size):
    parent = write(tmp_path / "parent", [doc("a")])
    with pytest.raises(ConfigError, match=r"shard.bytes"):
        corpuskit.reshard(parent, tmp_path / "made", shard_bytes=size)
