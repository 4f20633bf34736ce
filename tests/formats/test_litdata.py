"""LitData's chunks."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
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


@pytest.mark.filterwarnings("ignore:The given buffer is not writable")  # LitData's own map, which it copies
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


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), block_size=st.integers(1, 9), file_tokens=st.none() | st.integers(1, 20))
def test_every_id_comes_back(draw_corpus, data, block_size, file_tokens):
    corpus, output, documents = draw_corpus(data)
    ids = [one for document in documents for one in document]
    options = ExportOptions(block_size=min(block_size, len(ids)), shard_tokens=file_tokens)
    LitData().write(corpus, output, options=options)
    assert [one for chunk in read(output / "train") for one in chunk] == ids


def _chunks(folder, items, dtype="<u2", **config):
    folder.mkdir()
    ids = np.array([one for item in items for one in item], dtype)
    offsets = 4 + 4 * (len(items) + 1) + ids.itemsize * np.cumsum([0, *map(len, items)])
    data = np.array([len(items), *offsets], "<u4").tobytes() + ids.tobytes()
    (folder / "chunk-0-0.bin").write_bytes(data)
    chunk = {"chunk_bytes": len(data), "chunk_size": len(items), "dim": len(ids), "filename": "chunk-0-0.bin"}
    settings = {"compression": None, "encryption": None, "data_format": ["no_header_numpy:5"]} | config
    (folder / "index.json").write_text(json.dumps({"chunks": [chunk], "config": settings}))
    return folder


def _imported(folder):
    return corpuskit.import_tokens(
        folder, "litdata", name="a", encoding="bytes", output=folder.parent / "back"
    )


def test_items_of_a_chunk_are_documents(tmp_path):
    items = [[1, 2], [], [3, 256, 4]]
    back = _imported(_chunks(tmp_path / "old", items))["train"]
    assert [back.document(number).tolist() for number in range(3)] == items


@pytest.mark.parametrize(
    "kind",
    [
        *(f"no_header_tensor:{number}" for number in (15, 16, 17, 18)),
        "no_header_numpy:2",
        "no_header_numpy:3",
    ],
)
def test_signed_ids_are_read_by_each_number_of_their_type(tmp_path, kind):
    letter = "<i8" if kind[-2:] in ("17", "18", ":3") else "<i4"
    folder = _chunks(tmp_path / "old", [[1, 2], [3]], letter, data_format=[kind])
    assert _imported(folder)["train"][:].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "config",
    [
        {"compression": "zstd"},
        {"encryption": "a\nb"},
        *({"data_format": kinds} for kinds in (["pickle"], "int", [], [["int"]], [{}])),
    ],
)
def test_chunks_of_something_else_are_refused(tmp_path, config):
    with pytest.raises(CorpusFormatError, match="expected None, None and one of no_header_tensor") as caught:
        _imported(_chunks(tmp_path / "old", [[1, 2]], **config))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["chunk_size", "dim"])
@pytest.mark.parametrize("count", ["1e400", "NaN", "-1", "1.0", "true", '"1"', "null", "9" * 4300])
def test_a_count_that_is_none_is_refused(tmp_path, key, count):
    folder = _chunks(tmp_path / "old", [[1, 2]])
    index = json.loads((folder / "index.json").read_text())
    index["chunks"][0][key] = "COUNT"
    (folder / "index.json").write_text(json.dumps(index).replace('"COUNT"', count))
    with pytest.raises(CorpusFormatError, match=r"is no index of LitData's chunks of tokens: .* is no count"):
        _imported(folder)


@pytest.mark.parametrize("name", ["../up.bin", "/etc/passwd", "..", "", 3, "a\nb", "\ud800", "\0"])
def test_an_index_names_files_beside_it_only(tmp_path, name):
    folder = _chunks(tmp_path / "old", [[1, 2]])
    index = json.loads((folder / "index.json").read_text())
    index["chunks"][0]["filename"] = name
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(CorpusFormatError, match="which is no file beside it"):
        _imported(folder)


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"chunks": 3, "config": {}}', '{"chunks": [{}], "config": {}}']
)
def test_an_index_of_something_else_is_refused(tmp_path, content):
    folder = _chunks(tmp_path / "old", [[1, 2]])
    (folder / "index.json").write_text(content)
    with pytest.raises(CorpusFormatError, match=r"index\.json: is no index of LitData's chunks"):
        _imported(folder)
