"""Sampled documents, under several encodings."""

from __future__ import annotations

import corpuskit
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report.documents import documents_html
from corpuskit.tokenizers.opening import open_tokenizer


def shown(parsed, corpus, count, *, seed=0, others=(), split="train"):
    text = documents_html(
        corpus[split],
        count,
        seed=seed,
        tokenizer=corpus.tokenizer,
        eot_id=corpus.manifest.tokenizer.eot_id,
        others={name: open_tokenizer(name) for name in others},
        lines=InputLines(corpus),
    )
    return [*parsed(text).all("article")]


def ids(element):
    return [int(one.attributes["title"]) for one in element.all("i")]


def test_documents_are_shown_whole_and_under_each_encoding(parsed, plain):
    articles = shown(parsed, plain, 5, others=["o200k_base", "bytes"])
    assert len(articles) == 5
    train = plain["train"]
    documents = {tuple(train.document(number).tolist()): number for number in range(train.num_documents)}
    for article in articles:
        own, other, single = (ids(box) for box in article.all("div", kind="tokens"))
        number = documents[tuple(own)]
        text = plain.decode(own[:-1])
        assert f"Document {number}, " in article.text
        assert train.document_piece(number).input in article.text
        assert other == open_tokenizer("o200k_base").encode(text).tolist()
        assert bytes(single).decode() == text
        assert f"{len(own):,} tokens" in article.text


def test_the_seed_decides_which(parsed, plain):
    def titles(seed):
        return [article.text for article in shown(parsed, plain, 6, seed=seed)]

    assert titles(1) == titles(1) != titles(2)


def test_there_are_no_more_than_there_are(parsed, hostile):
    assert len(shown(parsed, hostile, 10**6, split="valid")) == hostile["valid"].num_documents


def test_a_long_document_is_shown_in_part(parsed, tmp_path):
    (tmp_path / "a.txt").write_text("x y \u6f22\u5b57 " * 100_000)
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="gpt2", output=tmp_path / "out", split="none"
    )
    (article,) = shown(parsed, corpus, 1, others=["bytes"])
    own, other = (ids(box) for box in article.all("div", kind="tokens"))
    assert len(own) == 320
    assert corpus.decode(own).startswith(bytes(other).decode())
    assert "the first 320 of" in article.text


def test_hostile_documents_are_text(parsed, hostile):
    articles = shown(parsed, hostile, 200, others=["o200k_base"])
    names = {one.name for article in articles for one in article.all()}
    assert names == {"h3", "h4", "small", "div", "i"}
    assert any("<img src=x onerror='window.ran = 2'>" in article.text for article in articles)
    assert not any(
        character in article.text for article in articles for character in "\x00\x1b\x07\u202e\u2066\ufeff"
    )
