"""Corpora whose documents are divided anew, compared with a direct computation."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_corpora import doc, documents, read, tails, write

import corpuskit
from corpuskit.corpus.document_hashes import LONG_TOKENS, DocumentHasher
from corpuskit.corpus.verification import verify
from corpuskit.derivation.splitting import shares_of
from corpuskit.errors import ConfigError


def split_of(one, shares, of="train"):
    """Where a document goes, computed for it alone."""
    ids = np.array(one.ids, "<u2")
    if len(ids) >= LONG_TOKENS:
        point = int.from_bytes(hashlib.sha256(ids.tobytes()).digest()[:8], "little")
    else:
        point = int(DocumentHasher(np.dtype("<u2")).add(ids, np.array([len(ids)]))[0, 0])
    left = Fraction(1)
    for name, share in shares.items():
        own = mixed_alone(point ^ int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))
        if Fraction(own, 2**64) < Fraction(share) / left:
            return name
        left -= Fraction(share)
    return of


def mixed_alone(value):
    """The last steps of SplitMix64."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        value = (value ^ value >> shift) * factor % 2**64
    return value


@settings(max_examples=20)
@given(documents(), tails, st.integers(1, 9), st.integers(0, 2))
def test_each_document_goes_where_its_own_ids_say(tmp_path_factory, docs, tail, shard_tokens, copies):
    docs = docs * (copies + 1)
    if not any(one.ids for one in docs) and not tail:
        return
    folder = tmp_path_factory.mktemp("split")
    parent = write(folder / "parent", docs, shard_tokens=shard_tokens, tail=tail)
    shares = {"valid": 0.25, "test": 0.25}
    made = corpuskit.split(parent, shares, folder / "made")
    assert made.splits == ("train", "valid", "test")
    for name in made:
        found, rest = read(made, name)
        expected = [one for one in docs if split_of(one, shares) == name]
        rest_expected = tail if name == "train" else []
        if not any(one.ids for one in expected) and not rest_expected:
            expected = []  # a split without a token has no documents
        assert (found, rest) == (expected, rest_expected)
    assert [*verify(made)] == []


def test_long_documents_that_span_shards_go_by_their_sha256(tmp_path):
    docs = [doc(f"{number}" * 300, f"d{number}") for number in range(8)]
    parent = write(tmp_path / "parent", docs, shard_tokens=101)
    made = corpuskit.split(parent, "valid=50%", tmp_path / "made")
    for name in ("train", "valid"):
        assert read(made, name)[0] == [one for one in docs if split_of(one, {"valid": 0.5}) == name]
        assert read(made, name)[0]


def test_what_one_division_left_and_what_it_took_can_be_divided_again(tmp_path):
    docs = [doc(f"text {number}", f"d{number}") for number in range(400)]
    parent = write(tmp_path / "parent", docs, shard_tokens=500)
    once = corpuskit.split(parent, "valid=0.25", tmp_path / "once")
    rest = corpuskit.split(once, "test=0.25", tmp_path / "rest")
    part = corpuskit.split(once, "test=0.25", tmp_path / "part", of="valid")
    assert 60 < once["valid"].num_documents < 140
    assert 40 < rest["test"].num_documents < 110  # of 300
    assert 10 < part["test"].num_documents < 40  # of 100
    both = corpuskit.split(parent, "valid=0.25,test=0.25", tmp_path / "both")
    assert read(both, "valid") == read(once, "valid")
    assert 60 < both["test"].num_documents < 140


def test_other_splits_stay_and_empty_ones_may_be_filled(tmp_path):
    docs = [doc(f"text {number}") for number in range(20)]
    parent = write(tmp_path / "parent", [], splits={"valid": [], "train": docs, "test": [doc("b")]})
    made = corpuskit.split(parent, "valid=0.3", tmp_path / "made")
    assert [*made] == ["train", "valid", "test"]
    assert read(made, "test") == read(parent, "test")
    assert 0 < made["valid"].num_documents < 20
    with pytest.raises(ConfigError, match="has a split 'test' with tokens already"):
        corpuskit.split(parent, "test=0.3", tmp_path / "other")
    with pytest.raises(ConfigError, match="no split 'nothing'"):
        corpuskit.split(parent, "valid=0.3", tmp_path / "other", of="nothing")


@pytest.mark.parametrize(
    "shares",
    [
        "",
        "valid",
        "valid=0",
        "valid=1",
        "valid=x",
        "Valid=0.1",
        "a=0.5,b=0.5",
        "a=0.1,a=0.1",
        {},
        3,
        {1: 0.1},
    ],
)
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ConfigError, match="expected names of new splits with shares"):
        shares_of(shares)


def test_shares_are_read_as_people_write_them():
    assert shares_of(" valid=1% , test=0.25") == {"valid": 0.01, "test": 0.25}


def test_the_same_shares_in_another_order_are_another_corpus(tmp_path):
    docs = [doc(f"text {number}") for number in range(40)]
    parent = write(tmp_path / "parent", docs)
    made = corpuskit.split(parent, {"valid": 0.3, "test": 0.4}, tmp_path / "made")
    again = corpuskit.split(parent, {"valid": 0.3, "test": 0.4}, tmp_path / "made")
    assert again.fingerprint == made.fingerprint
    with pytest.raises(ConfigError, match="holds another corpus already"):
        corpuskit.split(parent, {"test": 0.4, "valid": 0.3}, tmp_path / "made")
    turned = corpuskit.split(parent, {"test": 0.4, "valid": 0.3}, tmp_path / "turned")
    assert read(turned, "valid") != read(made, "valid")
