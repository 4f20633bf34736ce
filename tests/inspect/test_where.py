from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.inspect.where import where


def rows_with(batches, start, stop, steps, corpus=""):
    """The steps and rows whose x has one of some tokens, by what each row is traced to."""
    found = []
    for step in range(*steps):
        for row in batches.trace(step).rows:
            if any(p.corpus == corpus and p.start < stop and start < p.stop for p in row.pieces):
                found.append((step, row.row))
    return found


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "packed"])
def test_a_sentence_leads_to_its_line_and_to_the_steps_that_see_it(planted, sampler):
    corpus = planted.open()
    batches = corpus.batches("train", batch_size=6, block_size=40, sampler=sampler, seed=5, output="numpy")
    last = 30 if sampler == "random" else len(batches) - 1
    for one in planted.documents[::3]:
        (found,) = where(corpus, text=one.sentence, batches=batches, steps=(0, last), most=1000)
        expected = f"a.txt:{one.sentence_line}" if one.name == "a.txt" else one.place
        assert str(found.place) == expected
        assert corpus.decode(corpus["train"][found.start : found.stop]) == one.sentence == found.text
        assert found.seen.rows == rows_with(batches, found.start, found.stop, (0, last + 1))


def test_each_rank_sees_the_rows_that_are_said(planted):
    corpus = planted.open()
    options = {"batch_size": 6, "block_size": 40, "sampler": "shuffled", "output": "numpy"}
    one = planted.documents[7]
    (found,) = where(corpus, text=one.sentence, batches=corpus.batches("train", **options))
    ranks = [corpus.batches("train", rank=rank, world_size=3, **options) for rank in range(3)]
    seen = [rows_with(rank, found.start, found.stop, (0, len(rank))) for rank in ranks]
    assert sorted(row for rows in seen for row in rows) == found.seen.rows


def test_a_mixture_says_when_it_sees_a_sentence_of_each_corpus(planted, tmp_path):
    (tmp_path / "x.txt").write_text("".join(f"other text {number}\n" for number in range(60)))
    other = corpuskit.prepare(
        str(tmp_path / "x.txt"), encoding="bytes", lines=True, output=tmp_path / "c", progress=False
    )
    mixture = corpuskit.mix({other: 1, planted.path: 2})
    batches = mixture.batches("train", batch_size=6, block_size=40, sampler="packed", output="numpy")
    for corpus, text in ((other, "other text 33"), (planted.open(), planted.documents[4].sentence)):
        (found,) = where(corpus, text=text, batches=batches, steps=(0, 20))
        assert found.seen.rows
        assert found.seen.rows == rows_with(
            batches, found.start, found.stop, (0, 21), corpus=str(corpus.path)
        )
    (tmp_path / "y.txt").write_text("a third corpus, which is not in the mixture, of some length")
    third = corpuskit.prepare(
        str(tmp_path / "y.txt"), encoding="bytes", output=tmp_path / "d", progress=False
    )
    with pytest.raises(ConfigError, match="is none of the corpora that the batches are of"):
        where(third, text="third", batches=batches, steps=(0, 1))


def test_a_line_or_a_row_leads_to_the_tokens_that_it_became(planted):
    corpus = planted.open()
    for one in planted.documents:
        if one.name == "a.txt":
            found = where(corpus, input=f"a.txt:{one.sentence_line}").places
            assert one.sentence in corpus.decode(corpus["train"][found[-1].start : found[-1].stop])
            assert found[0].stop - found[0].start < len(one.text.encode())
        else:
            (place,) = where(corpus, input=one.place)
            text = corpus.decode(corpus[place.split].document(place.document.document))
            assert text == one.text + "<|endoftext|>"
            assert str(place.place) == one.place


def test_a_document_is_in_each_of_the_shards_that_it_goes_across(planted):
    corpus = planted.open()
    files = corpus.manifest.splits["train"].shards
    crossing = 0
    for number in range(corpus["train"].num_documents):
        (found,) = where(corpus, document=number)
        ids = []
        for file, start, stop in found.shards:
            at = next(at for at, shard in enumerate(files) if shard.file == file)
            ids += corpus["train"].shard(at)[start:stop].tolist()
        assert ids == corpus["train"].document(number).tolist()
        crossing += len(found.shards) > 1
    assert crossing


