"""The end-of-text id in front of each document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.formats.end_of_text import check_end_of_text, tokens_end_of_text_first
from corpuskit.formats.export import Export
from corpuskit.formats.llmc import LlmC
from corpuskit.formats.options import ExportOptions


def test_an_end_of_text_id_that_is_not_there_cannot_be_moved(make_corpus, tmp_path, monkeypatch):
    corpus, options = make_corpus(eot=False), ExportOptions(end_of_text_first=True)
    with pytest.raises(ConfigError, match=r"have no end-of-text id; prepare the corpus with --eot$"):
        LlmC().write(corpus, tmp_path / "out", options=options)
    corpus.manifest.options["eot"] = True
    message = (
        r"the document of split 'train' that ends at token 4 does not end with the end-of-text id; leave"
    )
    with pytest.raises(ConfigError, match=message):
        LlmC().write(corpus, tmp_path / "out", options=options)
    assert not (tmp_path / "out").exists()


def test_documents_that_begin_with_it_stay_as_they_are(tmp_path):
    (tmp_path / "text.txt").write_text("one|two")
    corpus = corpuskit.prepare(
        str(tmp_path / "text.txt"),
        encoding="bytes",
        output=tmp_path / "corpus",
        separator="|",
        eot=False,
        bos="<|endoftext|>",
    )
    check_end_of_text(corpus)
    made = Export(corpus, tmp_path, ["train"])
    found = np.concatenate([*tokens_end_of_text_first(made, "train")]).tolist()
    assert found == corpus["train"][:].tolist() == [256, *b"one", 256, *b"two"]


class Pieces:
    """An export's ids and documents' ends in pieces of any size."""

    def __init__(self, corpus, documents, sizes, ends_at_once):
        self.corpus, self._sizes, self._ends_at_once = corpus, sizes, ends_at_once
        self._ids = np.concatenate([np.array(document, np.uint16) for document in documents])
        self._ends = np.cumsum([len(document) for document in documents])

    def tokens(self, split):
        start = 0
        while start < len(self._ids):
            for size in self._sizes:
                if len(piece := self._ids[start : start + size]):
                    yield piece
                start += size

    def document_ends(self, split):
        for start in range(0, len(self._ends), self._ends_at_once):
            yield self._ends[start : start + self._ends_at_once]


@pytest.fixture
def corpus(make_corpus):
    return make_corpus()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.integers(0, 255), max_size=5), min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    ends_at_once=st.integers(1, 5),
    wrong=st.none() | st.integers(0, 11),
)
def test_each_document_is_rotated_wherever_pieces_end(corpus, texts, sizes, ends_at_once, wrong):
    documents = [[*text, 256] for text in texts]
    if wrong is not None and wrong < len(documents):
        documents[wrong][-1] = 7
    made = Pieces(_Like(corpus, sum(map(len, documents))), documents, sizes, ends_at_once)
    if wrong is not None and wrong < len(documents):
        place = sum(map(len, documents[: wrong + 1]))
        with pytest.raises(ConfigError, match=rf"ends at token {place} does not end with the end-of-text id"):
            [*tokens_end_of_text_first(made, "train")]
        return
    found = np.concatenate([*tokens_end_of_text_first(made, "train")]).tolist()
    assert found == [token for document in documents for token in (256, *document[:-1])]


class _Like:
    """A corpus with a split of another length."""

    def __init__(self, corpus, length):
        self.path, self.manifest = corpus.path, corpus.manifest
        self._split = np.empty(length, np.uint16)

    def __getitem__(self, name):
        return self._split
