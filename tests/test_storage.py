from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from corpuskit import storage
from corpuskit.errors import StorageError
from corpuskit.storage import FileWriter


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_under_its_name_only_when_it_is_complete(tmp_path):
    path = tmp_path / "shard.bin"
    with FileWriter(path) as file:
        file.write(b"first ")
        assert not path.exists()
        file.write(b"second")
        assert file.size_bytes == 12
    assert path.read_bytes() == b"first second"
    assert file.sha256 == hashlib.sha256(b"first second").hexdigest()
    assert names(tmp_path) == ["shard.bin"]


@pytest.mark.fault("P6")
def test_exception_commits_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    def fail() -> None:
        with FileWriter(path) as file:
            file.write(b"new")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["manifest.json"]


def test_a_writer_that_nobody_got_leaves_no_file(tmp_path):
    def interrupted(writer: FileWriter) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(FileWriter(tmp_path / "shard.bin"))  # as a signal between the call and the assignment
    assert names(tmp_path) == []


def test_a_forked_process_that_ends_leaves_the_files_of_the_first_alone(tmp_path):
    file = FileWriter(tmp_path / "shard.bin")
    if not (child := os.fork()):
        del file
        os._exit(0)
    os.waitpid(child, 0)
    file.write(b"all of it")
    file.commit()
    assert (tmp_path / "shard.bin").read_bytes() == b"all of it"


