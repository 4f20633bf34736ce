from __future__ import annotations

import pytest

import corpuskit
from corpuskit.corpus import open_corpus
from corpuskit.errors import CorpuskitError
from corpuskit.inspect.round_trip import round_trip


@pytest.mark.parametrize("encoding", ["bytes", "gpt2", "chars"])
@pytest.mark.parametrize("options", [{"lines": True, "split": "valid=0.2"}, {}])
def test_what_was_prepared_is_given_again(tmp_path, prose, encoding, options):
    path = corpuskit.prepare(str(prose), encoding=encoding, output=tmp_path / "out", **options).path
    corpus = open_corpus(path)
    found = round_trip(corpus, corpus.splits, documents=50)
    assert found.num_documents == min(50, sum(split.num_documents for split in corpus.values()))
    assert found.changed == ()
    assert round_trip(corpus, corpus.splits, documents=50) == found


def test_ids_that_are_no_text_are_not_given_again(tmp_path, written):
    documents = [(0, [65, 256]), (0, [0xC3, 256]), (0, []), (0, [256])]
    corpus = open_corpus(written(tmp_path / "corpus", {"train": documents}).path)
    found = round_trip(corpus, ["train"], documents=9)
    assert (found.num_documents, [piece.document for piece in found.changed]) == (4, [1])


def test_an_unknown_tokenizer_is_an_error(tmp_path, written):
    corpus = open_corpus(
        written(tmp_path / "corpus", {"train": [(0, [65])]}).path, encoding="nothing-has-this"
    )
    with pytest.raises(CorpuskitError):
        round_trip(corpus, ["train"], documents=9)


def test_conversations_are_encoded_to_their_ids_again(conversations):
    corpus = corpuskit.open(conversations)
    assert round_trip(corpus, ["train"], documents=9).num_documents == 3
    assert round_trip(corpus, ["train"], documents=9).changed == ()
