"""The tokens of a split as one stream, and where its documents are."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError

DOCUMENTS = [b"one\n", b"two two\n", "drei dré\n".encode(), b"four\n" * 9]
STREAM = [token for document in DOCUMENTS for token in [*document, 256]]


def test_stream_does_not_know_about_shards(corpus_path):
    split = corpuskit.open(corpus_path)["train"]
    assert len(split.shard_starts) > 2
    assert split[:].tolist() == STREAM
    assert split.dtype == np.dtype("<u2")
    for start in range(0, len(STREAM), 7):
        for stop in range(start, len(STREAM) + 1, 5):
            assert split[start:stop].tolist() == STREAM[start:stop]
    assert split[-3:].tolist() == STREAM[-3:]
    assert split[5:2].tolist() == []
    assert (split[0], split[-1]) == (STREAM[0], STREAM[-1])


def test_positions_outside_the_stream_are_index_errors(corpus_path):
    split = corpuskit.open(corpus_path)["train"]
    with pytest.raises(IndexError, match=f"token {len(STREAM)} of split 'train', which has {len(STREAM)}"):
        split[len(STREAM)]
    with pytest.raises(IndexError, match="without a step"):
        split[::2]


def test_documents_are_found_by_number_with_their_places(corpus_path):
    split = corpuskit.open(corpus_path)["train"]
    assert split.num_documents == len(DOCUMENTS)
    ends = np.cumsum([len(document) + 1 for document in DOCUMENTS])
    assert split.document_ends().tolist() == ends.tolist()
    for number, document in enumerate(DOCUMENTS):
        assert bytes(split.document(number)[:-1].astype(np.uint8)) == document
    starts = np.cumsum([0, *(len(document) + 1 for document in DOCUMENTS[:-1])])
    assert split.document_places().tolist() == [[0, start] for start in starts]
    with pytest.raises(IndexError, match="document 4 of split 'train', which has 4"):
        split.document(4)


@pytest.mark.parametrize("column", [0, 1])
def test_an_index_that_says_what_cannot_be_is_damage(corpus_path, column):
    file = corpus_path / "train-00000.idx"
    rows = np.fromfile(file, "<u8").reshape(-1, 3)
    rows[0, column] = 2**62
    rows.tofile(file)
    split = corpuskit.open(corpus_path)["train"]
    with pytest.raises(CorpusFormatError, match="the index of split 'train' is damaged at document 0"):
        split.document_piece(0)
    with pytest.raises(CorpusFormatError, match="'corpuskit verify' finds the file"):
        split.pieces(0, len(split))


def test_a_range_is_made_of_the_documents_that_are_in_it(tmp_path):
    draws = np.random.default_rng(3)
    texts = ["x" * size for size in draws.integers(1, 9, 60).tolist()]
    (tmp_path / "text.jsonl").write_text("".join(f'{{"text": "{text}"}}\n' for text in texts))
    corpus = corpuskit.prepare(
        str(tmp_path / "text.jsonl"),
        encoding="bytes",
        output=tmp_path / "corpus",
        split="none",
        eot=False,
        shard_bytes=60,
    )
    split = corpus["train"]
    assert len(split.shard_starts) > 4
    owners = [number for number, text in enumerate(texts) for _ in text]
    for start, stop in draws.integers(0, len(owners) + 1, (200, 2)).tolist():
        expected = [(number, len([*group])) for number, group in itertools.groupby(owners[start:stop])]
        found = split.pieces(start, stop)
        assert [(piece.document, len(piece)) for piece in found] == expected
        assert sum(map(len, found)) == max(0, stop - start)


def test_values_of_a_kept_field_are_labels_whatever_the_shards(tmp_path):
    langs = ["de", None, "en", "de", "fr"] * 30
    lines = [json.dumps({"text": f"text {number}", "lang": lang}) for number, lang in enumerate(langs)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    options = {"encoding": "bytes", "keep": "lang", "split": "none", "shard_bytes": 200}
    corpus = corpuskit.prepare(tmp_path / "a.jsonl", output=tmp_path / "made", **options)
    split = corpus["train"]
    assert len(split.shard_starts) > 3
    names, codes = split.document_labels("lang")
    assert names == ("de", "en", "fr")
    assert [None if code < 0 else names[code] for code in codes] == langs
    assert split.document_labels("lang")[1] is codes

    owners = np.repeat(np.arange(len(langs)), np.diff(split.document_ends(), prepend=0))
    options = {"sampler": "sequential", "batch_size": 4, "block_size": 16, "output": "numpy"}
    batches = pickle.loads(pickle.dumps(corpus.batches("train", labels="lang", **options)))
    *_, labels = batches[3]
    targets = range(12 * 16 + 1, 16 * 16 + 1)
    assert [labels.names[number] for number in labels.ids.ravel()] == [langs[owners[at]] for at in targets]
    with pytest.raises(ConfigError, match="have no such field; did you mean 'lang'"):
        corpus.batches("train", labels="Lang2")
