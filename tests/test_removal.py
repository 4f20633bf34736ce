from __future__ import annotations

import errno
import os

import pytest

from corpuskit import removal
from corpuskit.removal import remove_folder


def everything(name: str) -> bool:
    return True


def test_a_folder_that_is_not_there_is_fine(tmp_path):
    assert remove_folder(tmp_path / "none", everything) == []


def test_a_link_is_not_followed_at_the_top(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").touch()
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(OSError, match="Not a directory|Too many levels"):
        remove_folder(tmp_path / "link", everything)
    assert (tmp_path / "real" / "file").exists()


def test_links_inside_are_deleted_themselves(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").touch()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "to-folder").symlink_to(tmp_path / "real")
    (tmp_path / "work" / "to-file").symlink_to(tmp_path / "real" / "file")
    assert remove_folder(tmp_path / "work", everything) == []
    assert not (tmp_path / "work").exists()
    assert (tmp_path / "real" / "file").exists()


def test_what_is_not_ours_stays_and_is_named(tmp_path):
    for name in ("ours", "theirs", "in/ours", "in/theirs", "out/theirs"):
        (tmp_path / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "work" / name).touch()
    strangers = remove_folder(tmp_path / "work", lambda name: name in ("ours", "in/", "in/ours"))
    assert sorted(strangers) == ["in/theirs", "out/", "theirs"]
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["work/in/theirs", "work/out/theirs", "work/theirs"]


def test_what_comes_meanwhile_is_gone_over_again(tmp_path, monkeypatch):
    work, rmdir = tmp_path / "work", os.rmdir
    work.mkdir()
    late = [work / "late", work / "later"]

    def rmdir_with_rival(*arguments, **options):
        if late:
            late.pop().touch()
        return rmdir(*arguments, **options)

    monkeypatch.setattr(removal.os, "rmdir", rmdir_with_rival)
    assert remove_folder(work, everything) == []
    assert not work.exists()


def test_a_broken_disk_is_told_where_it_matters_and_never_where_an_error_is_under_way(
    tmp_path, monkeypatch, caplog
):
    def fail(*arguments, **options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / "work").mkdir()
    monkeypatch.setattr(removal.os, "rmdir", fail)
    removal.remove_tree(tmp_path / "work")
    assert not caplog.records
    removal.remove_ours(tmp_path / "work", everything)
    assert "cannot be deleted: Read-only file system" in caplog.text
