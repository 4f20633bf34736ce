from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import corpuskit
from corpuskit.formats.datatrove import Datatrove, _rounded
from corpuskit.formats.nanogpt import NanoGPT
from corpuskit.formats.options import ExportOptions
from corpuskit.testing import FormatSuite


class TestDatatrove(FormatSuite):
    @pytest.fixture
    def format(self):
        return Datatrove()

    def read(self, folder, split):
        path = folder / f"{split}.ds"
        name, tokens, _ = path.with_name(f"{split}.ds.metadata").read_text().split("\n")
        ids = np.fromfile(path, {"2": "<u2", "4": "<u4"}[name.rpartition("|")[2]])
        assert len(ids) == int(tokens)
        return ids


@pytest.fixture
def conversations(tmp_path):
    path = tmp_path / "chat.jsonl"
    rows = [
        [
            {"role": "user", "content": f"question {n} " * (n % 4 + 1)},
            {"role": "assistant", "content": f"answer {n}"},
        ]
        for n in range(40)
    ]
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    return corpuskit.prepare(
        str(path),
        format="chat",
        encoding="gpt2",
        add_tokens=True,
        shard_bytes=200,
        output=tmp_path / "corpus",
    )


def test_a_byte_for_each_token_says_what_is_learned(conversations, tmp_path):
    Datatrove().write(conversations, tmp_path / "out")
    split = conversations["train"]
    assert len(conversations.manifest.splits["train"].shards) > 3
    loss = np.fromfile(tmp_path / "out" / "train.ds.loss", np.uint8)
    assert loss.tolist() == split.stream("loss")[:].tolist()
    assert set(loss.tolist()) == {0, 1}
    ends = np.fromfile(tmp_path / "out" / "train.ds.index", "<u8")
    assert ends.tolist() == split.document_ends().tolist()


def test_a_corpus_without_the_stream_has_no_file_of_it(make_corpus, tmp_path):
    files = Datatrove().write(make_corpus(), tmp_path / "out")
    assert [path.name for path in files] == ["train.ds", "train.ds.index", "train.ds.metadata", "export.json"]


def test_a_damaged_stream_gives_no_export(conversations, tmp_path):
    path = conversations.path / "train-00000.loss.bin"
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(
        corpuskit.CorpuskitError, match=r"train-00000\.loss\.bin: sha256 .*nothing was exported"
    ):
        Datatrove().write(corpuskit.open(conversations.path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_format_without_a_place_for_the_mask_says_that_it_is_lost(conversations, tmp_path, caplog):
    NanoGPT().write(conversations, tmp_path / "out")
    assert (
        "the format nanogpt has no place for the stream 'loss', so trainers of it learn every token"
        in caplog.text
    )


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "1.00 T"), (34, "34.0 T"), (999, "999 T"), (1000, "1.00 kT"), (301_966, "302 kT"),
        (34_000_000, "34.0 MT"), (999_600, "1.00 MT"), (15 * 10**12, "15.0 TT"),
    ],
)  # fmt: skip
def test_a_number_of_tokens_is_rounded_to_three_digits(count, shown):
    assert _rounded(count) == shown


def test_documents_of_every_shard_are_in_the_index(make_corpus, tmp_path, small_pieces):
    texts = [f"document {number} ".encode() * (number % 9 + 1) for number in range(50)]
    corpus = make_corpus(texts, split="valid=0.4", shard_bytes=100)
    Datatrove().write(corpus, tmp_path / "out")
    for name, split in corpus.items():
        ids = np.fromfile(tmp_path / "out" / f"{name}.ds", "<u2")
        ends = np.fromfile(tmp_path / "out" / f"{name}.ds.index", "<u8").astype(np.int64)
        found = [ids[a:b].tolist() for a, b in itertools.pairwise([0, *ends])]
        assert found == [split.document(number).tolist() for number in range(split.num_documents)]


@pytest.mark.parametrize("shard_tokens", [1, 30, 200])
def test_no_document_crosses_a_file(conversations, tmp_path, shard_tokens):
    split = conversations["train"]
    Datatrove().write(conversations, tmp_path / "out", options=ExportOptions(shard_tokens=shard_tokens))
    found, learned = [], []
    paths = sorted((tmp_path / "out").glob("train*.ds"))
    assert paths[0].name == "train_00000.ds"
    for path in paths:
        ids = np.fromfile(path, "<u2")
        ends = np.fromfile(path.with_name(f"{path.name}.index"), "<u8").astype(np.int64)
        assert int(ends[-1]) == len(ids)
        assert path.with_name(f"{path.name}.metadata").read_text().split("\n")[1] == str(len(ids))
        found += [ids[a:b].tolist() for a, b in itertools.pairwise([0, *ends])]
        learned.append(np.fromfile(path.with_name(f"{path.name}.loss"), np.uint8))
    assert found == [split.document(number).tolist() for number in range(split.num_documents)]
    assert np.concatenate(learned).tolist() == split.stream("loss")[:].tolist()
    assert len(paths) > 1


def test_datatrove_reads_it(make_corpus, tmp_path):
    pytest.importorskip("datatrove", reason="datatrove is not installed")
    from datatrove.utils.dataset import DatatroveFolderDataset

    corpus = make_corpus([b"one", b"", b"three " * 9, b"four"], shard_bytes=60)
    for shard_tokens in (None, 20):
        output = tmp_path / f"out-{shard_tokens}"
        Datatrove().write(corpus, output, options=ExportOptions(shard_tokens=shard_tokens))
        found = DatatroveFolderDataset(
            str(output), seq_len=4, filename_pattern="train*.ds", token_size=2, return_positions=True
        )
        rows = [found[number] for number in range(len(found))]
        expected = [
            np.fromfile(path, np.uint16)[: path.stat().st_size // 10 * 5]
            for path in sorted(output.glob("*.ds"))
        ]
        assert (
            np.concatenate([row["input_ids"] for row in rows]).tolist() == np.concatenate(expected).tolist()
        )
    assert len(expected) == 3
