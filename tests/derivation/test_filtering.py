"""Filtered corpora, compared with lists of documents that are filtered in Python."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_corpora import doc, documents, read, tails, write

import corpuskit
from corpuskit.corpus.verification import verify
from corpuskit.errors import ConfigError, StorageError


@settings(max_examples=20)
@given(documents(), tails, st.integers(1, 9), st.integers(1, 9), st.integers(0, 8), st.data())
def test_a_filtered_corpus_has_the_documents_for_which_all_conditions_hold(
    tmp_path_factory, docs, tail, shard_tokens, new_tokens, least, data
):
    folder = tmp_path_factory.mktemp("filter")
    banned = data.draw(st.lists(st.sampled_from([f"d{n}" for n in range(14)]), max_size=8))
    (folder / "ids.txt").write_text("".join(f"{one}\n" for one in banned))
    if not any(one.ids for one in docs) and not tail:
        return
    parent = write(folder / "parent", docs, shard_tokens=shard_tokens, tail=tail)
    expected = (
        [one for one in docs if len(one.ids) >= least and one.id not in banned]
        if len(parent["train"])
        else []
    )
    ask = {"exclude": folder / "ids.txt", "min_tokens": least, "shard_bytes": max(4, 2 * new_tokens)}

    if not any(one.ids for one in expected):
        with pytest.raises(ConfigError, match="no tokens are left"):
            corpuskit.filter(parent, folder / "made", **ask)
        assert sorted(path.name for path in folder.iterdir()) == ["ids.txt", "parent"]
        return
    made = corpuskit.filter(parent, folder / "made", **ask)
    assert read(made) == (expected, [])
    assert [*verify(made)] == []
    shards = made.manifest.splits["train"].shards
    assert all(shard.num_tokens <= max(2, new_tokens) for shard in shards)
    assert all(shard.num_tokens == max(2, new_tokens) for shard in shards[:-1])
    assert made.manifest.left_out.get("filtered", 0) == len(docs) - len(expected)


def test_conditions_on_fields_numbers_and_lists_of_ids_choose_documents(tmp_path):
    pytest.importorskip("duckdb")
    docs = [doc("aa", "x"), doc("b", "y"), doc("", "z"), doc("cccc", None), doc("dd", "x")]
    parent = write(tmp_path / "parent", docs, shard_tokens=3)
    (tmp_path / "ids").write_bytes(b"x\r\nnobody\n\nz")

    def kept(name, **conditions):
        return read(corpuskit.filter(parent, tmp_path / name, **conditions))[0]

    assert kept("where", where="id = 'x' or num_tokens > 3") == [docs[0], docs[3], docs[4]]
    assert kept("number", where="document >= 3") == docs[3:]
    assert kept("only", only=tmp_path / "ids") == [docs[0], docs[2], docs[4]]
    assert kept("exclude", exclude=tmp_path / "ids", max_tokens=3) == [docs[1]]
    assert kept("selection", selection=corpuskit.select(parent["train"], numbers=[3, 1])) == [
        docs[1],
        docs[3],
    ]


def test_ids_that_no_document_has_are_counted(tmp_path, caplog):
    parent = write(tmp_path / "parent", [doc("aa", "x"), doc("b", "y")])
    (tmp_path / "ids").write_text("x\nnobody\nx\n")
    with caplog.at_level("INFO", "corpuskit"):
        corpuskit.filter(parent, tmp_path / "made", exclude=tmp_path / "ids")
    assert "ids: 2, of no document: 1; documents: 1" in caplog.text.replace("ids in ", "").replace(
        f"{tmp_path / 'ids'}", "ids"
    )


def test_a_list_is_read_in_parts_and_gives_the_same(tmp_path, monkeypatch):
    docs = [doc("ab", f"d{number}") for number in range(50)]
    parent = write(tmp_path / "parent", docs, shard_tokens=16)
    (tmp_path / "ids").write_text("".join(f"d{number}\n" for number in range(0, 50, 3)))
    monkeypatch.setattr("corpuskit.corpus.id_lists._LIST_BYTES", 10)
    monkeypatch.setattr("corpuskit.corpus.id_lists._ROWS", 3)
    assert read(corpuskit.filter(parent, tmp_path / "made", only=tmp_path / "ids"))[0] == docs[::3]


def test_only_the_splits_that_are_named_are_written(tmp_path):
    parent = write(tmp_path / "parent", [], splits={"train": [doc("aa")], "valid": [doc("b"), doc("")]})
    made = corpuskit.filter(parent, tmp_path / "made", min_tokens=1, splits=["valid"])
    assert made.splits == ("valid",)
    assert read(made, "valid")[0] == [doc("b")]


def test_the_manifest_says_what_was_made_of_what(tmp_path):
    parent = write(tmp_path / "parent", [doc("aa", "x"), doc("b", "y")])
    first = corpuskit.filter(parent, tmp_path / "first", min_tokens=1)
    second = corpuskit.filter(first, tmp_path / "second", min_tokens=2)
    steps = second.manifest.options["derived"]
    assert [step["rule"] for step in steps] == ["filter", "filter"]
    assert [step["min_tokens"] for step in steps] == [1, 2]
    assert [step["parents"][0]["fingerprint"] for step in steps] == [parent.fingerprint, first.fingerprint]
    assert second.manifest.options["eot"] is False
    assert second.manifest.inputs == parent.manifest.inputs
    assert second.manifest.tokenizer == parent.manifest.tokenizer


def test_a_field_that_is_not_kept_is_an_error_that_names_those_that_are(tmp_path):
    parent = write(tmp_path / "parent", [doc("aa", "x")])
    (tmp_path / "ids").write_text("x\n")
    with pytest.raises(ConfigError, match="the field 'url' is not kept; the kept fields are id"):
        corpuskit.filter(parent, tmp_path / "made", exclude=tmp_path / "ids", field="url")
    with pytest.raises(StorageError, match="the list of ids cannot be read"):
        corpuskit.filter(parent, tmp_path / "made", exclude=tmp_path / "gone")
    with pytest.raises(ConfigError, match="no condition is said"):
        corpuskit.filter(parent, tmp_path / "made")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids", "parent"]


def test_tokens_of_no_document_are_left_out_and_said(tmp_path, caplog):
    parent = write(tmp_path / "parent", [doc("aa")], tail=[1, 2, 3])
    assert read(corpuskit.filter(parent, tmp_path / "made", min_tokens=0)) == ([doc("aa")], [])
    assert "3 tokens at the end of split 'train' are of no document" in caplog.text
