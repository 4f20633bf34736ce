"""Batches of prepared corpora, files and all."""

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ResumeError

TEXT = "".join(f"line {number} of the text that is cut into shards\n" for number in range(300))


@pytest.fixture(scope="module")
def cut_in_ten_ways(tmp_path_factory):
    """The same corpus with ten sizes of shards."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "text.txt").write_text(TEXT)
    sizes = [2**29, 9000, 5000, 4096, 3000, 2000, 1500, 1000, 500, 128]
    for size in sizes:
        corpuskit.prepare(
            str(folder / "text.txt"), encoding="bytes", name="a", output=folder / str(size), shard_bytes=size
        )
    return [corpuskit.open(folder / str(size)) for size in sizes]


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "packed"])
def test_shard_sizes_never_change_a_batch(cut_in_ten_ways, sampler, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    whole, *others = cut_in_ten_ways
    options = {"batch_size": 8, "block_size": 64, "sampler": sampler, "documents": "mask", "output": "numpy"}
    expected = whole.batches("train", **options)

    assert len({len(corpus["train"].shard_starts) for corpus in others}) > 5
    for corpus in others:
        found = corpus.batches("train", **options)
        for step in (0, 1, 5):
            for one, other in zip(found[step][:2], expected[step][:2], strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_state_knows_its_shards_and_seeking_does_not(cut_in_ten_ways):
    options = {"batch_size": 8, "block_size": 64, "sampler": "shuffled", "output": "numpy"}
    saved, resumed = (corpus.batches("train", **options) for corpus in cut_in_ten_ways[:2])
    next(iter(saved))
    state = saved.state_dict()

    with pytest.raises(ResumeError, match="saved with corpus"):
        resumed.load_state_dict(state)
    resumed.seek(sample=state["sample"])

    np.testing.assert_array_equal(next(iter(resumed))[0], next(iter(saved))[0])


def test_shard_sizes_never_change_a_mixture(cut_in_ten_ways, tmp_path):
    (tmp_path / "other.txt").write_text(TEXT.upper())
    other = corpuskit.prepare(
        str(tmp_path / "other.txt"), encoding="bytes", name="b", output=tmp_path / "other"
    )
    found = [
        corpuskit.mix({corpus: 2, other: 1}).batches(batch_size=8, block_size=64, sampler="shuffled")[3][0]
        for corpus in cut_in_ten_ways
    ]

    assert all(batch.equal(found[0]) for batch in found)


def test_batches_are_windows_of_the_text(cut_in_ten_ways):
    corpus = cut_in_ten_ways[-1]
    x, y = corpus.batches("train", batch_size=4, block_size=40, seed=3)[9]

    for inputs, targets in zip(x, y, strict=True):
        assert corpus.decode(inputs.numpy()) in TEXT
        assert inputs[1:].equal(targets[:-1])
