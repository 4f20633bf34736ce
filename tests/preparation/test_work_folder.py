"""The work folder: what is planted there, what is left there, and who may delete it."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import corpuskit
from corpuskit import folders, storage
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError, StorageError
from corpuskit.preparation import input_digests as digests
from corpuskit.preparation.api import make_parts, run
from corpuskit.preparation.work_folder import WorkFolder, in_published

OPTIONS = {"encoding": "bytes", "lines": True, "split": "valid=0.1", "part_bytes": 8_000, "workers": 1}


def config(prose: Path, output: Path, **options: object) -> PrepareConfig:
    return PrepareConfig.make({"dataset": str(prose), "output": output, **OPTIONS, **options})


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder that is nobody's business."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "keep").write_text("keep")
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "w").mkdir()
    return tmp_path / "w" / ".out.preparing"


@pytest.mark.parametrize("how", ["prepare", "parts"])
def test_a_link_in_the_work_folders_place_is_refused(prose, work, stranger, how):
    work.symlink_to(stranger)
    with pytest.raises(StorageError, match=r"\.out\.preparing is for unfinished work, and is a link to "):
        (run if how == "prepare" else make_parts)(config(prose, work.with_name("out")))
    assert [path.name for path in stranger.iterdir()] == ["keep"]


def test_a_link_in_the_place_of_the_parts_is_refused(prose, work, stranger):
    done = make_parts(config(prose, work.with_name("out"), parts="1/2"))
    done.folder.rename(work / "aside")
    done.folder.symlink_to(stranger)
    with pytest.raises(StorageError, match="is for unfinished work, and is a link to "):
        run(config(prose, work.with_name("out")))
    assert [path.name for path in stranger.iterdir()] == ["keep"]


def test_links_and_files_of_others_inside_are_not_followed_nor_deleted(prose, work, stranger, caplog):
    make_parts(config(prose, work.with_name("out"), parts="1/2"))
    (work / ("f" * 16)).symlink_to(stranger)
    (work / "link").symlink_to(stranger)
    (work / "notes.txt").write_text("mine")
    run(config(prose, work.with_name("out")))
    assert [path.name for path in stranger.iterdir()] == ["keep"]
    assert (work / "notes.txt").read_text() == "mine"
    assert "which corpuskit did not make" in caplog.text


def test_a_work_folder_below_a_link_is_made_and_deleted_where_the_link_leads(prose, tmp_path, stranger):
    (tmp_path / "data").symlink_to(stranger)
    assert run(config(prose, tmp_path / "data" / "out")).made
    assert sorted(path.name for path in stranger.iterdir()) == ["keep", "out"]
    assert (tmp_path / "data").is_symlink()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("target", ["corpus", "empty", "nowhere"])
def test_an_output_that_is_a_link_is_refused_and_kept(prose, tmp_path, target, overwrite):
    if target == "corpus":
        run(config(prose, tmp_path / target))
    elif target == "empty":
        (tmp_path / target).mkdir()
    (tmp_path / "link").symlink_to(target)
    message = "link is a link to|prepared differently" if target == "corpus" else "link is a link to"
    with pytest.raises(ConfigError, match=message):
        run(config(prose, tmp_path / "link", split="none", overwrite=overwrite))
    assert (tmp_path / "link").is_symlink()
    assert hidden(tmp_path) == []


def test_a_corpus_behind_a_link_is_found(prose, tmp_path):
    run(config(prose, tmp_path / "corpus"))
    (tmp_path / "link").symlink_to("corpus")
    assert not run(config(prose, tmp_path / "link")).made


def test_overwrite_deletes_nothing_that_no_corpus_has(prose, tmp_path):
    run(config(prose, tmp_path / "out"))
    (tmp_path / "out" / "model.pt").write_text("days of work")
    with pytest.raises(ConfigError, match=r"holds 'model\.pt', which no corpus has, and --overwrite would"):
        run(config(prose, tmp_path / "out", split="none", overwrite=True))
    (tmp_path / "out" / "model.pt").unlink()
    assert run(config(prose, tmp_path / "out", split="none", overwrite=True)).made
    assert hidden(tmp_path) == []


KILLED = """
import os, pathlib, signal, sys
from corpuskit import storage
from corpuskit.preparation.work_folder import WorkFolder
from corpuskit.preparation.api import run
from corpuskit.config import PrepareConfig
where, output, *values = sys.argv[1:]
def kill(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "before":
    WorkFolder.remove = kill
elif where == "within":
    unlink, left = os.unlink, [3]
    def unlink_few(*arguments, **options):
        if "dir_fd" in options:
            left[0] -= 1
            if not left[0]:
                kill()
        unlink(*arguments, **options)
    os.unlink = unlink_few
else:
    fsync = storage.fsync_directory
    def fsync_few(path):
        if path == pathlib.Path(output).parent:
            kill()
        fsync(path)
    storage.fsync_directory = fsync_few
run(PrepareConfig.make({"output": output, **eval(values[0])}))
"""


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("where", ["rename", "before", "within"])
def test_the_run_that_finds_the_corpus_tidies_up_after_one_that_was_killed(prose, tmp_path, where, overwrite):
    output = tmp_path / "out"
    if overwrite:
        run(config(prose, output, split="none"))
    values = {"dataset": str(prose), "overwrite": overwrite, **OPTIONS}
    command = [sys.executable, "-c", KILLED, where, str(output), repr(values)]
    environment = {**os.environ, "PYTHONPATH": str(Path(storage.__file__).parents[1])}
    assert subprocess.run(command, check=False, env=environment).returncode == -signal.SIGKILL
    assert hidden(tmp_path) == [".out.preparing"]
    assert not run(config(prose, output)).made
    assert hidden(tmp_path) == []


def test_parts_of_another_corpus_are_no_leftovers_of_the_one_that_is_there(prose, tmp_path):
    run(config(prose, tmp_path / "out"))
    other = make_parts(config(prose, tmp_path / "out", split="none", overwrite=True, parts="1/2"))
    assert not run(config(prose, tmp_path / "out")).made
    assert list(other.folder.glob("part-*.json"))
    assert run(config(prose, tmp_path / "out", split="none", overwrite=True)).made
    assert hidden(tmp_path) == []


def test_a_folder_in_which_another_run_works_is_not_deleted(prose, tmp_path):
    other = make_parts(config(prose, tmp_path / "out", split="none", parts="1/2"))
    dead = make_parts(config(prose, tmp_path / "out", split="valid=0.5", parts="1/2"))
    with folders.in_use(other.folder):
        run(config(prose, tmp_path / "out"))
        assert list(other.folder.glob("part-*.json"))
        assert not dead.folder.exists()
    run(config(prose, tmp_path / "out", split="none", overwrite=True))
    assert hidden(tmp_path) == []


def test_an_error_of_the_disk_at_the_very_end_is_told_and_the_next_run_finds_the_corpus(
    prose, tmp_path, monkeypatch
):
    fsync = storage.fsync_directory

    def fail_at_the_end(path: Path) -> None:
        if path == tmp_path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(path)

    monkeypatch.setattr(storage, "fsync_directory", fail_at_the_end)
    with pytest.raises(StorageError, match="cannot commit .*out: Input/output error"):
        run(config(prose, tmp_path / "out"))
    monkeypatch.undo()
    assert not run(config(prose, tmp_path / "out")).made
    assert hidden(tmp_path) == []


def test_a_corpus_that_another_process_made_first_is_taken(prose, tmp_path, monkeypatch):
    work, begin = WorkFolder(tmp_path / "out"), storage.commit_directory

    def lose(staged: Path, final: Path, **options: object) -> None:
        monkeypatch.setattr(storage, "commit_directory", begin)
        run(config(prose, tmp_path / "first"))
        (tmp_path / "first").rename(final)
        storage.remove_tree(work.path)
        begin(staged, final, **options)

    monkeypatch.setattr(storage, "commit_directory", lose)
    assert not run(config(prose, tmp_path / "out")).made
    assert hidden(tmp_path) == []


def test_a_work_folder_that_cannot_be_deleted_is_named_and_the_corpus_is_there(
    prose, tmp_path, monkeypatch, caplog
):
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("corpuskit.removal._remove", fail)
    with caplog.at_level(logging.WARNING, "corpuskit"):
        assert run(config(prose, tmp_path / "out")).made
    assert "cannot be deleted: Read-only file system" in caplog.text
    monkeypatch.undo()
    run(config(prose, tmp_path / "out"))
    assert hidden(tmp_path) == []


def test_no_folder_for_temporary_files_is_needed(prose, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    monkeypatch.setattr(digests, "may_fork", lambda: True)
    assert run(config(prose, tmp_path / "out")).made


def test_every_name_of_a_published_run_is_known_and_no_other():
    plan, temporary = "0" * 16, ".x.host.1.0123456789abcdef.tmp"
    known = ["corpus/", "corpus/manifest.json", "corpus/train-00000.bin", ".corpus.preparing/", temporary]
    known += [f".corpus.preparing/{plan}/", f".corpus.preparing/{plan}/part-00000-train-00000.idx"]
    known += ["corpus/train-00000.loss.bin", f".corpus.preparing/{plan}/part-00000-train-00000.loss.bin"]
    known += [f".corpus.preparing/.{plan}.host.1.0123456789abcdef.tmp/run.json"]
    assert all(map(in_published, known))
    unknown = ["notes.txt", "corpus/notes.txt", "corpus/in/", f".corpus.preparing/{plan}/notes.txt", "other/"]
    assert not any(map(in_published, unknown))


@pytest.fixture
def url(prose):
    """The text behind a URL with credentials."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = prose.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://me:CANARYpassword@127.0.0.1:{server.server_port}/x.txt?sig=CANARYsig&token=CANARYtoken"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_file_holds_a_credential(url, tmp_path, monkeypatch, workers):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    options = {**OPTIONS, "workers": workers, "dataset": url, "output": tmp_path / "out"}
    make_parts(PrepareConfig.make({**options, "parts": "1/2"}))
    assert holding(tmp_path, b"CANARY") == []
    corpuskit.prepare(**options)
    assert holding(tmp_path, b"CANARY") == []


def holding(folder: Path, secret: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [path for path in files if secret in path.read_bytes() or secret in os.fsencode(path)]


@pytest.mark.parametrize("name", ["part-00000.json", "part-00001-train-00000.bin", "job.json"])
@pytest.mark.parametrize("holds", ["nothing", "something"])
@pytest.mark.fault("K3")
def test_a_folder_in_the_place_of_a_work_file_costs_its_part(prose, work, assert_same, caplog, name, holds):
    whole = corpuskit.prepare(str(prose), output=work.with_name("whole"), **OPTIONS)
    parts = make_parts(config(prose, work.with_name("out"), parts="1/1")).folder
    (parts / name).unlink()
    (parts / name).mkdir()
    if holds == "something":
        (parts / name / "keep").write_text("keep")
    assert_same(whole.path, run(config(prose, work.with_name("out"))).corpus.path)
    assert f"{name} is a folder in the place of a file" in caplog.text
    assert [path.read_text() for path in work.rglob("keep")] == (["keep"] if holds == "something" else [])
    assert work.exists() == (holds == "something")
