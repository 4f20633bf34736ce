import mmap
import os
import subprocess
import sys

import numpy as np
import pytest

from corpuskit.batches import pages as pages_module
from corpuskit.batches.pages import Pages, resident_file_bytes
from corpuskit.batches.windows import WindowReader

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")


def mapped(path, num_tokens):
    np.arange(num_tokens).astype("<u2").tofile(path)
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), "<u2")


@linux_only
def test_letting_go_frees_the_process_and_keeps_the_tokens(tmp_path):
    shard = mapped(tmp_path / "a.bin", 2**24)
    pages = Pages([shard])
    assert shard[:: mmap.PAGESIZE // 2].sum() > 0
    touched = resident_file_bytes()

    pages.let_go()

    assert touched - resident_file_bytes() > 0.9 * shard.nbytes
    np.testing.assert_array_equal(shard[-1000:], np.arange(2**24 - 1000, 2**24).astype("<u2"))


@linux_only
def test_resident_pages_stay_below_the_limit(tmp_path, make_split):
    split = make_split(2)
    shard = mapped(tmp_path / "a.bin", 2**26)
    split.shard_starts, split._shards = np.array([0, len(shard)]), [shard]
    reader = WindowReader(split, 1025)
    limit = 2**25
    reader._pages = Pages([shard], limit_bytes=limit)
    before, most = resident_file_bytes(), 0
    draws = np.random.default_rng(0)

    for _ in range(1000):  # over 128 MiB, four windows at a time
        reader.gather(reader.locate(draws.integers(0, len(shard) - 1025, 4)))
        most = max(most, resident_file_bytes() - before)

    assert most < limit + 8 * 2**21  # a window touches two huge pages at most


@pytest.fixture
def always_cold(monkeypatch):
    """Every batch counts as slow, and as one from a disk."""
    monkeypatch.setattr(pages_module, "_SLOW_WINDOW_S", -1)
    monkeypatch.setattr(pages_module, "_COLD_WINDOWS", -1)


@pytest.mark.usefixtures("always_cold")
def test_windows_are_right_while_their_pages_are_asked_for(tmp_path, make_split, monkeypatch):
    sizes = [5000, 3000, 4000]
    split = make_split(sum(sizes), shard_sizes=sizes)
    tokens = split.tokens
    split._shards = []
    for number, (a, b) in enumerate(zip(split.shard_starts[:-1], split.shard_starts[1:], strict=True)):
        tokens[a:b].tofile(tmp_path / f"{number}.bin")
        split._shards.append(np.memmap(tmp_path / f"{number}.bin", "<u2", "r").view(np.ndarray))
    reader = WindowReader(split, 101)
    asked = []
    monkeypatch.setattr(reader._pages, "ask_for", lambda *a, ask=reader._pages.ask_for: asked.append(ask(*a)))
    starts = np.random.default_rng(0).integers(0, 11_899, (20, 16))

    for row in starts:
        np.testing.assert_array_equal(reader.gather(reader.locate(row)), row[:, None] + np.arange(101))

    assert asked


@pytest.mark.usefixtures("always_cold")
@pytest.mark.parametrize("without", [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}])
def test_pages_are_asked_for_where_only_some_shards_have_a_stream(tmp_path, with_loss, without):
    loss = np.random.default_rng(0).integers(0, 2, 120_000).astype(np.uint8)
    split = with_loss(loss, shard_sizes=[40_000, 30_000, 50_000], document_ends=range(500, 120_001, 500))
    shards = []
    for number, (a, b) in enumerate(zip(split.shard_starts[:-1], split.shard_starts[1:], strict=True)):
        loss[a:b] = 1 if number in without else loss[a:b]
        loss[a:b].tofile(tmp_path / f"{number}.bin")
        shards.append(None if number in without else np.memmap(tmp_path / f"{number}.bin", "u1", "r"))
    split.stream_shard = lambda _, number: shards[number]
    reader = WindowReader(split.stream("loss"), 101)
    asked = []
    starts = np.random.default_rng(0).integers(0, 119_899, (20, 16))

    for row in starts:
        expected = loss[row[:, None] + np.arange(101)]
        asked.append(reader._pages.asks_ahead)
        np.testing.assert_array_equal(reader.gather(reader.locate(row)), expected)
        lengths = np.full(len(row), 100)
        items, last = reader.gather_spans(reader.locate(row, lengths + 1), lengths)
        np.testing.assert_array_equal(items.reshape(-1, 100), expected[:, :-1])
        np.testing.assert_array_equal(last, expected[:, -1])

    assert any(asked) == (len(without) < 3)


