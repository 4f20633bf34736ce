from __future__ import annotations

import json
import os
import pickle
import shutil

import numpy as np
import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.corpus import manifest as manifest_format
from corpuskit.errors import ConfigError, CorpusFormatError, TokenizerError

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


@pytest.mark.fault("R8")
def test_shards_are_read_only(corpus_path):
    shard = corpuskit.open(corpus_path)["train"].shard(0)
    with pytest.raises(ValueError, match="read-only"):
        shard[0] = 1


def test_decode_gives_the_text_back(corpus_path):
    corpus = corpuskit.open(corpus_path)
    assert corpus.decode(corpus["train"][:4]) == "one\n"


def test_unknown_split_names_those_there_are(corpus_path):
    with pytest.raises(ConfigError, match="has no split 'valid'; it has train"):
        corpuskit.open(corpus_path)["valid"]


@pytest.mark.fault("M7")
def test_splits_pickle_as_their_path_and_refuse_another_corpus(corpus_path, tmp_path):
    split = corpuskit.open(corpus_path)["train"]
    data = pickle.dumps(split)
    assert len(data) < 1000
    assert pickle.loads(data)[:].tolist() == STREAM
    (tmp_path / "other.txt").write_bytes(b"another text")
    corpuskit.prepare(
        str(tmp_path / "other.txt"), encoding="bytes", output=corpus_path, split="none", overwrite=True
    )
    with pytest.raises(CorpusFormatError, match="was replaced by another one"):
        pickle.loads(data)
    assert split[:].tolist() == STREAM  # the one that was open goes on


def test_folder_that_is_no_corpus_says_how_to_make_one(tmp_path):
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(tmp_path)
    with pytest.raises(CorpusFormatError, match="not a corpus: No such file or directory"):
        corpuskit.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("", "'corpuskit list corpora {0}' shows those below it"),
        ("b", "it is being prepared; 'corpuskit info {0}' says how far it is"),
        ("a/manifest.json", "the corpus is its folder, {1}"),
        ("c", "'corpuskit prepare' makes one"),
    ],
)
def test_what_is_no_corpus_says_where_one_is(corpus_path, tmp_path, path, remedy):
    below = tmp_path / "below"
    shutil.copytree(corpus_path, below / "a")
    (below / ".b.preparing").mkdir()
    with pytest.raises(CorpusFormatError) as caught:
        corpuskit.open(below / path)
    assert str(caught.value).endswith(f"; {remedy.format(below / path, (below / path).parent)}")


@pytest.mark.parametrize("path", [3, None, b"data", ["data"]])
def test_a_corpus_is_opened_by_a_path_or_a_url(path):
    with pytest.raises(ConfigError, match="must be a path, or a URL as text"):
        corpuskit.open(path)


@pytest.mark.parametrize("text", [None, b"abc", ["a", "b"], 3])
def test_what_is_encoded_is_one_text(corpus_path, text):
    with pytest.raises(TokenizerError, match="encode takes one text, a str, and found"):
        corpuskit.open(corpus_path).encode(text)


@pytest.mark.parametrize("name", ["train-00000.bin", "train-00000.idx"])
@pytest.mark.fault("D11", "M8")
def test_file_of_the_wrong_size_is_found_when_the_corpus_is_opened(corpus_path, name):
    size = (corpus_path / name).stat().st_size
    os.truncate(corpus_path / name, size - 2)
    with pytest.raises(
        CorpusFormatError, match=f"{name}: {size - 2} bytes on disk, the manifest says {size}"
    ):
        corpuskit.open(corpus_path)
    (corpus_path / name).unlink()
    with pytest.raises(CorpusFormatError, match=f"{name}: cannot be opened: No such file"):
        corpuskit.open(corpus_path)


