"""LitData's chunks."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.formats.litdata import LitData
from corpuskit.formats.options import ExportOptions
from corpuskit.testing import FormatSuite

EIGHT = ExportOptions(block_size=8)


def read(folder):
    """A split's chunks as LitData's writer.py and TokensLoader have them."""
    index = json.loads((folder / "index.json").read_text())
    (kind,) = index["config"]["data_format"]
    letter = {"no_header_tensor:20": "H", "no_header_tensor:15": "i"}[kind]
    chunks = []
    for chunk in index["chunks"]:
        data = (folder / chunk["filename"]).read_bytes()
        count, start, stop = struct.unpack_from("<3I", data)
        assert (count, start, stop) == (chunk["chunk_size"], 12, len(data)) == (1, 12, chunk["chunk_bytes"])
        chunks.append([*struct.unpack_from(f"<{chunk['dim']}{letter}", data, start)])
        assert start + chunk["dim"] * struct.calcsize(letter) == stop
    return chunks


class TestLitData(FormatSuite):
    options = EIGHT

    @pytest.fixture
    def format(self):
        return LitData()

    def read(self, folder, split):
        return np.concatenate(read(folder / {"train": "train", "valid": "val"}[split]))


@pytest.mark.parametrize("shard_tokens", [None, 1, 8, 23, 24, 1000])
def test_chunks_are_whole_blocks_and_the_last_one_has_the_rest(
    make_corpus, tmp_path, small_pieces, shard_tokens
):
    corpus = make_corpus()
    options = ExportOptions(block_size=8, shard_tokens=shard_tokens)
    LitData().write(corpus, tmp_path / "out", options=options)
    chunks = read(tmp_path / "out" / "train")
    assert np.concatenate(chunks).tolist() == corpus["train"][:].tolist()
    assert not any(len(chunk) % 8 for chunk in chunks[:-1])
    assert all(len(chunk) == max((shard_tokens or 1000) // 8, 1) * 8 for chunk in chunks[:-1])
    assert (len(chunks) > 1) == (shard_tokens in (1, 8, 23, 24))


def test_blocks_are_asked_for_and_each_split_has_one(make_corpus, tmp_path):
    with pytest.raises(ConfigError, match=r"^--format litdata: .* such as --block-size 2049$"):
        LitData().write(make_corpus(), tmp_path / "out")
    message = r"split 'train' has 71 tokens, which fill no row of 74; choose a smaller --block-size, or other"
    with pytest.raises(ConfigError, match=message):
        LitData().write(make_corpus(), tmp_path / "out", options=ExportOptions(block_size=74))
    LitData().write(make_corpus(), tmp_path / "out", options=ExportOptions(block_size=71))


def test_chunks_that_offsets_cannot_count_are_refused(make_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("corpuskit.formats.litdata._MAX_BYTES", 100)
    with pytest.raises(
        ConfigError, match=r"a file would have 154 bytes, and its readers count to 100; choose"
    ):
        LitData().write(make_corpus(), tmp_path / "out", options=EIGHT)
    LitData().write(make_corpus(), tmp_path / "out", options=ExportOptions(block_size=8, shard_tokens=24))


def test_folders_of_an_export_are_its_own_until_somebody_writes_into_them(make_corpus, tmp_path):
    corpus, output = make_corpus(), tmp_path / "out"
    LitData().write(corpus, output, options=EIGHT)
    LitData().write(corpus, output, options=ExportOptions(block_size=9), overwrite=True)
    (output / "train" / "notes.txt").write_text("of the user's own")
    with pytest.raises(ConfigError, match=r"holds 'train/notes\.txt', which no export wrote"):
        LitData().write(corpus, output, options=EIGHT, overwrite=True)
    (output / "train" / "notes.txt").rename(tmp_path / "notes.txt")
    (output / "other").mkdir()
    with pytest.raises(ConfigError, match=r"holds 'other', which no export wrote"):
        LitData().write(corpus, output, options=EIGHT, overwrite=True)


@pytest.mark.parametrize("wide", [False, True])
def test_litdata_reads_it(make_corpus, tmp_path, wide):
    pytest.importorskip("litdata", reason="litdata is not installed")
    from litdata import StreamingDataset, TokensLoader

    letters = "".join(map(chr, range(0x10000, 0x21000))).encode() if wide else b"ab " * 99
    corpus = make_corpus(
        [letters, b"ab", b""], encoding="chars" if wide else "bytes", eot=not wide, shard_bytes=2**18
    )
    LitData().write(corpus, tmp_path / "out", options=ExportOptions(block_size=17, shard_tokens=51))
    found = StreamingDataset(
        str(tmp_path / "out" / "train"), item_loader=TokensLoader(block_size=17), shuffle=False
    )
    rows = [np.asarray(found[number]).astype(np.int64) for number in range(len(found))]
    ids = corpus["train"][:]
    assert np.concatenate(rows).tolist() == ids[: len(ids) // 17 * 17].tolist()