def test_addresses_outside_the_maps_are_not_asked_for(tmp_path):
    first, second = mapped(tmp_path / "a.bin", 5000), mapped(tmp_path / "b.bin", 5000)
    pages = Pages([first, second])
    memory = np.zeros(10**6, np.uint16)
    ends = [shard.ctypes.data + shard.nbytes for shard in (first, second)]
    at = [0, memory.ctypes.data, first.ctypes.data, second.ctypes.data + 4096, *ends, 2**47]

    pages.ask_for(np.array(at, np.int64), 512)
    pages.ask_for(np.array(at, np.int64), np.full(len(at), 512))


def test_nothing_is_asked_for_when_only_the_machine_is_slow(tmp_path, monkeypatch):
    shard = mapped(tmp_path / "a.bin", 5000)
    faults = iter([10, 10, 10, 12, 12])
    monkeypatch.setattr(pages_module, "major_faults", lambda: next(faults))
    pages = Pages([shard])

    pages.after_reading(-1e9, 16)
    assert not pages.asks_ahead
    pages.after_reading(-1e9, 16)
    assert pages.asks_ahead


def test_memory_that_is_no_map_of_a_file_is_left_alone(tmp_path):
    np.arange(5000).astype("<u2").tofile(tmp_path / "a.bin")
    array = np.arange(5000).astype("<u2")
    array.flags.writeable = False
    private = np.memmap(tmp_path / "a.bin", "<u2", "c")
    private[0] = 7
    part = np.memmap(tmp_path / "a.bin", "<u2", "r")[100:]

    pages = Pages([array, private, part], limit_bytes=0)
    pages.let_go()

    assert pages._maps == []
    assert private[0] == 7
    assert array[1] == 1


@pytest.mark.fault("R8")
def test_a_batch_is_the_users_own_and_the_corpus_read_only(prepared):
    import corpuskit

    corpus = corpuskit.open(prepared("a", "bytes"))
    x, _ = corpus.batches("train", batch_size=4, block_size=16, seed=1)[0]
    x += 1

    again, _ = corpuskit.open(corpus.path).batches("train", batch_size=4, block_size=16, seed=1)[0]
    assert again.equal(x - 1)
    with pytest.raises(ValueError, match="read-only"):
        corpus["train"].shard(0)[0] = 1


@linux_only
@pytest.mark.fault("R9")
def test_anonymous_memory_stays_flat_over_many_batches(tmp_path):
    program = """
import re, sys, numpy as np
from pathlib import Path
import corpuskit
def anonymous(): return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
batches = corpuskit.open(sys.argv[1]).batches("train", batch_size=64, block_size=64, output="numpy",
                                              sampler="shuffled")
for step in range(500): batches[step]
before = anonymous()
for step in range(500, 5000): batches[step]
print(anonymous() - before)
"""
    import corpuskit

    (tmp_path / "text.txt").write_text("some words and more\n" * 5000)
    corpuskit.prepare(str(tmp_path / "text.txt"), encoding="bytes", name="a", output=tmp_path / "corpus")
    done = subprocess.run(
        [sys.executable, "-c", program, os.fspath(tmp_path / "corpus")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 2048  # KiB
