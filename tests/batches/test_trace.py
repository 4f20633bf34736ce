"""A planted sentence is found again from the batch that has it, for every sampler, ranks and mixtures."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corpuskit
from corpuskit.batches.trace import trace

SAMPLERS = ("random", "shuffled", "sequential", "packed", "aligned")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two folders of several files; each document has a sentence that no other has."""
    folder = tmp_path_factory.mktemp("traced")
    for corpus, count in (("first", 40), ("second", 25)):
        (folder / corpus).mkdir()
        for file in range(3):
            lines = [json.dumps({"text": f"{corpus} {file} {line}. " * 3}) for line in range(count)]
            (folder / corpus / f"{file}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def corpora(folder):
    return [
        corpuskit.prepare(
            folder / name, encoding="bytes", output=folder / f"{name}-ids", shard_bytes=2**12, progress=False
        )
        for name in ("first", "second")
    ]


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    """Short conversations, some of which have no answer."""
    folder = tmp_path_factory.mktemp("chats")
    records = [[("user", f"q{n}"), ("assistant", "a" * n)][: 1 + (n % 4 > 0)] for n in range(40)]
    lines = [json.dumps({"messages": [{"role": r, "content": c} for r, c in one]}) for one in records]
    (folder / "a.jsonl").write_text("\n".join(lines))
    return corpuskit.prepare(
        folder / "a.jsonl",
        format="chat",
        encoding="bytes",
        add_tokens=True,
        split="none",
        shard_bytes=600,
        output=folder / "c",
        progress=False,
    )


def check_row(row, corpora) -> None:
    """Each of a row's pieces is the text of the line that it names."""
    at = 0
    for piece in row.pieces:
        corpus = next(one for one in corpora if piece.corpus in ("", str(one.path)))
        source = corpus.path.with_name(corpus.path.name.removesuffix("-ids"))
        line = (source / piece.input).read_bytes()[piece.input_start :].split(b"\n", 1)[0]
        ids = [*json.loads(line)["text"].encode(), 256]
        within = piece.start - piece.document_start
        assert row.x[at : at + len(piece)].tolist() == ids[within : within + len(piece)]
        assert corpus[piece.split].document(piece.document).tolist() == ids
        at += len(piece)
    assert at == len(row.x)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_row_is_traced_to_its_lines(corpora, sampler) -> None:
    batches = corpora[0].batches(batch_size=6, block_size=100, sampler=sampler, seed=5, output="numpy")
    for step in range(4):
        trace = batches.trace(step)
        assert [row.sample for row in trace.rows] == [*range(6 * step, 6 * step + 6)]
        for row, x in zip(trace.rows, batches[step][0], strict=True):
            assert row.x.tolist() == x[: len(row.x)].tolist()
            assert row.text == corpora[0].decode(row.x)
            check_row(row, corpora)


def test_a_rank_traces_its_own_rows(corpora) -> None:
    options = {"batch_size": 6, "block_size": 50, "seed": 5, "output": "numpy"}
    whole = corpora[0].batches(**options).trace(3).to_json()["rows"]
    ranks = [corpora[0].batches(rank=rank, world_size=3, **options).trace(3) for rank in range(3)]
    assert [row for trace in ranks for row in trace.to_json()["rows"]] == whole


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_of_a_mixture_are_traced_into_their_corpora(corpora, sampler) -> None:
    mixture = corpuskit.mix({corpora[0]: 0.5, corpora[1]: 0.5})
    batches = mixture.batches(batch_size=8, block_size=60, sampler=sampler, seed=3, output="numpy")
    rows = [row for step in range(3) for row in batches.trace(step).rows]
    for row in rows:
        check_row(row, corpora)
    assert {piece.corpus for row in rows for piece in row.pieces} == {str(one.path) for one in corpora}


def test_a_trace_is_json(corpora) -> None:
    trace = corpora[0].batches(batch_size=2, block_size=10, output="numpy").trace(np.int64(1))
    value = json.loads(json.dumps(trace.to_json()))
    assert value["step"] == 1
    assert [row["row"] for row in value["rows"]] == [0, 1]


def test_masked_targets_are_marked(corpora) -> None:
    options = {"batch_size": 2, "block_size": 300, "seed": 1, "output": "numpy"}
    batches = corpora[0].batches(documents="mask", **options)
    for row, y in zip(batches.trace(0).rows, batches[0][1], strict=True):
        assert row.y.tolist() == y.tolist()
        assert (row.y == -100).sum() == sum(piece.stop == piece.document_stop for piece in row.pieces)


def test_a_step_that_cannot_be_is_refused(corpora) -> None:
    batches = corpora[0].batches(batch_size=2, block_size=10, output="numpy")
    with pytest.raises(IndexError, match="steps count from 0"):
        batches.trace(-1)
    with pytest.raises(TypeError, match="a step is an integer, not str"):
        batches.trace("1")


def test_a_stream_without_inputs_is_traced_to_its_documents(make_split) -> None:
    split = make_split(100, document_ends=[30, 30, 70, 100])
    assert [(p.start, p.stop, p.document) for p in split.pieces(20, 80)] == [
        (20, 30, 0),
        (30, 70, 2),
        (70, 80, 3),
    ]
    assert split.pieces(5, 5) == []
    assert split.decode([3, 4]) == "<3><4>"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("targets", [False, True])
def test_a_trace_says_what_is_learned(corpora, chats, sampler, targets) -> None:
    batches = chats.batches(batch_size=4, block_size=20, sampler=sampler, output="numpy")
    loss = chats["train"].stream("loss")
    for row in trace(batches.order, range(4), targets=targets).rows:
        expected = np.concatenate([loss[piece.start : piece.stop] for piece in row.pieces]) != 0
        assert row.learned is not None
        assert row.learned.tolist() == expected.tolist()
        for piece in row.to_json()["pieces"]:
            places = [n for first, last in piece["learned"] for n in range(first, last)]
            assert places == [n for n in range(piece["start"], piece["stop"]) if loss[n]]
        if targets:
            assert not (row.y[~row.learned] != -100).any()
    assert corpora[0].batches(batch_size=1, block_size=9).trace(0).rows[0].learned is None


@pytest.mark.parametrize("sampler", ["packed", "aligned"])
@pytest.mark.parametrize("targets", [False, True])
def test_a_trace_says_which_ids_are_in_front_of_documents(corpora, sampler, targets) -> None:
    options = {"batch_size": 6, "block_size": 60, "sampler": sampler, "sampler_options": {"bos": 7}}
    batches = corpora[0].batches(output="numpy", **options)
    for step in range(4):
        for row in trace(batches.order, range(6 * step, 6 * step + 6), targets=targets).rows:
            fronts = [piece.front for piece in row.pieces]
            begins = [piece.start == piece.document_start for piece in row.pieces]
            if not targets:
                assert row.ids.tolist() == row.x.tolist()
                assert fronts == [7 if begin else None for begin in begins]
            elif sampler == "aligned":
                assert row.ids.tolist() == row.y.tolist()
                assert fronts == [None, *([7] * (len(fronts) - 1))]
            else:
                assert row.ids.tolist() == row.y.tolist()
                assert not any(fronts)
            at = 0
            for piece in row.pieces:
                ids = row.ids[at : at + len(piece)][piece.front is not None :]
                assert ids.tolist() == corpora[0]["train"][piece.start : piece.stop].tolist()
                at += len(piece)
            assert at == len(row.ids)
            assert [piece.get("front") for piece in row.to_json()["pieces"]] == fronts


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_documents_that_are_filled_in_are_shown_as_the_row_has_them(corpora, sampler):
    fim = {"rate": 1, "prefix": 1, "suffix": 2, "middle": 3}
    batches = corpora[0].batches(
        "train",
        batch_size=4,
        block_size=64,
        sampler=sampler,
        fim=fim,
        num_targets=2,
        output="numpy",
    )
    x, y = batches[2]
    for number, row in enumerate(batches.trace(2).rows):
        np.testing.assert_array_equal(row.ids, x[number, : len(row.ids)])
        np.testing.assert_array_equal(row.y, y[number, 0, : len(row.ids)])
        assert all(f"<fim_{name}>" in row.text for name in ("prefix", "suffix", "middle"))
        assert sum(map(len, row.pieces)) == len(row.ids)
    for number, row in enumerate(trace(batches.order, range(8, 12), targets=True).rows):
        is_asked = row.y != -100
        np.testing.assert_array_equal(row.ids[is_asked], row.y[is_asked])
        np.testing.assert_array_equal(row.y, y[number, 0, row.places])


def test_tokens_of_fim_that_are_no_control_tokens_are_shown_by_their_names(corpora):
    fim = {"rate": 1, "prefix": 300, "suffix": 301, "middle": 1}
    options = {"batch_size": 4, "block_size": 64, "sampler": "packed", "output": "numpy"}
    batches = corpora[0].batches("train", fim=fim, **options)
    text = "".join(row.text for row in batches.trace(2).rows)
    names = {"<fim_prefix>": 300, "<fim_suffix>": 301, "<fim_middle>": 1}
    found = np.concatenate([row.ids for row in batches.trace(2).rows])
    for name, number in names.items():
        assert text.count(name) == (found == number).sum() > 0