def test_writer_that_must_not_replace_refuses_an_existing_name(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    writer = FileWriter(path, replace=False)
    writer.write(b"new")
    with pytest.raises(StorageError, match="cannot commit .*file: it exists already"):
        writer.commit()
    writer.abort()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.fault("D5")
def test_short_writes_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: max(1, len(data) // 2)]))
    storage.write_bytes(tmp_path / "file", bytes(range(256)) * 5)
    assert (tmp_path / "file").read_bytes() == bytes(range(256)) * 5


def test_file_that_is_streamed_has_the_same_bytes_and_hash(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_WRITEBACK_BYTES", 1000)
    data = os.urandom(10_000)
    with FileWriter(tmp_path / "shard.bin", streaming=True) as file:
        for start in range(0, len(data), 700):
            file.write(data[start : start + 700])
    assert (tmp_path / "shard.bin").read_bytes() == data
    assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_pieces_that_are_hashed_beside_give_the_same_hash_in_any_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_BESIDE_BYTES", 1000)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: max(1, len(data) // 2)]))
    data = os.urandom(50_000)
    with FileWriter(tmp_path / "shard.bin", hash_beside=True) as file:
        at = 0
        for size in (999, 1000, 1, 0, 20_000, 3, 50_000):
            file.write(data[at : at + size])
            at += size
    assert (tmp_path / "shard.bin").read_bytes() == data
    assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_a_disk_that_is_full_beside_a_hash_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage, "_BESIDE_BYTES", 1)
    monkeypatch.setattr(os, "write", refuse)
    with (
        pytest.raises(StorageError, match="No space left"),
        FileWriter(tmp_path / "a", hash_beside=True) as file,
    ):
        file.write(b"data")
    assert names(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no such advice")
def test_advice_that_the_system_refuses_does_no_harm(tmp_path, monkeypatch):
    def refuse(*arguments: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(storage, "_WRITEBACK_BYTES", 1)
    monkeypatch.setattr(os, "posix_fadvise", refuse)
    with FileWriter(tmp_path / "shard.bin", streaming=True) as file:
        file.write(b"data")
    assert (tmp_path / "shard.bin").read_bytes() == b"data"


def test_name_is_flushed_with_a_later_one_where_that_is_enough(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(storage, "fsync_directory", flushed.append)
    writer = FileWriter(tmp_path / "shard.bin")
    writer.write(b"data")
    writer.commit(flush_name=False)
    assert (tmp_path / "shard.bin").read_bytes() == b"data"
    assert flushed == []
    storage.write_bytes(tmp_path / "record.json", b"{}")
    assert flushed == [tmp_path]


@pytest.mark.fault("D4")
def test_failed_fsync_is_an_error_and_is_not_tried_again(tmp_path, monkeypatch):
    calls = []

    def fsync(fd: int) -> None:
        calls.append(fd)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match="cannot commit .*: Input/output error"):
        storage.write_bytes(tmp_path / "file", b"data")
    assert len(calls) == 1
    assert names(tmp_path) == []


@pytest.mark.fault("D1")
def test_full_disk_says_how_much_is_free(tmp_path, monkeypatch):
    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StorageError, match=r"No space left on device \([0-9,]+ bytes are free there\)"):
        storage.write_bytes(tmp_path / "file", b"data")
    assert names(tmp_path) == []


def test_json_bytes_depend_on_the_value_only():
    assert storage.json_bytes({"b": 1, "a": "é"}) == '{\n  "b": 1,\n  "a": "é"\n}\n'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.json_bytes(float("nan"))


def staged(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.mkdir()
    (path / "file").write_bytes(content)
    (path / ".file.host.1.0123456789abcdef.tmp").write_bytes(b"left by an attempt that was killed")
    return path


def test_directory_is_committed_by_one_rename(tmp_path):
    storage.commit_directory(staged(tmp_path, "new", b"new"), tmp_path / "corpus", replace=False)
    assert names(tmp_path) == ["corpus"]
    assert names(tmp_path / "corpus") == ["file"]


def test_directory_that_exists_is_not_replaced_unless_asked(tmp_path):
    storage.commit_directory(staged(tmp_path, "one", b"one"), tmp_path / "corpus", replace=False)
    two = staged(tmp_path, "two", b"two")
    with pytest.raises(StorageError, match="it exists already"):
        storage.commit_directory(two, tmp_path / "corpus", replace=False)
    assert (tmp_path / "corpus" / "file").read_bytes() == b"one"
    storage.commit_directory(two, tmp_path / "corpus", replace=True)
    assert (tmp_path / "corpus" / "file").read_bytes() == b"two"
    assert names(tmp_path) == ["corpus"]


def test_exchange_without_the_system_call_still_replaces(tmp_path, monkeypatch):
    class NoRenameat2:
        def __init__(self, *args: object, **options: object) -> None: ...

    monkeypatch.setattr(storage.ctypes, "CDLL", NoRenameat2)
    storage.commit_directory(staged(tmp_path, "one", b"one"), tmp_path / "corpus", replace=False)
    storage.commit_directory(staged(tmp_path, "two", b"two"), tmp_path / "corpus", replace=True)
    assert (tmp_path / "corpus" / "file").read_bytes() == b"two"
    assert names(tmp_path) == ["corpus"]


@pytest.mark.fault("C4")
def test_reader_of_a_replaced_directory_never_sees_a_mix(tmp_path):
    """Two files always agree, however often the directory is replaced."""
    corpus, stop, mixed = tmp_path / "corpus", threading.Event(), []

    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.mkdir()
        for file in ("a", "b"):
            (path / file).write_bytes(content)
        return path

    def read() -> None:
        while not stop.is_set():
            directory = os.open(corpus, os.O_RDONLY)
            try:
                contents = []
                for file in ("a", "b"):
                    fd = os.open(file, os.O_RDONLY, dir_fd=directory)
                    contents.append(os.read(fd, 10))
                    os.close(fd)
                if contents[0] != contents[1]:
                    mixed.append(contents)
            except FileNotFoundError:
                pass  # deleted while it was open: an old one, not a mix
            finally:
                os.close(directory)

    storage.commit_directory(make("first", b"-1"), corpus, replace=False)
    thread = threading.Thread(target=read)
    thread.start()
    for number in range(100):
        storage.commit_directory(make("next", str(number).encode()), corpus, replace=True)
    stop.set()
    thread.join()
    assert mixed == []


def test_link_file_moves_where_there_are_no_hard_links(tmp_path, monkeypatch):
    (tmp_path / "one").write_bytes(b"data")
    storage.link_file(tmp_path / "one", tmp_path / "two")
    assert names(tmp_path) == ["one", "two"]

    def link(source: object, target: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    storage.link_file(tmp_path / "one", tmp_path / "three")
    assert names(tmp_path) == ["three", "two"]


INJECTED = """
import pathlib, sys
from corpuskit import storage
folder = pathlib.Path(sys.argv[1])
staged = folder / "staged"
staged.mkdir(exist_ok=True)
with storage.FileWriter(staged / "shard.bin") as file:
    file.write(b"x" * 1000)
storage.write_json(staged / "manifest.json", {"complete": True})
storage.commit_directory(staged, folder / "corpus", replace=(folder / "corpus").exists())
"""


@pytest.fixture(scope="module")
def strace() -> str:
    import shutil

    found = shutil.which("strace")
    if found is None or subprocess.run([found, "-o", os.devnull, "true"], check=False).returncode:
        pytest.skip("strace is not there, or may not trace")
    return found


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "openat", "mkdir"])
@pytest.mark.fault("P1")
def test_killed_before_any_system_call_the_corpus_is_old_or_new(tmp_path, strace, call):
    """The process is killed just before its n-th call of a kind, for each n until a run is not killed."""
    # The interpreter's own opens and writes are no part of the protocol; skip most of them.
    first = {"openat": count_calls(strace, tmp_path, call) - 12}.get(call, 1)
    for number in range(max(first, 1), 400):
        folder = tmp_path / f"{call}-{number}"
        folder.mkdir()
        (folder / "corpus").mkdir()
        (folder / "corpus" / "manifest.json").write_bytes(b"old")
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        code = run_injected(strace, folder, inject)
        manifest = (folder / "corpus" / "manifest.json").read_bytes()
        assert manifest in (b"old", storage.json_bytes({"complete": True}))
        assert run_injected(strace, folder, None) == 0  # and the next run completes
        assert names(folder / "corpus") == ["manifest.json", "shard.bin"]
        if code == 0:
            return
    pytest.fail("no run went through")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EACCES"])
@pytest.mark.parametrize("call", ["fsync", "rename"])
@pytest.mark.fault("D4")
def test_every_injected_error_is_reported_and_the_old_corpus_kept(tmp_path, strace, call, error):
    for number in range(1, 20):
        folder = tmp_path / f"{call}-{number}"
        folder.mkdir()
        (folder / "corpus").mkdir()
        (folder / "corpus" / "manifest.json").write_bytes(b"old")
        code = run_injected(strace, folder, f"inject={call}:error={error}:when={number}")
        manifest = (folder / "corpus" / "manifest.json").read_bytes()
        assert manifest in (b"old", storage.json_bytes({"complete": True}))
        if code == 0:
            assert manifest != b"old"
            return
    pytest.fail("no run went through")


def run_injected(strace: str, folder: Path, inject: str | None) -> int:
    command = [sys.executable, "-S", "-c", INJECTED, str(folder)]
    if inject is not None:
        call = inject.partition("=")[2].partition(":")[0]
        command = [strace, "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject, *command]
    environment = {**os.environ, "PYTHONPATH": str(Path(storage.__file__).parents[1])}
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL, env=environment).returncode


def count_calls(strace: str, folder: Path, call: str) -> int:
    target = folder / "count"
    target.mkdir()
    log = folder / "log"
    command = [strace, "-f", "-qq", "-o", str(log), "-e", f"trace={call}"]
    command += [sys.executable, "-S", "-c", INJECTED, str(target)]
    environment = {**os.environ, "PYTHONPATH": str(Path(storage.__file__).parents[1])}
    subprocess.run(command, check=True, env=environment)
    return len(log.read_text().splitlines())


class Broken:
    """A disk on which calls fail from the Nth on, as one that was taken away."""

    def __init__(self, monkeypatch, *names: str, after: int = 0) -> None:
        self.closed: list[int] = []
        self._left = after
        for name in names:
            monkeypatch.setattr(os, name, self._failing(name, getattr(os, name)))

    def _failing(self, name, call):
        def fail(*arguments, **options):
            if name == "close":
                self.closed.append(arguments[0])
                call(*arguments)  # the descriptor is gone whatever close says
            if self._left:
                self._left -= 1
                return None if name == "close" else call(*arguments, **options)
            code = errno.EIO if name == "write" else errno.EROFS
            raise OSError(code, os.strerror(code))

        return fail


@pytest.mark.parametrize("others", [(), ("unlink",), ("close",), ("unlink", "close")])
def test_the_first_error_is_told_however_cleaning_up_goes(tmp_path, monkeypatch, others):
    Broken(monkeypatch, "write", *others)
    with pytest.raises(StorageError, match="cannot write .*: Input/output error"):
        storage.write_bytes(tmp_path / "file", b"data")


def test_a_close_that_fails_is_an_error_and_is_not_tried_again(tmp_path, monkeypatch):
    broken = Broken(monkeypatch, "close")
    with pytest.raises(StorageError, match="cannot commit .*: Read-only file system"):
        storage.write_bytes(tmp_path / "file", b"data")
    assert len(broken.closed) == len(set(broken.closed)) == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("target", ["real", "nowhere"])
def test_a_directory_never_takes_a_links_place(tmp_path, replace, target):
    (tmp_path / "real").mkdir()
    (tmp_path / "corpus").symlink_to(target)
    with pytest.raises(StorageError, match="cannot commit .*: it is a link; name the folder itself"):
        storage.commit_directory(staged(tmp_path, "new", b"new"), tmp_path / "corpus", replace=replace)
    assert (tmp_path / "corpus").is_symlink()
    assert names(tmp_path) == ["corpus", "new", "real"]


def test_of_a_directory_that_is_replaced_only_what_is_ours_is_deleted(tmp_path, caplog):
    storage.commit_directory(staged(tmp_path, "one", b"one"), tmp_path / "corpus", replace=False)
    (tmp_path / "corpus" / "notes.txt").write_text("mine")
    new = staged(tmp_path, "two", b"two")
    storage.commit_directory(new, tmp_path / "corpus", replace=True, ours=lambda name: name == "file")
    assert names(tmp_path / "corpus") == ["file"]
    assert names(new) == ["notes.txt"]
    assert "two is kept: it holds 'notes.txt', which corpuskit did not make" in caplog.text


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_where_a_folder_is_to_be_is_told(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="something else has this name|Not a directory"):
        storage.make_directory(tmp_path / name)
