from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.corpus import scan
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.inspect.grep import find_documents
from corpuskit.inspect.text_search import find_text

#: Few words, so that phrases are found often, and characters that tokenizers cut in half.
WORDS = [
    "the",
    " The",
    "aa",
    "aaa",
    " ",
    "\n",
    "é",
    "🙂🙂",
    "don't",
    "x",
    "<|endoftext|>",
    "単語",
    "\r\n",
    "0123",
]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map("".join)


def brute(corpus, name: str, phrase: str) -> list[tuple[int, int]]:
    """Where a phrase is, by decoding each token of each document."""
    split, eot_id, found = corpus[name], corpus.tokenizer.eot_id, set()
    for number in range(split.num_documents):
        start = split.document_piece(number).start
        ids = [one for one in split.document(number).tolist() if one != eot_id]
        pieces = [corpus.tokenizer.decode_bytes([one]) for one in ids]
        owners = [start + at for at, piece in enumerate(pieces) for _ in piece]
        text, wanted = b"".join(pieces), phrase.encode()
        at = text.find(wanted)
        while at >= 0:
            found.add((owners[at], owners[at + len(wanted) - 1] + 1))
            at = text.find(wanted, at + 1)
    return sorted(found)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 16 bytes, so that phrases go across them."""
    monkeypatch.setattr(scan, "_CHUNK_BYTES", 16)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("encoding", ["gpt2", "bytes", "chars", "o200k_base"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), documents=st.lists(TEXTS, min_size=1, max_size=8))
def test_a_phrase_is_found_wherever_the_decoded_text_has_it(tmp_path_factory, encoding, data, documents):
    folder = tmp_path_factory.mktemp("searched")
    (folder / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in documents))
    corpus = corpuskit.prepare(
        str(folder / "a.jsonl"),
        encoding=encoding,
        output=folder / "c",
        shard_bytes=44,
        split="none",
        workers=1,
        progress=False,
    )
    text = data.draw(st.sampled_from(documents))
    begin = data.draw(st.integers(0, len(text) - 1))
    inside = text[begin : begin + data.draw(st.integers(1, 20))]
    for phrase in (inside, data.draw(TEXTS)):
        found = [(one.start, one.stop) for one in find_text(corpus, "train", phrase)]
        assert found == brute(corpus, "train", phrase)
    assert [*find_text(corpus, "train", inside)]


@pytest.fixture
def lines(tmp_path):
    """Prepares a document a line."""

    def lines(*texts, encoding="bytes", **options):
        (tmp_path / "a.txt").write_text("".join(f"{text}\n" for text in texts))
        return corpuskit.prepare(
            str(tmp_path / "a.txt"),
            encoding=encoding,
            lines=True,
            output=tmp_path / "c",
            progress=False,
            **options,
        )

    return lines


@pytest.mark.parametrize("eot", [True, False])
def test_a_phrase_does_not_go_across_the_end_of_a_document(lines, eot):
    corpus = lines("one", "two", "onetwo", eot=eot)
    assert len([*find_text(corpus, "train", "one")]) == 2
    assert [*find_text(corpus, "train", "twoone")] == []
    assert len([*find_text(corpus, "train", "onetwo")]) == 1


def test_the_end_of_text_is_no_text_of_its_name(lines):
    corpus = lines("one", "a <|endoftext|> b")
    (found,) = find_text(corpus, "train", "<|endoftext|>")
    assert corpus["train"].pieces(found.start, found.stop)[0].document == 1


@pytest.mark.usefixtures("small_chunks")
def test_a_phrase_longer_than_chunks_and_shards_is_found(lines):
    text = "".join(f"word {number} " for number in range(60))
    corpus = lines("x" * 100, text, "y" * 50, shard_bytes=64)
    assert corpus.manifest.splits["train"].shards[10:]
    (found,) = find_text(corpus, "train", text)
    assert (found.start, found.stop) == (101, 101 + len(text))


class NotBytes:
    """A tokenizer that says of no id what it stands for; its first space is its own, as SentencePiece's."""

    def __init__(self, inner):
        self._inner = inner
        self.eot_id = inner.eot_id

    def token_bytes(self):
        return None

    def decode_bytes(self, ids):
        return self._inner.decode_bytes(ids).removeprefix(b"\xe2\x96\x81")


def test_where_ids_have_no_text_of_their_own_documents_are_decoded(lines):
    corpus = lines("one aaaa", "▁two aa", encoding="gpt2")
    expected = brute(corpus, "train", "aa")
    assert len(expected) > 2
    corpus.__dict__["tokenizer"] = NotBytes(corpus.tokenizer)
    assert [(one.start, one.stop) for one in find_text(corpus, "train", "aa")] == expected
    assert [*find_text(corpus, "train", "▁two")] == []
    assert len([*find_text(corpus, "train", "two")]) == 1


def test_a_damaged_shard_is_an_error_that_names_it(lines):
    corpus = lines("some text")
    path = corpus.path / "train-00000.bin"
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(CorpusFormatError, match=r"train-00000.bin: sha256 .*; make the corpus again"):
        list(find_text(corpuskit.open(corpus.path), "train", "text"))


@pytest.mark.parametrize("text", ["", "x" * 10_001])
def test_texts_that_cannot_be_searched_for_are_refused(lines, text):
    with pytest.raises(ConfigError, match=r"a text to search for has 1 to 10,000 bytes, found "):
        find_text(lines("a"), "train", text)


def test_progress_says_how_much_was_read(lines):
    seen = []
    corpus = lines("one", "two")
    list(find_text(corpus, "train", "o", on_progress=seen.append))
    assert (seen[-1].stage, seen[-1].done_bytes, seen[-1].total_bytes) == ("search", 16, 16)


def test_ids_beyond_the_vocabulary_do_not_harm(lines, monkeypatch):
    corpus = lines("one", "two")
    split = corpus["train"]
    ids = split[:].copy()
    ids[1] = 60_000
    monkeypatch.setattr(type(split), "shard", lambda self, number: ids)
    monkeypatch.setattr(scan, "refuser", lambda split: lambda mismatch: None)
    assert len([*find_text(corpus, "train", "two")]) == 1


@pytest.mark.parametrize("command", ["where", "grep"])
def test_an_index_with_other_bytes_is_refused_by_a_search(tmp_path, command):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    path = corpuskit.prepare(
        tmp_path / "a.txt", lines=True, encoding="bytes", split="none", output=tmp_path / "c", progress=False
    ).path
    index = path / "train-00000.idx"
    data = bytearray(index.read_bytes())
    data[16] ^= 1
    index.write_bytes(data)
    corpus = corpuskit.open(path)
    records = corpus.manifest.splits["train"].shards
    search = {
        "where": find_text(corpus, "train", "two"),
        "grep": find_documents(corpus["train"], records, re.compile("two")),
    }[command]
    with pytest.raises(CorpusFormatError, match=r"train-00000.idx: sha256 .* make the corpus again"):
        list(search)
