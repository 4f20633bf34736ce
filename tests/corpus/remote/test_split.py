from __future__ import annotations

import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import corpuskit
from corpuskit import cache, locks
from corpuskit.corpus.remote.shard_cache import ShardCache
from corpuskit.errors import ConfigError, CorpusFormatError, FetchError, HashMismatch, StorageError

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")

#: 40 shards of 10,000 bytes, but for the last.
MANY = {"encoding": "bytes", "split": "none", "part_bytes": 500_000, "shard_bytes": 10_000}
SHARD_BYTES = 10_000


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """A corpus of 40 shards on disk, which nobody changes."""
    folder = tmp_path_factory.mktemp("many")
    path = folder / "text.txt"
    path.write_text("".join(f"{number:06d} is a number{'!' * (number % 9)}\n" for number in range(8_600)))
    corpus = corpuskit.prepare(str(path), output=folder / "local", lines=True, workers=1, **MANY)
    assert len(corpus["train"].shard_starts) == 41
    return corpus


def upload(corpus, url: str) -> str:
    """Put a corpus in a store by other means."""
    import fsspec

    fsspec.filesystem("s3").put([str(path) for path in sorted(corpus.path.iterdir())], url + "/")
    return url


@pytest.fixture
def own_url(local, bucket):
    """The same corpus in a bucket of the test's own."""
    return upload(local, f"{bucket}/many")


_uploaded: dict[int, str] = {}


@pytest.fixture
def url(local, s3, bucket):
    """The same corpus in a bucket that tests share, and do not change."""
    if s3.server_port not in _uploaded:
        _uploaded[s3.server_port] = upload(local, f"{bucket}/many")
    s3.requests.clear()
    return _uploaded[s3.server_port]


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


def test_opening_reads_the_manifest_and_nothing_else(url, s3, local):
    s3.requests.clear()
    corpus = corpuskit.open(url)
    assert {request.name for request in s3.requests} == {"manifest.json"}
    assert corpus.fingerprint == local.fingerprint
    assert str(corpus.path) == url


def test_a_remote_split_gives_what_a_local_one_gives(url, local):
    split, expected = corpuskit.open(url)["train"], local["train"]
    assert split[:].tolist() == expected[:].tolist()
    assert split[9_998:10_003].tolist() == expected[9_998:10_003].tolist()
    assert split.document_ends().tolist() == expected.document_ends().tolist()
    assert split.document_places().tolist() == expected.document_places().tolist()
    assert split.document(0).tolist() == expected.document(0).tolist()


def test_a_shard_is_fetched_once(url, s3):
    corpuskit.open(url)["train"][:20_000]
    s3.requests.clear()
    corpuskit.open(url)["train"][:20_000]
    assert not s3.seen("GET", ".bin")


@pytest.mark.parametrize(
    ("sampler", "num_steps"), [("random", 15), ("shuffled", 15), ("sequential", 90), ("packed", 15)]
)
def test_batches_through_a_cache_of_8_of_40_shards_are_right_and_the_disk_is_bounded(
    sampler, num_steps, url, local, cache_dir, s3
):
    limit = 8 * SHARD_BYTES
    options = {"batch_size": 16, "block_size": 128, "sampler": sampler, "seed": 3, "output": "numpy"}
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


def test_a_random_sampler_fetches_a_shard_once_for_many_batches(url, s3, local):
    options = {"batch_size": 16, "block_size": 128, "seed": 3, "output": "numpy"}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    for step, (x, _) in zip(range(31), batches, strict=False):
        assert (x == local.batches("train", **options)[step][0]).all()
    # One pass for each block of steps that the plan knows of: 1, 2, 4, 8, 16.
    assert len(s3.seen("GET", ".bin")) <= 5 * 40 + 8


def test_what_comes_next_is_fetched_ahead(url, s3):
    options = {"batch_size": 8, "block_size": 100, "sampler": "sequential", "output": "numpy"}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    iterator = iter(batches)
    for _ in range(18):  # 14,400 tokens are 3 shards; the first 31 steps are known, which are 5
        next(iterator)
    while len(s3.seen("GET", ".bin")) < 5:
        time.sleep(0.01)
    assert len(s3.seen("GET", ".bin")) == 5


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
    assert len(s3.seen("GET", ".bin")) == 40


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


