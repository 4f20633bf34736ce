"""Corpora of several, compared with the lists of their documents."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_corpora import TOKENIZER, doc, documents, read, tails, write

import corpuskit
from corpuskit.corpus.verification import verify
from corpuskit.errors import ConfigError
from corpuskit.value_streams import StreamInfo


@settings(max_examples=20)
@given(
    st.lists(st.tuples(documents(), st.integers(1, 9), st.booleans(), st.booleans()), min_size=1, max_size=3),
    tails,
)
def test_a_concatenated_corpus_has_the_documents_of_all(tmp_path_factory, parts, tail):
    folder = tmp_path_factory.mktemp("concat")
    parents, expected = [], []
    for number, (docs, shard_tokens, streams, fields) in enumerate(parts):
        docs = [*docs, doc("end", "end")]
        end = tail if number == len(parts) - 1 else ()
        parent = write(
            folder / str(number), docs, shard_tokens=shard_tokens, tail=end, streams=streams, fields=fields
        )
        parents.append(parent)
        for one in docs:
            loss = one.loss if streams else (1,) * len(one.ids)
            expected.append(dataclasses.replace(one, loss=loss, id=one.id if fields else None))
    made = corpuskit.concat(parents, folder / "made")
    found, rest = read(made)
    assert rest == tail
    assert found == expected
    assert [*verify(made)] == []
    # Shards stay as they are, and inputs that are the same come once.
    sizes = [shard.num_tokens for one in parents for shard in one.manifest.splits["train"].shards]
    assert [shard.num_tokens for shard in made.manifest.splits["train"].shards] == sizes
    names = [item.name for item in made.manifest.inputs]
    assert len(names) == len({*names})


def test_fields_in_another_order_are_the_fields_of_the_whole(tmp_path):
    parents = []
    for number, fields in enumerate(({"id": "str", "url": "str"}, {"url": "str", "id": "str"})):
        folder = tmp_path / str(number)
        parents.append(write(folder, [doc(f"text {number}", f"d{number}")], fields=fields))
    made = corpuskit.concat(parents, tmp_path / "made")
    assert made["train"].fields().to_pylist() == [{"id": "d0", "url": None}, {"id": "d1", "url": None}]
    assert [*verify(made)] == []


def test_splits_are_united_by_name(tmp_path):
    one = write(tmp_path / "one", [], splits={"train": [doc("a", "x")], "valid": [doc("b", "y")]})
    two = write(tmp_path / "two", [], splits={"valid": [doc("c", "z")], "test": [doc("d", "w")]})
    made = corpuskit.concat([one.path, two], tmp_path / "made", name="both")
    assert {name: read(made, name)[0] for name in made} == {
        "train": [doc("a", "x")],
        "valid": [doc("b", "y"), doc("c", "z")],
        "test": [doc("d", "w")],
    }
    assert made.manifest.dataset == "both"


def test_options_that_differ_are_said_of_each_parent(tmp_path):
    options = {"eot": False, "shard_bytes": 14}
    one = write(tmp_path / "one", [doc("a")], options={**options, "format": "jsonl"})
    two = write(tmp_path / "two", [doc("b")], options={**options, "format": "csv"})
    filtered = corpuskit.filter(two, tmp_path / "filtered", min_tokens=1)
    made = corpuskit.concat([one, filtered], tmp_path / "made").manifest.options
    assert "format" not in made
    (step,) = made["derived"]
    assert step["rule"] == "concat"
    assert [parent["fingerprint"] for parent in step["parents"]] == [one.fingerprint, filtered.fingerprint]
    assert [parent["options"]["format"] for parent in step["parents"]] == ["jsonl", "csv"]
    assert step["parents"][1]["options"]["derived"][0]["rule"] == "filter"


def test_corpora_that_do_not_go_together_are_refused_by_name(tmp_path):
    one = write(tmp_path / "one", [doc("a", "x")])
    others = {
        "have other tokenizers: bytes": {"tokenizer": TOKENIZER.model_copy(update={"fingerprint": "1" * 64})},
        "prepared with another eot": {"options": {"eot": True}},
        "the stream 'loss' is": {"streams": {"loss": StreamInfo("|u1", 0, "target")}},
        "the kept field 'id' is str in one": {"fields": {"id": "float"}},
    }
    for number, (words, more) in enumerate(others.items()):
        docs = [dataclasses.replace(doc("a"), id=None)]
        two = write(tmp_path / str(number), docs, **more)
        with pytest.raises(ConfigError, match=words) as raised:
            corpuskit.concat([one, two], tmp_path / "made")
        assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match="found none"):
        corpuskit.concat([], tmp_path / "made")
    with pytest.raises(ConfigError, match="expected a list of corpora"):
        corpuskit.concat(one, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_tokens_of_no_document_are_given_to_no_other_corpus(tmp_path):
    one = write(tmp_path / "one", [doc("a", "x")], tail=[7, 8])
    two = write(tmp_path / "two", [doc("b", "y")])
    with pytest.raises(ConfigError, match="2 tokens at the end of split 'train' are of no document"):
        corpuskit.concat([one, two], tmp_path / "made")
    assert read(corpuskit.concat([two, one], tmp_path / "made")) == ([doc("b", "y"), doc("a", "x")], [7, 8])
