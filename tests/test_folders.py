from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from corpuskit import folders, storage
from corpuskit.errors import StorageError
from corpuskit.temporary_names import host_name, temporary_name


def link(path):
    path.with_name("real").mkdir()
    path.symlink_to("real")


def dangling(path):
    path.symlink_to("nowhere")


def of_another_user(path):
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(path, 54321, -1)


def writable_by_everybody(path):
    path.mkdir()
    path.chmod(0o777)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (link, "is a link to real"),
        (dangling, "is a link to nowhere"),
        (lambda path: path.write_text("mine"), "is a file"),
        (lambda path: os.mkfifo(path), "is a named pipe"),
        (of_another_user, r"belongs to another user \(uid 54321\), who may have filled it"),
        (writable_by_everybody, r"can be written by everybody \(mode 0777\), who may have filled it"),
    ],
)
def test_what_others_may_have_put_there_is_refused_in_one_line(tmp_path, plant, reason):
    path = tmp_path / ".out.preparing"
    plant(path)
    before = path.lstat()
    with pytest.raises(StorageError, match=f"preparing is for unfinished work, and {reason}; delete it, or"):
        folders.make_own(path)
    assert path.lstat() == before
    assert {entry.name for entry in tmp_path.iterdir()} <= {".out.preparing", "real"}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o002])
def test_what_we_make_is_taken_again_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        for _ in range(2):
            folders.make_own(tmp_path / "a" / "work")
    finally:
        os.umask(before)
    assert not (tmp_path / "a" / "work").stat().st_mode & stat.S_IWOTH


def test_file_systems_without_modes_are_no_danger(tmp_path, monkeypatch):
    """Where everybody seems to be able to write everything, that says nothing about a folder."""
    work, mkdir = tmp_path / "work", folders.Path.mkdir
    writable_by_everybody(work)

    def mkdir_without_modes(path, *arguments, **options):
        mkdir(path, *arguments, **options)
        path.chmod(0o777)

    monkeypatch.setattr(folders.Path, "mkdir", mkdir_without_modes)
    folders.make_own(work)
    assert [entry.name for entry in tmp_path.iterdir()] == ["work"]


def test_links_above_are_what_the_user_named(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to("real")
    folders.make_own(tmp_path / "data" / "work")
    assert (tmp_path / "real" / "work").is_dir()


def test_a_folder_is_in_use_while_its_process_lives(tmp_path):
    with folders.in_use(tmp_path):
        assert folders.is_in_use(tmp_path)
    assert not folders.is_in_use(tmp_path)
    assert not list(tmp_path.iterdir())
    script = (
        "import os, pathlib, signal, sys; from corpuskit import folders\n"
        "with folders.in_use(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert list(tmp_path.iterdir())
    assert not folders.is_in_use(tmp_path)


def test_only_what_dead_processes_left_of_one_name_is_deleted(tmp_path):
    names = {
        f".out.{host_name()}.{pid}.0123456789abcdef.tmp": pid == 2**22 + 1 for pid in (os.getpid(), 2**22 + 1)
    }
    names |= {".out.elsewhere.1.0123456789abcdef.tmp": False, ".out.tmp": False}
    names |= {".out.v2.elsewhere.1.0123456789abcdef.tmp": False, ".other.x.1.0123456789abcdef.tmp": False}
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "real").mkdir()
    (tmp_path / ".out.h.4194305.0000000000000000.tmp").symlink_to("real")
    stay = folders.remove_left_behind(tmp_path / "out")
    assert {path.name for path in stay} == {
        f".out.{host_name()}.{os.getpid()}.0123456789abcdef.tmp",
        ".out.elsewhere.1.0123456789abcdef.tmp",
    }
    gone = {name for name in names if not (tmp_path / name).exists()}
    assert gone == {name for name, dead in names.items() if dead}
    assert (tmp_path / "real").is_dir()


def test_what_dead_processes_left_of_a_long_name_is_deleted(tmp_path, monkeypatch):
    final = tmp_path / ("long" * 60)
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: 2**22 + 1)
        left = temporary_name(final)
    left.mkdir()
    assert folders.remove_left_behind(final) == []
    assert not left.exists()


def test_a_file_without_a_name_needs_no_folder_for_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: pytest.fail("asked for a folder"))
    with storage.anonymous_file(tmp_path) as file:
        file.write(b"text")
        file.seek(0)
        assert file.read() == b"text"
        assert not list(tmp_path.iterdir())
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with storage.anonymous_file(tmp_path) as file:
        assert not list(tmp_path.iterdir())
