"""Shards of remote corpora on this machine: within a limit, verified, shared by processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import cache, locks
from corpuskit.corpus.remote import shard_cache
from corpuskit.corpus.remote.shard_cache import ShardCache
from corpuskit.errors import ConfigError
from corpuskit.temporary_names import host_name

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")

#: The size of each shard of the corpus, but for the last.
SHARD_BYTES = 10_000


def shards(cache_dir: Path) -> dict[str, int]:
    folder = cache_dir / "shards/files"
    return {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def on_disk(cache_dir: Path) -> dict[int, int]:
    """The sizes of all files of the shard cache, by what stays the same when they are renamed."""
    sizes = {}
    for directory, _, names in os.walk(cache_dir / "shards"):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = Path(directory, name).stat()
                sizes[status.st_ino] = status.st_size
    return sizes


class Watch:
    """Looks at the shard cache's size all the time, from a thread."""

    def __init__(self, cache_dir: Path) -> None:
        self.most = self.looks = 0
        self._cache_dir = cache_dir
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.is_set():
            with locks.lock(self._cache_dir / "shards/locks/room.lock"):  # nothing is deleted during a look
                self.most = max(self.most, sum(on_disk(self._cache_dir).values()))
            self.looks += 1
            time.sleep(0.001)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._done.set()
        self._thread.join()


def test_a_shard_is_fetched_once(url, s3):
    corpuskit.open(url)["train"][:20_000]
    s3.requests.clear()
    corpuskit.open(url)["train"][:20_000]
    assert not s3.seen("GET", ".bin")


@pytest.mark.parametrize(
    ("sampler", "num_steps"),
    [("random", 15), ("shuffled", 15), ("sequential", 90), ("packed", 15), ("shard_shuffled", 96)],
)
def test_batches_through_a_cache_of_8_of_40_shards_are_right_and_the_disk_is_bounded(
    sampler, num_steps, url, local, cache_dir, s3
):
    limit = 8 * SHARD_BYTES
    options = {"batch_size": 16, "block_size": 128, "sampler": sampler, "seed": 3, "output": "numpy"}
    options["sampler_options"] = {"group_tokens": 15_000} if sampler == "shard_shuffled" else {}
    expected = local.batches("train", **options)
    with Watch(cache_dir) as watch:
        batches = corpuskit.open(url, cache_bytes=limit).batches("train", **options)
        for step, (x, y) in zip(range(num_steps), batches, strict=False):
            x_local, y_local = expected[step]
            assert (x == x_local).all()
            assert (y == y_local).all()
    assert watch.looks > 20
    assert 4 * SHARD_BYTES < watch.most <= limit
    assert len(s3.seen("GET", "train-00039.bin")) >= 1


def test_two_processes_share_a_cache(url, cache_dir, s3, local):
    limit = 8 * SHARD_BYTES
    program = (
        "import sys, corpuskit\n"
        f"batches = corpuskit.open({url!r}, cache_bytes={limit}).batches('train', batch_size=16, "
        "block_size=128, seed=int(sys.argv[1]), output='numpy', sampler='shuffled')\n"
        "print(sum(int(x.sum()) for _, (x, y) in zip(range(15), batches)))\n"
    )
    with Watch(cache_dir) as watch:
        running = [
            subprocess.Popen([sys.executable, "-c", program, seed], stdout=subprocess.PIPE, text=True)
            for seed in "12"
        ]
        printed = [int(process.communicate()[0]) for process in running]
    options = {"batch_size": 16, "block_size": 128, "output": "numpy", "sampler": "shuffled"}
    for seed, total in zip((1, 2), printed, strict=True):
        batches = local.batches("train", seed=seed, **options)
        assert total == sum(int(batches[step][0].sum()) for step in range(15))
    assert watch.most <= limit


def test_two_processes_fetch_a_shard_once_between_them(url, s3):
    program = f"import corpuskit; print(corpuskit.open({url!r})['train'][:].sum())"
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in "12"]
    assert len({process.communicate()[0] for process in running}) == 1
    # Two that ask for all by themselves make 80. A rare run asks for one twice; why is not known.
    assert 40 <= len(s3.seen("GET", ".bin")) <= 44