def test_only_so_many_places_are_found_and_that_there_are_more_is_said(planted):
    found = where(planted.open(), text="unique", most=3)
    assert (len(found), found.is_all) == (3, False)
    assert str(found).endswith("and more; this is where the search ended")
    assert len(where(planted.open(), text="unique", most=25)) == 25
    assert where(planted.open(), text="unique", most=25).is_all


def test_the_value_is_json_with_all_that_was_found(planted):
    one = planted.documents[6]
    batches = planted.open().batches(
        "train", batch_size=2, block_size=32, sampler="sequential", output="numpy"
    )
    (value,) = where(planted.path, text=one.sentence, batches=batches).to_json()["places"]
    assert value["place"]["text"] == one.place
    assert value["text"] == one.sentence
    assert value["before"] + value["text"] + value["after"] in one.text
    assert value["seen"]["num_rows"] == len(value["seen"]["rows"]) > 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "where takes one of document, input and text"),
        ({"document": 0, "text": "x"}, "where takes one of document, input and text"),
        ({"document": 999}, "document 999 of split 'train', which has 25"),
        ({"input": "a.txt"}, "--input a.txt: must be FILE:LINE, or FILE#ROW of a file with rows"),
        ({"input": "a.txt#1"}, "--input a.txt#1: this file is known by its lines, from 1: a.txt:LINE"),
        ({"input": "d.csv:1"}, "--input d.csv:1: this file is known by its rows, from 0: d.csv#ROW"),
        ({"input": "d.csv#99"}, "--input d.csv#99: no document of train is of this row"),
        ({"input": "b.jsonl:2"}, "--input b.jsonl:2: no document of train begins in this line"),
        ({"input": "a.txt:0"}, "--input a.txt:0: lines are counted from 1"),
        ({"text": "x", "split": "valid"}, "has no split 'valid'"),
    ],
)
def test_what_is_not_there_is_refused(planted, asked, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        where(planted.path, **asked)


def test_text_of_a_corpus_cannot_harm_a_terminal(tmp_path):
    (tmp_path / "a.txt").write_text("find \x1b[2J\u202eme\x00 here\n")
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="bytes", output=tmp_path / "c", progress=False
    )
    shown = str(where(corpus, text="find"))
    assert "\\u001b[2J\\u202eme\\u0000" in shown
    assert shown.replace("\n", "").isprintable()


def test_a_line_in_a_text_cut_by_characters_is_found_in_the_split_that_has_it(tmp_path):
    lines = [f"line {number} of it\n" for number in range(100)]
    (tmp_path / "a.txt").write_text("".join(lines))
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"),
        encoding="gpt2",
        split="characters:0.5",
        output=tmp_path / "c",
        progress=False,
    )
    for number in (1, 30, 60, 100):
        (found,) = where(corpus, input=f"a.txt:{number}")
        assert found.split == ("train" if number < 50 else "valid")
        assert lines[number - 1] in corpus.decode(corpus[found.split][found.start : found.stop])
        assert str(found.place) in (f"a.txt:{number}", f"a.txt:{number - 1}")


@pytest.mark.usefixtures("cache_dir", "no_waiting")
def test_a_corpus_in_a_store_is_searched_through_the_cache(bucket, planted):
    corpuskit.prepare(
        str(planted.inputs),
        encoding="bytes",
        separator="====\n",
        shard_bytes=500,
        output=f"{bucket}/c",
        progress=False,
    )
    one = planted.documents[1]
    (found,) = where(f"{bucket}/c", text=one.sentence)
    assert found.place.why == "a.txt: not known where it is; say in which folder with --inputs"
    (found,) = where(f"{bucket}/c", text=one.sentence, inputs=planted.inputs)
    assert str(found.place) == f"a.txt:{one.sentence_line}"
