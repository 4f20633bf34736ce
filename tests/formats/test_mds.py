"""MosaicML's shards."""

from __future__ import annotations

import itertools
import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.mds import Mds
from corpuskit.formats.options import ExportOptions
from corpuskit.testing import FormatSuite

EIGHT = ExportOptions(block_size=8)


def read(folder):
    """A split's samples, each found by its offset as MDSReader finds it, a list for each shard."""
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == 2
    shards = []
    for shard in index["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        (count,) = struct.unpack_from("<I", data)
        offsets = struct.unpack_from(f"<{count + 1}I", data, 4)
        config = json.loads(data[8 + 4 * count : offsets[0]])
        assert {key: shard[key] for key in config} == config
        assert (count, offsets[-1]) == (shard["samples"], len(data))
        (kind,), (size,) = config["column_encodings"], config["column_sizes"]
        assert kind == f"ndarray:int32:{size // 4}"
        shards.append([[*struct.unpack(f"<{size // 4}i", data[a:b])] for a, b in itertools.pairwise(offsets)])
    return shards


class TestMds(FormatSuite):
    options = EIGHT
    whole_rows = True

    @pytest.fixture
    def format(self):
        return Mds()

    def read(self, folder, split):
        return np.concatenate(
            [np.concatenate(shard) for shard in read(folder / split.replace("valid", "val"))]
        )


@pytest.mark.parametrize("shard_tokens", [None, 1, 8, 23, 24, 1000])
def test_shards_have_whole_samples(make_corpus, tmp_path, small_pieces, shard_tokens, caplog):
    caplog.set_level("INFO")
    corpus = make_corpus()
    Mds().write(corpus, tmp_path / "out", options=ExportOptions(block_size=8, shard_tokens=shard_tokens))
    shards = read(tmp_path / "out" / "train")
    rows = [row for shard in shards for row in shard]
    assert rows == corpus["train"][:64].reshape(-1, 8).tolist()
    assert max(map(len, shards)) == min(max((shard_tokens or 1000) // 8, 1), 8)
    assert "the last 7 tokens of split train fill no row of 8 and are not exported" in caplog.text


def test_rows_are_asked_for_and_each_split_has_one(make_corpus, tmp_path):
    with pytest.raises(ConfigError, match=r"^--format mds: .* such as --block-size 2048$"):
        Mds().write(make_corpus(), tmp_path / "out")
    with pytest.raises(ConfigError, match=r"split 'train' has 71 tokens, which fill no row of 74"):
        Mds().write(make_corpus(), tmp_path / "out", options=ExportOptions(block_size=74))


def test_shards_that_offsets_cannot_count_are_refused(make_corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("corpuskit.formats.mds._MAX_BYTES", 400)
    with pytest.raises(ConfigError, match=r"and its readers count to 400; choose a smaller --shard-tokens"):
        Mds().write(make_corpus(), tmp_path / "out", options=EIGHT)
    Mds().write(make_corpus(), tmp_path / "out", options=ExportOptions(block_size=8, shard_tokens=8))


def test_damage_behind_the_last_sample_gives_no_export(make_corpus, tmp_path):
    corpus = make_corpus(shard_bytes=2**20)
    path = corpus.path / "train-00000.bin"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(Exception, match="nothing was exported"):
        Mds().write(corpus, tmp_path / "out", options=EIGHT)


@pytest.mark.parametrize("wide", [False, True])
def test_streaming_reads_it(make_corpus, tmp_path, wide):
    pytest.importorskip("streaming", reason="mosaicml-streaming is not installed")
    from streaming import StreamingDataset
    from streaming.base.format.mds.reader import MDSReader

    letters = "".join(map(chr, range(0x10000, 0x21000))).encode() if wide else b"ab " * 99
    corpus = make_corpus(
        [letters, b"ab", b""], encoding="chars" if wide else "bytes", eot=not wide, shard_bytes=2**18
    )
    Mds().write(corpus, tmp_path / "out", options=ExportOptions(block_size=17, shard_tokens=51))
    index = json.loads((tmp_path / "out" / "train" / "index.json").read_text())
    rows = []
    for shard in index["shards"]:
        reader = MDSReader.from_json(str(tmp_path / "out"), "train", shard)
        reader.validate(allow_unsafe_types=False)
        rows += [reader[number]["tokens"] for number in range(shard["samples"])]
    ids = corpus["train"][:]
    assert np.concatenate(rows).tolist() == ids[: len(ids) // 17 * 17].tolist()
    whole = StreamingDataset(local=str(tmp_path / "out"), split="train", batch_size=1, shuffle=False)
    assert len(whole) == len(rows)
    assert all(np.array_equal(whole[number]["tokens"], row) for number, row in enumerate(rows))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), block_size=st.integers(1, 9), file_tokens=st.none() | st.integers(1, 20))
def test_every_whole_row_comes_back(draw_corpus, data, block_size, file_tokens):
    corpus, output, documents = draw_corpus(data)
    ids = [one for document in documents for one in document]
    size = min(block_size, len(ids))
    Mds().write(corpus, output, options=ExportOptions(block_size=size, shard_tokens=file_tokens))
    rows = [row for shard in read(output / "train") for row in shard]
    assert rows == [ids[start : start + size] for start in range(0, len(ids) - size + 1, size)]


@pytest.fixture
def exported(make_corpus, tmp_path):
    corpuskit.export(make_corpus(), "mds", tmp_path / "out", block_size=5)
    return tmp_path / "out" / "train"


def _imported(folder):
    return corpuskit.import_tokens(folder, "mds", name="a", encoding="bytes", output=folder.parent / "back")


@pytest.mark.parametrize(
    "columns", [["str"], ["pkl"], ["ndarray:float32:5"], ["ndarray:int32:5", "int"], [3], 3]
)
def test_samples_of_something_else_are_refused(exported, columns):
    index = json.loads((exported / "index.json").read_text())
    index["shards"][0]["column_encodings"] = columns
    (exported / "index.json").write_text(json.dumps(index))
    with pytest.raises(CorpusFormatError, match=r"expected one column of whole numbers|describes no shard"):
        _imported(exported)


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"version": 1, "shards": []}', '{"version": 2, "shards": [3]}']
)
def test_an_index_of_something_else_is_refused(exported, content):
    (exported / "index.json").write_text(content)
    with pytest.raises(CorpusFormatError, match=r"is no index of MosaicML's shards|describes no shard"):
        _imported(exported)


@pytest.mark.parametrize("count", ["1e400", "NaN", "-1", "1.0", "true", '"1"', "null", "9" * 4300])
def test_a_count_that_is_none_is_refused(exported, count):
    index = json.loads((exported / "index.json").read_text())
    index["shards"][0]["samples"] = "COUNT"
    (exported / "index.json").write_text(json.dumps(index).replace('"COUNT"', count))
    with pytest.raises(CorpusFormatError, match=r"index\.json: describes no shard: .* is no count"):
        _imported(exported)


def test_a_shard_that_does_not_hold_its_samples_is_refused(exported):
    shard = exported / "shard.00000.mds"
    data = shard.read_bytes()
    shard.write_bytes(bytes(4) + data[4:])
    with pytest.raises(CorpusFormatError, match="does not begin as a shard of"):
        _imported(exported)
    shard.write_bytes(data[:-1])
    with pytest.raises(CorpusFormatError, match="cut short"):
        _imported(exported)
