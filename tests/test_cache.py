from __future__ import annotations

import os
import time

import pytest

from corpuskit import cache
from corpuskit.errors import StorageError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile
from corpuskit.temporary_names import host_name

SHA256 = "ab" * 32


@pytest.fixture
def full(tmp_path):
    """A cache with one thing of each kind, all of them 10 bytes, and a file that somebody put there."""
    names = [
        f"files/ab/{SHA256}",
        f"urls/{SHA256}.json",
        f"partials/{SHA256}.{'0' * 16}.part",
        f"partials/{SHA256}.{'0' * 16}.json",
        f"partials/url-{SHA256}.{'1' * 16}.{host_name()}.999999999.part",
        f"locks/{SHA256}.lock",
        "tables/packed-1.bin",
        f"shards/files/ab/{SHA256}",
        f"urls/.x.json.{host_name()}.999999999.{'0' * 16}.tmp",
        "files/README",
    ]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(10))
    return tmp_path


def names(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_default_is_the_environments_or_the_systems(monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", "/somewhere")
    assert str(cache.default_cache_dir()) == "/somewhere"
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", "")
    assert cache.default_cache_dir().name == "corpuskit"


def test_usage_counts_files_and_bytes(full):
    assert cache.usage(full) == [
        cache.Usage("files", 2, 20),
        cache.Usage("partials", 3, 30),
        cache.Usage("tables", 1, 10),
        cache.Usage("shards", 1, 10),
        cache.Usage("work", 0, 0),
    ]
    assert [row.num_files for row in cache.usage(full / "not there")] == [0, 0, 0, 0, 0]


def test_everything_that_corpuskit_made_is_cleared_and_nothing_else(full):
    paths = cache.clearable(full)
    assert cache.size_of(paths) == 90
    cache.clear(paths)
    assert names(full) == ["files/README"]
    assert sorted(path.name for path in full.iterdir()) == ["files", "shards"]


@pytest.mark.fault("C6")
def test_partial_of_a_living_process_is_kept(full):
    live = full / f"partials/{SHA256}.{'2' * 16}.{host_name()}.{os.getpid()}.part"
    foreign = full / f"partials/{SHA256}.{'3' * 16}.another-host.1.part"
    silent = full / f"partials/{SHA256}.{'4' * 16}.another-host.1.part"
    for path in (live, foreign, silent):
        path.write_bytes(b"x")
    os.utime(silent, (time.time() - 7200,) * 2)
    paths = cache.clearable(full, kinds=("partials",))
    assert silent in paths
    assert live not in paths
    assert foreign not in paths


@pytest.mark.fault("C6")
def test_scratch_is_kept_while_its_process_lives_and_cleared_when_a_kill_left_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    with cache.scratch_folder("verify") as live:
        (live / "data").touch()
        left = live.with_name(f".verify.{host_name()}.{2**31}.{'0' * 16}.tmp") / "data"
        left.parent.mkdir()
        left.touch()
        assert cache.clearable(tmp_path) == [left]
    assert not live.exists()


def test_age_limits_what_is_cleared(full):
    old = full / f"files/ab/{SHA256}"
    os.utime(old, (time.time() - 10 * 86_400,) * 2)
    assert cache.clearable(full, older_than_days=5) == [old]


@pytest.mark.fault("S12")
def test_links_out_of_the_cache_are_not_followed(full, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / ("cd" * 32)).write_bytes(b"mine")
    (full / "files" / "cd").symlink_to(outside)
    (full / "files" / ("ef" * 32)).symlink_to(outside / ("cd" * 32))
    cache.clear(cache.clearable(full))
    assert (outside / ("cd" * 32)).read_bytes() == b"mine"


@pytest.mark.fault("S12")
def test_cache_is_private(tmp_path):
    folder = cache.make_folder(tmp_path / "a" / "cache", "tables")
    assert folder.is_dir()
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def owned_by_another(monkeypatch, folder):
    """Make a folder another user's: as root by giving it away, else by being somebody else."""
    if os.geteuid() == 0:
        os.chown(folder, 54321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54321)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777, 0o1777])
@pytest.mark.parametrize("use", ["make", "inner", "default", "fetch"])
@pytest.mark.fault("S12")
def test_a_cache_of_another_user_is_refused(tmp_path, monkeypatch, mode, use):
    folder = tmp_path / "cache"
    (folder / "files").mkdir(parents=True)
    found = folder / "files" if use == "inner" else folder
    found.chmod(mode)
    owned_by_another(monkeypatch, found)
    with pytest.raises(StorageError, match=r"belongs to another user \(uid \d+\).*CORPUSKIT_CACHE_DIR"):
        open_cache(use, folder, monkeypatch)


def open_cache(use, folder, monkeypatch):
    if use in ("make", "inner"):
        cache.make_folder(folder, "files")
    elif use == "default":
        monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(folder))
        cache.default_cache_dir()
    else:
        fetch(RemoteFile("http://127.0.0.1:1/x"), cache_dir=folder)


@pytest.mark.parametrize("use", ["make", "inner", "default", "fetch"])
def test_a_cache_that_everybody_can_write_is_refused(tmp_path, monkeypatch, use):
    folder = tmp_path / "cache"
    (folder / "files").mkdir(parents=True)
    (folder / "files" if use == "inner" else folder).chmod(0o777)
    with pytest.raises(
        StorageError, match=r"written by everybody \(mode 0777\).*'chmod 700 .*CORPUSKIT_CACHE"
    ):
        open_cache(use, folder, monkeypatch)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o770, 0o1777])
def test_a_cache_of_ours_is_used(tmp_path, mode):
    tmp_path.chmod(mode)
    assert cache.make_folder(tmp_path, "files", "ab").is_dir()


def test_a_link_of_another_user_is_refused(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    cache.make_folder(link, "files")
    if os.geteuid() != 0:
        pytest.skip("only root can give a link away")
    os.chown(link, 54321, -1, follow_symlinks=False)
    with pytest.raises(StorageError, match="belongs to another user"):
        cache.make_folder(link, "files")


@pytest.mark.fault("P1")
def test_what_killed_processes_left_half_written_goes_when_a_folder_is_used(tmp_path):
    folder = tmp_path / "cache" / "tables"
    folder.mkdir(parents=True)
    left = folder / f".x.json.{host_name()}.999999999.{'0' * 16}.tmp"
    live = folder / f".x.json.{host_name()}.{os.getpid()}.{'1' * 16}.tmp"
    staged = folder / f".table.{host_name()}.999999999.{'2' * 16}.tmp"
    staged.mkdir()
    for path in (left, live, folder / "x.json", staged / "x.bin", folder / ".mine.tmp"):
        path.write_bytes(b"x")
    cache.make_folder(tmp_path / "cache", "tables")
    assert sorted(path.name for path in folder.iterdir()) == sorted([live.name, ".mine.tmp", "x.json"])