@pytest.mark.fault("D10")
def test_a_shard_that_arrives_damaged_is_fetched_again(url, s3, local):
    left = [1]

    def flip(request):
        if request.method == "GET" and request.name == "train-00002.bin" and left[0]:
            left[0] -= 1
            return "flip"
        return None

    s3.fault = flip
    assert corpuskit.open(url)["train"][:].tolist() == local["train"][:].tolist()
    assert len(s3.seen("GET", "train-00002.bin")) == 2


@pytest.mark.fault("D11")
def test_a_cached_shard_that_was_cut_short_is_fetched_again(url, cache_dir, local):
    corpuskit.open(url)["train"][:]
    victim = next(
        path for path in (cache_dir / "shards/files").rglob("*") if path.stat().st_size == SHARD_BYTES
    )
    os.truncate(victim, 100)
    assert corpuskit.open(url)["train"][:].tolist() == local["train"][:].tolist()


def flipped(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << (position % 8)
    path.write_bytes(data)


def test_a_bit_flipped_in_the_cache_is_found_before_its_shard_is_used(url, cache_dir, local, s3):
    expected = local["train"][:].tolist()
    corpuskit.open(url)["train"][:]
    corpuskit.open(url)["train"].document_ends()
    files = sorted(path for path in (cache_dir / "shards/files").rglob("*") if path.is_file())
    assert len(files) == 80
    for number, path in enumerate(files):
        flipped(path, number * 7 % path.stat().st_size)
    s3.requests.clear()
    train = corpuskit.open(url)["train"]
    assert train[:].tolist() == expected
    assert train.document_ends().tolist() == local["train"].document_ends().tolist()
    assert len(s3.seen("GET", ".bin")) == len(s3.seen("GET", ".idx")) == 40


def test_a_cached_shard_is_hashed_once(url, monkeypatch):
    from corpuskit.corpus.remote import shard_cache as shard_cache

    corpuskit.open(url)["train"][:5]
    hashed = []
    plain = shard_cache.reading.sha256_of_file
    monkeypatch.setattr(shard_cache.reading, "sha256_of_file", lambda f: hashed.append(f.name) or plain(f))
    train = corpuskit.open(url)["train"]
    for _ in range(3):
        train[:5]
    assert len(hashed) == 1


def test_a_pipe_in_the_place_of_a_cached_shard_is_fetched_again(url, cache_dir, local):
    corpuskit.open(url)["train"][:5]
    (path,) = (path for path in (cache_dir / "shards/files").rglob("*") if path.is_file())
    path.unlink()
    os.mkfifo(path)
    assert corpuskit.open(url)["train"][:5].tolist() == local["train"][:5].tolist()


def test_only_files_that_corpuskit_made_are_deleted(url, cache_dir):
    mine = cache_dir / "shards/files/my notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(bytes(200_000))
    os.utime(mine, (0, 0))
    corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)["train"][:]
    assert mine.exists()
    assert sum(size for name, size in shards(cache_dir).items() if name != mine.name) <= 8 * SHARD_BYTES


def test_the_longest_unused_goes_first_and_its_room_is_given_back(url, cache_dir, local):
    train = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)["train"]
    records = local.manifest.splits["train"].shards
    for number in range(20):
        train.shard(number)
        os.utime(cache.file_path(cache_dir / "shards", records[number].sha256), (number + 1, number + 1))
    kept = [number for number in range(20) if records[number].sha256 in shards(cache_dir)]
    assert kept == list(range(12, 20))
    maps = Path("/proc/self/maps")
    if maps.exists():
        ours = [line for line in maps.read_text().splitlines() if str(cache_dir) in line]
        assert not any(line.endswith("(deleted)") for line in ours)


def test_what_is_read_for_some_time_goes_after_all_else_and_its_room_is_given_back_in_the_end(
    url, cache_dir, local, settled
):
    train = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)["train"]
    records = local.manifest.splits["train"].shards

    def kept():
        return [number for number in range(40) if records[number].sha256 in shards(cache_dir)]

    train.shard(0)
    train.will_need([0, 1, 2], again=True)
    for number in range(20):
        train.shard(number)
        os.utime(cache.file_path(cache_dir / "shards", records[number].sha256), (number + 1, number + 1))
    assert kept() == [0, 1, 2, *range(15, 20)]
    train.will_need([20], again=True)
    for number in range(20, 28):
        train.shard(number)
    assert kept() == list(range(20, 28))