def test_a_shard_that_is_damaged_in_the_store_is_named(own_url):
    import fsspec

    filesystem = fsspec.filesystem("s3")
    data = bytearray(filesystem.cat_file(f"{own_url}/train-00002.bin"))
    data[5] ^= 1
    filesystem.pipe_file(f"{own_url}/train-00002.bin", bytes(data))
    train = corpuskit.open(own_url)["train"]
    train[:10_000]
    with pytest.raises(HashMismatch, match=r"train-00002\.bin: it was fetched twice and is not what the"):
        train[10_000:10_010]
    problems = corpuskit.verify(own_url)
    assert [problem.file for problem in problems] == ["train-00002.bin"]


def test_a_shard_that_is_missing_in_the_store_is_an_error(own_url):
    import fsspec

    fsspec.filesystem("s3").rm_file(f"{own_url}/train-00002.bin")
    with pytest.raises(FetchError, match=r"train-00002\.bin: there is no such file"):
        corpuskit.open(own_url)["train"][:]


@pytest.mark.parametrize("fault", [500, 503, "cut"])
def test_faults_that_pass_are_tried_again(fault, url, s3, local):
    left = [3]

    def check(request):
        if request.method == "GET" and ".bin" in request.key and left[0]:
            left[0] -= 1
            return fault
        return None

    s3.fault = check
    assert corpuskit.open(url)["train"][:].tolist() == local["train"][:].tolist()
    assert left == [0]


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
    gone = f"{cache.host_name()}.999999999.part"
    mark = cache_dir / "shards/reserved" / f"{sha256}.70000.{'0' * 16}.{gone}"
    partial = cache_dir / "shards/partials" / f"{sha256}.{'0' * 16}.{gone}"
    for path in (mark, partial):
        path.write_bytes(bytes(70_000 if path is partial else 0))
    corpuskit.open(url, cache_bytes=limit)["train"][:50_000]
    assert not mark.exists()
    assert not partial.exists()
    assert len(shards(cache_dir)) == 8


def test_corpora_and_splits_travel_to_other_processes(url, local):
    corpus = corpuskit.open(url, cache_bytes="1M")
    again = pickle.loads(pickle.dumps(corpus))
    split = pickle.loads(pickle.dumps(corpus["train"]))
    assert again["train"][:10].tolist() == split[:10].tolist() == local["train"][:10].tolist()
    assert len(pickle.dumps(corpus["train"])) < 1000


def test_dataloader_workers_read_a_remote_corpus(url, local):
    from torch.utils.data import DataLoader

    options = {"batch_size": 8, "block_size": 64, "seed": 1}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    loader = DataLoader(batches.iterable(), batch_size=None, num_workers=1, multiprocessing_context="spawn")
    expected = local.batches("train", **options)
    for step, (x, _) in zip(range(4), loader, strict=False):
        assert (x == expected[step][0]).all()


def test_a_mixture_of_a_local_and_a_remote_corpus(url, local, tmp_path):
    import shutil

    shutil.copytree(local.path, tmp_path / "copy")
    options = {"batch_size": 8, "block_size": 64, "seed": 1, "output": "numpy"}
    remote = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)
    mixed = corpuskit.mix({local: 1, remote: 1}).batches("train", **options)
    expected = corpuskit.mix({local: 1, corpuskit.open(tmp_path / "copy"): 1}).batches("train", **options)
    for step in range(5):
        assert (mixed[step][0] == expected[step][0]).all()


def test_verify_reads_past_the_cache_and_leaves_nothing(url, cache_dir, s3):
    corpuskit.open(url)["train"][:]
    s3.requests.clear()
    assert corpuskit.verify(url) == []
    assert len(s3.seen("GET", ".bin")) == 40
    assert list((cache_dir / "work").iterdir()) == []


def test_no_corpus_there(bucket):
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(f"{bucket}/nothing")
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open("s3://no-such-bucket/nothing")


def test_a_web_server_that_is_down_is_not_said_to_hold_no_corpus():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(StorageError, match=r"cannot read http://127.0.0.1:\d+/x/manifest.json: .*onnect"):
            corpuskit.open(f"http://127.0.0.1:{taken.getsockname()[1]}/x")


@pytest.mark.fault("M5")
def test_a_damaged_manifest_is_refused(own_url):
    import fsspec

    fsspec.filesystem("s3").pipe_file(
        f"{own_url}/manifest.json", b'{"format_version": 1, "format_version": 1}'
    )
    with pytest.raises(CorpusFormatError, match=r"many/manifest.json: not a manifest: a key appears twice"):
        corpuskit.open(own_url)


@pytest.mark.fault("S4")
def test_errors_and_logs_do_not_hold_what_the_url_holds(caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StorageError) as failed:
        corpuskit.open("ftp://me:CANARY@127.0.0.1:1/corpus")
    assert "CANARY" not in str(failed.value) + repr(failed.value) + caplog.text


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
