from __future__ import annotations

import numpy as np
import pytest

import corpuskit
from corpuskit.batches.segments import IGNORED
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.tracing import trace_samples


def traced(corpus, batches, step, losses=None):
    samples = range(step * batches.batch_size, (step + 1) * batches.batch_size)
    return trace_samples(batches.order, samples, {"": InputLines(corpus)}, step=step, losses=losses)


def check_row(row, planted, corpus):
    """Each whole sentence in a row is in the document, and in a text on the line, where it was written."""
    found = 0
    for one in row.pieces:
        for document in planted.documents:
            if document.sentence not in one.text:
                continue
            found += 1
            assert one.piece.input == document.name
            if document.name != "a.txt":
                assert str(one.place) == document.place
            else:
                before = one.text[: one.text.index(document.sentence)].count("\n")
                assert one.place.line + before == document.sentence_line
        ids = corpus[one.piece.split][one.piece.start : one.piece.stop]
        assert one.text == corpus.decode(ids)
    return found


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "packed"])
@pytest.mark.parametrize("documents", [False, "mask"])
def test_each_planted_sentence_is_traced_to_its_line(planted, sampler, documents):
    corpus = planted.open()
    batches = corpus.batches(
        "train", batch_size=6, block_size=90, sampler=sampler, output="numpy", documents=documents
    )
    found = 0
    for step in range(6):
        trace = traced(corpus, batches, step)
        assert [row.sample for row in trace.rows] == [*range(6 * step, 6 * step + 6)]
        for row, x in zip(trace.rows, batches[step][0], strict=True):
            text = "".join(one.text for one in row.pieces)
            assert corpus.decode(x).startswith(text.rstrip("\ufffd")) or "\ufffd" in text
            found += check_row(row, planted, corpus)
    assert found > 6


def test_a_mixtures_rows_are_traced_in_each_corpus(planted, tmp_path):
    (tmp_path / "x.txt").write_text("".join(f"other text {number}\n" for number in range(60)))
    other = corpuskit.prepare(
        str(tmp_path / "x.txt"), encoding="bytes", lines=True, output=tmp_path / "c", progress=False
    )
    mixture = corpuskit.mix({other: 1, planted.path: 1})
    batches = mixture.batches("train", batch_size=6, block_size=40, sampler="shuffled", output="numpy")
    lines = {name: InputLines(corpus) for name, corpus in mixture.corpora.items()}
    assert [*mixture.corpora] == [str(other.path), str(planted.path)]
    trace = trace_samples(batches.order, range(12), lines, step=None)
    names = {one.piece.corpus for row in trace.rows for one in row.pieces}
    assert names == {*mixture.corpora}
    for row in trace.rows:
        for one in row.pieces:
            if one.piece.corpus == str(other.path):
                assert str(one.place) == f"x.txt:{one.piece.document + 1}"


@pytest.mark.parametrize("sampler", ["shuffled", "packed"])
@pytest.mark.parametrize("documents", [False, "mask"])
def test_losses_are_those_of_the_targets_and_sort_rows(planted, sampler, documents):
    corpus = planted.open()
    batches = corpus.batches(
        "train", batch_size=6, block_size=40, sampler=sampler, seed=2, output="numpy", documents=documents
    )
    y = batches[3][1]
    losses = np.random.default_rng(0).random(y.shape).astype(np.float32)
    trace = traced(corpus, batches, 3, losses)
    assert trace.of_targets
    means = [row.mean_loss for row in trace.rows]
    assert means == sorted(means, reverse=True)
    limits = np.quantile(losses[y != IGNORED], [0.8, 0.95, 0.99])
    for row in trace.rows:
        of_row, wanted = losses[row.row], y[row.row]
        assert row.mean_loss == pytest.approx(of_row[wanted != IGNORED].mean())
        at = 0
        for one in row.pieces:
            here = slice(at, at + len(one.piece))
            ids = corpus["train"][one.piece.start : one.piece.stop]
            counted = wanted[here] != IGNORED
            assert wanted[here][counted].tolist() == ids[counted].tolist()
            assert one.num_losses == counted.sum()
            assert one.sum_losses == pytest.approx(of_row[here][counted].sum())
            assert one.text == corpus.decode(ids)
            expected = np.where(counted, (of_row[here][:, None] > limits).sum(1), 0)
            assert max(one.levels) == expected.max()
            if corpus.decode(ids).isascii() and 256 not in ids:
                painted = [level for text, level in zip(one.texts, one.levels, strict=True) for _ in text]
                assert painted == expected.tolist()
            at += len(one.piece)


def test_the_worst_document_is_the_one_that_raised_the_loss(planted):
    corpus = planted.open()
    batches = corpus.batches("train", batch_size=4, block_size=60, sampler="sequential", output="numpy")
    losses = np.ones((4, 60), np.float32)
    plain = trace_samples(batches.order, range(4), {"": InputLines(corpus)}, losses=losses)
    guilty = plain.rows[2].pieces[-1].piece
    for row in plain.rows:
        at = 0
        for one in row.pieces:
            if one.piece.document == guilty.document:
                losses[row.row, at : at + len(one.piece)] = 5
            at += len(one.piece)
    losses[0, 0] = 9  # one token alone is not the spike
    worst = trace_samples(batches.order, range(4), {"": InputLines(corpus)}, losses=losses).worst
    assert worst.document.piece.document == guilty.document
    assert worst.mean_loss == pytest.approx(5)
    assert worst.batch_loss == pytest.approx(losses.mean())
    assert 2 in worst.rows


def test_no_character_is_cut_where_the_level_changes(tmp_path):
    (tmp_path / "a.txt").write_text("🙂🙂単語🙂 " * 30)
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="gpt2", output=tmp_path / "c", progress=False
    )
    batches = corpus.batches("train", batch_size=2, block_size=48, sampler="sequential", output="numpy")
    losses = np.random.default_rng(1).random((2, 48)).astype(np.float32)
    trace = trace_samples(batches.order, range(2), {"": InputLines(corpus)}, losses=losses)
    for row in trace.rows:
        for one in row.pieces:
            assert "\ufffd" not in "".join(one.texts[1:-1])
            assert one.text == corpus.decode(corpus["train"][one.piece.start : one.piece.stop])


def test_a_trace_is_json(planted):
    corpus = planted.open()
    batches = corpus.batches("train", batch_size=2, block_size=40, sampler="packed", output="numpy")
    value = traced(corpus, batches, 1, np.ones((2, 40), np.float32)).to_json()
    assert value["step"] == 1
    assert value["of"] == "y"
    assert {"corpus", "document", "place", "rows", "mean_loss", "num_losses", "batch_loss"} == {
        *value["worst"]
    }
    assert {"row", "sample", "mean_loss", "documents"} == {*value["rows"][0]}


def test_tokens_that_no_document_ends_are_a_piece_without_an_input(written, tmp_path):
    path = written(tmp_path / "c", {"train": [(0, [65, 66, 256]), (1, [67, 256])]}, tail=[68, 69]).path
    pieces = corpuskit.open(path)["train"].pieces(1, 7)
    assert [(p.start, p.stop, p.document, p.input) for p in pieces] == [
        (1, 3, 0, "input-0.txt"),
        (3, 5, 1, "input-1.txt"),
        (5, 7, 2, ""),
    ]