def test_shards_are_fetched_ahead_as_far_as_there_is_room(url, cache_dir, local, settled):
    train = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)["train"]
    train.will_need(range(20), again=True)
    began = time.monotonic()
    while len(shards(cache_dir)) < 7 and time.monotonic() < began + 60:
        time.sleep(0.01)
    time.sleep(0.2)
    expected = {local.manifest.splits["train"].shards[number].sha256 for number in range(7)}
    assert set(shards(cache_dir)) == expected  # there is room for one more to arrive


def test_an_array_that_is_kept_counts_until_it_is_dropped(url, cache_dir):
    train = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)["train"]
    held = [train.shard(number) for number in range(6)]
    first = held[0].tolist()
    for number in range(6, 20):
        train.shard(number)
    assert sum(shards(cache_dir).values()) <= 2 * SHARD_BYTES
    assert held[0].tolist() == first
    del held
    for number in range(20, 30):
        train.shard(number)
    assert sum(shards(cache_dir).values()) == 8 * SHARD_BYTES


def test_a_limit_that_is_too_small_is_refused_with_numbers(url, monkeypatch):
    with pytest.raises(ConfigError, match=r"may take 30,000 bytes, and 40,000 are needed for 4 of"):
        corpuskit.open(url, cache_bytes=30_000)
    monkeypatch.setenv("CORPUSKIT_SHARD_CACHE_BYTES", "10K")
    with pytest.raises(ConfigError, match=r"may take 10,240 bytes, and 40,000 are needed"):
        corpuskit.open(url)["train"][0]
    monkeypatch.setenv("CORPUSKIT_SHARD_CACHE_BYTES", "much")
    with pytest.raises(ConfigError, match="shard cache = 'much': must be a number of bytes with a unit"):
        corpuskit.open(url)


def test_what_a_killed_process_reserved_is_given_back(url, cache_dir):
    limit = 8 * SHARD_BYTES
    corpuskit.open(url, cache_bytes=limit)["train"][:5]
    sha256 = "ab" * 32
    gone = f"{host_name()}.999999999.part"
    mark = cache_dir / "shards/reserved" / f"{sha256}.70000.{'0' * 16}.{gone}"
    partial = cache_dir / "shards/partials" / f"{sha256}.{'0' * 16}.{gone}"
    for path in (mark, partial):
        path.write_bytes(bytes(70_000 if path is partial else 0))
    corpuskit.open(url, cache_bytes=limit)["train"][:50_000]
    assert not mark.exists()
    assert not partial.exists()
    assert len(shards(cache_dir)) == 8


def test_the_cache_command_counts_and_clears_shards(url, cache_dir):
    corpuskit.open(url)["train"][:]
    (usage,) = (each for each in cache.usage(cache_dir) if each.kind == "shards")
    assert usage.size_bytes == sum(shards(cache_dir).values())
    cache.clear(cache.clearable(cache_dir, kinds=("shards",)))
    assert shards(cache_dir) == {}


def test_threads_fetch_a_shard_once(url, cache_dir, s3, local):
    train = corpuskit.open(url)["train"]
    sums = []
    threads = [threading.Thread(target=lambda: sums.append(int(np.sum(train[:])))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [int(np.sum(local["train"][:]))] * 4
    assert len(s3.seen("GET", ".bin")) == 40
    assert isinstance(train._files.cache, ShardCache)


def test_a_file_that_arrives_while_room_is_made_is_counted(cache_dir, monkeypatch):
    """Another process ends a download, its mark with it, between the looks at files and at marks."""
    shards = ShardCache(cache_dir, 8 * SHARD_BYTES)
    arriving = "a" * 64
    order = []

    def files(folder):
        order.append("files")
        return [(0.0, SHARD_BYTES, Path(arriving))] if "reserved" in order else []

    def reserved(cache):
        order.append("reserved")
        return {arriving: SHARD_BYTES} if "files" not in order else {}

    monkeypatch.setattr(shard_cache, "_files", files)
    monkeypatch.setattr(ShardCache, "_reserved", reserved)
    removed = []
    monkeypatch.setattr(shard_cache.storage, "remove_file", removed.append)
    shards.limit_bytes = SHARD_BYTES
    shards._evict("b" * 64, SHARD_BYTES)
    assert removed == [Path(arriving)]
