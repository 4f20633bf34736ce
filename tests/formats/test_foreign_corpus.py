"""Another trainer's files, opened where they are, compared with the corpus that they were exported from."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError

OPTIONS = {
    "llmc": {"shard_tokens": 40},
    "datatrove": {"shard_tokens": 40},
    "olmo": {"shard_tokens": 40},
    "litdata": {"block_size": 5, "shard_tokens": 40},
}
INDEXED = ("megatron", "datatrove", "olmo")


@pytest.fixture
def opened(make_corpus, tmp_path):
    def run(format, **options):
        corpus = make_corpus(
            [f"text {n}".encode() * (n % 5) for n in range(30)], split="valid=0.3", **options
        )
        corpuskit.export(corpus, format, tmp_path / "out", **OPTIONS.get(format, {}))
        return corpus, corpuskit.open_foreign(tmp_path / "out", format, encoding="bytes")

    return run


@pytest.mark.parametrize("format", ["nanogpt", "llmc", "megatron", "datatrove", "olmo", "litdata"])
def test_files_are_read_where_they_are(opened, tmp_path, format):
    corpus, there = opened(format)
    before = sorted(tmp_path.rglob("*"))
    assert [*there] == ["train", "valid"]
    for name, split in corpus.items():
        np.testing.assert_array_equal(there[name][:], split[:])
        ends = split.document_ends() if format in INDEXED else [len(split)]
        assert there[name].document_ends().tolist() == [*ends]
    options = {"batch_size": 2, "block_size": 8, "output": "numpy", "seed": 1}
    for (x, y), (same_x, same_y), _ in zip(
        corpus.batches(**options), there.batches(**options), range(5), strict=False
    ):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
    assert sorted(tmp_path.rglob("*")) == before


def test_it_is_exported_like_any_other(opened, tmp_path):
    corpus, there = opened("megatron")
    corpuskit.export(there, "datatrove", tmp_path / "again")
    corpuskit.export(corpus, "datatrove", tmp_path / "direct")
    for name in ("train.ds", "train.ds.index", "valid.ds"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "direct" / name).read_bytes()


def test_a_pickle_opens_it_again_and_notices_other_files(opened, tmp_path):
    _, there = opened("megatron")
    again = pickle.loads(pickle.dumps(there))
    assert again.fingerprint == there.fingerprint
    split, whole = pickle.dumps(there["train"]), pickle.dumps(there)
    np.testing.assert_array_equal(pickle.loads(split)[:], there["train"][:])

    data = (tmp_path / "out" / "train.bin").read_bytes()
    (tmp_path / "out" / "train.bin").write_bytes(bytes(len(data)))
    with pytest.raises(CorpusFormatError, match="was replaced by another one"):
        pickle.loads(split)
    with pytest.raises(CorpusFormatError, match="was replaced by another corpus"):
        pickle.loads(whole)


def test_a_mask_is_read_in_place(tmp_path):
    folder = tmp_path / "ds"
    folder.mkdir()
    (folder / "train.ds").write_bytes(np.arange(4, dtype="<u2").tobytes())
    (folder / "train.ds.loss").write_bytes(bytes([1, 0, 0, 1]))
    there = corpuskit.open_foreign(folder, "datatrove", encoding="bytes")
    assert there["train"].stream("loss")[:].tolist() == [1, 0, 0, 1]


def test_rows_that_teach_nothing_are_those_of_the_mask_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    num_tokens, sampled_bytes = 400_000, 4096
    first, second = np.linspace(0, num_tokens - sampled_bytes, 64).astype(int)[:2]
    assert second - first > sampled_bytes + 1000
    for name, place in (("a", first + sampled_bytes + 100), ("b", first + sampled_bytes + 900)):
        (tmp_path / name).mkdir()
        np.full(num_tokens, 65, "<u2").tofile(tmp_path / name / "train.ds")
        (np.arange(num_tokens) == place).tofile(tmp_path / name / "train.ds.loss")
        batches = corpuskit.open_foreign(tmp_path / name, "datatrove", encoding="bytes").batches(
            sampler="shuffled",
            sampler_options={"skip_untrained": True},
            batch_size=1,
            block_size=64,
            output="numpy",
        )
        assert np.count_nonzero(batches[0][1] != -100) == 1


def test_an_export_of_files_that_were_changed_is_not_taken_for_one_of_them_now(tmp_path):
    ids = np.full(400_000, 65, "<u2")
    ids.tofile(tmp_path / "train.bin")
    corpuskit.export(
        corpuskit.open_foreign(tmp_path / "train.bin", "nanogpt", encoding="bytes"), "llmc", tmp_path / "e"
    )
    ids[4096 // 2 + 100] = 66  # between what the fingerprint has of it
    ids.tofile(tmp_path / "train.bin")
    changed = corpuskit.open_foreign(tmp_path / "train.bin", "nanogpt", encoding="bytes")
    with pytest.raises(ConfigError, match="holds another export already"):
        corpuskit.export(changed, "llmc", tmp_path / "e")
    corpuskit.export(changed, "llmc", tmp_path / "e", overwrite=True)


def test_what_cannot_be_read_in_place_says_how_to_import_it(tmp_path):
    (tmp_path / "train.bin").write_bytes(bytes(16))
    with pytest.raises(
        ConfigError, match=r"has ids of int64, .*: corpuskit import .*train\.bin --format nanogpt"
    ):
        corpuskit.open_foreign(tmp_path / "train.bin", "nanogpt", encoding="bytes", dtype="int64")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "chars"}, "its vocabulary is made from text"),
        ({"dtype": "float"}, "dtype 'float': expected one of uint8"),
        ({"split": "A"}, "a split's name"),
    ],
)
def test_an_option_that_is_impossible_is_named(tmp_path, options, message):
    (tmp_path / "train.bin").write_bytes(bytes(2))
    with pytest.raises(ConfigError, match=message):
        corpuskit.open_foreign(tmp_path / "train.bin", "nanogpt", **{"encoding": "bytes", **options})


def test_fields_and_bytes_of_text_are_not_known(opened):
    _, there = opened("megatron")
    with pytest.raises(ConfigError, match="the files are read in place; import them to know it"):
        there["train"].document_text_bytes()
    assert there["train"].document_fields(0) == {}


def test_nothing_is_derived_of_files_without_digests(opened, tmp_path):
    _, there = opened("megatron")
    with pytest.raises(ConfigError, match="import them first, with 'corpuskit import'"):
        corpuskit.reshard(there, tmp_path / "new", shard_bytes=64)


@pytest.mark.parametrize("format", ["nanogpt", "olmo"])
def test_four_bytes_are_not_exported_to_readers_who_would_take_two(opened, tmp_path, format):
    corpus, _ = opened("nanogpt")
    corpuskit.export(corpus, "mds", tmp_path / "rows", block_size=5)
    there = corpuskit.open_foreign(tmp_path / "rows", "mds", encoding="bytes")
    with pytest.raises(ConfigError, match=r"reads ids of two for a vocabulary of 257; make them so with"):
        corpuskit.export(there, format, tmp_path / "again")
    assert not (tmp_path / "again").exists()