@pytest.mark.fault("M2")
def test_shard_that_is_a_link_is_refused(corpus_path, tmp_path):
    shutil.move(corpus_path / "train-00000.bin", tmp_path / "elsewhere")
    (corpus_path / "train-00000.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorpusFormatError, match="train-00000.bin: it is a link, not a file"):
        corpuskit.open(corpus_path)


def edited(corpus_path, change):
    path = corpus_path / "manifest.json"
    value = json.loads(path.read_bytes())
    change(value)
    path.write_bytes(sealed.to_bytes(value))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("format_version"), "it has no format_version"),
        (lambda m: m.update(format_version=True), "it has no format_version"),
        (lambda m: m.update(format_version=3), "format version 3 is newer than 2; upgrade corpuskit"),
        (
            lambda m: m.update(format_version=1),
            "1 is older than 2; prepare the corpus again with --overwrite",
        ),
        (lambda m: m.update(format_version=-1), "format version -1 is older than 2"),
        (lambda m: m.update(surprise=1), "surprise: Extra inputs"),
        (lambda m: m.pop("tokenizer"), "tokenizer: Field required"),
        (lambda m: m.update(dtype="<u8"), "dtype"),
        (lambda m: m["tokenizer"].update(vocab_size=70_000), "does not fit <u2"),
        (lambda m: m["splits"]["train"].update(num_tokens=1), "num_tokens, stated 1"),
        (lambda m: m["splits"]["train"]["shards"][0].update(num_tokens=True), "num_tokens"),
        (lambda m: m["splits"]["train"]["shards"][0].update(size_bytes=7), "are not 7 bytes"),
        (lambda m: m["splits"]["train"]["shards"][0].update(sha256="0" * 63), "sha256"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="../../etc/passwd"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="/etc/passwd"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="train-00000.bin\n"), "file"),
        (lambda m: m["splits"]["train"]["shards"][0].update(file="valid-00000.bin"), "wrong split"),
        (
            lambda m: m["splits"]["train"]["shards"].append(m["splits"]["train"]["shards"][0]),
            "listed twice",
        ),
        (lambda m: m["splits"].update({"../x": m["splits"].pop("train")}), "splits"),
    ],
)
@pytest.mark.fault("M1", "M3", "M4", "M6")
def test_manifest_that_cannot_be_true_is_refused(corpus_path, change, message):
    edited(corpus_path, change)
    with pytest.raises(CorpusFormatError, match=message):
        corpuskit.open(corpus_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"format_version": 1, "format_version": 1}',
        b'{"format_version": NaN}',
        b'\xef\xbb\xbf{"format_version": 1}',
        b"[" * 100_000,
    ],
)
@pytest.mark.fault("M5")
def test_bytes_that_are_no_manifest_are_one_typed_error(corpus_path, data):
    (corpus_path / "manifest.json").write_bytes(data)
    with pytest.raises(CorpusFormatError, match="manifest"):
        corpuskit.open(corpus_path)


@pytest.mark.fault("M5")
def test_manifest_of_absurd_size_is_not_read(corpus_path, monkeypatch):
    monkeypatch.setattr(manifest_format, "MAX_BYTES", 100)
    with pytest.raises(CorpusFormatError, match="larger than 100 bytes"):
        corpuskit.open(corpus_path)


def test_a_corpus_says_its_splits_and_vocabulary_and_encodes_and_decodes(tmp_path):
    import torch

    (tmp_path / "a.txt").write_text("Some words of a text. " * 20)
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", output=tmp_path / "out")
    assert corpus.splits == ("train", "valid")
    assert corpus.vocab_size == 257
    ids = corpus.encode("Some")
    assert (ids.dtype, ids.tolist()) == (corpus["train"].dtype, [*b"Some"])
    assert (corpus["train"][:4] == ids).all()
    rows = [[*b"ab"], [*b"cd"]]
    for of_one in (ids, ids.tolist(), tuple(ids.tolist()), torch.tensor(ids.astype(int))):
        assert corpus.decode(of_one) == "Some"
    for of_rows in (rows, np.array(rows), torch.tensor(rows), [np.array(row) for row in rows]):
        assert corpus.decode(of_rows) == ["ab", "cd"]
    assert corpus.decode([]) == ""
    assert corpus.decode(np.empty((0, 8), np.int64)) == []
    assert corpus.decode(np.zeros((2, 0), np.int64)) == ["", ""]
    x, _ = corpus.batches(debug=True)[0]
    assert [len(text) for text in corpus.decode(x)] == [8, 8]
