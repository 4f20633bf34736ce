"""Parts of earlier runs: used if they were made of the bytes that the inputs have now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.errors import ConfigError, SourceError
from corpuskit.preparation.api import commit_parts, make_parts, run
from corpuskit.preparation.parts.worker import Worker

OPTIONS = {"encoding": "bytes", "lines": True, "split": "none", "part_bytes": 8_000, "workers": 1}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text(f"{name} old\n" * 2_000)
    return folder


def config(texts: Path, output: Path, **options: object) -> PrepareConfig:
    return PrepareConfig.make({"dataset": str(texts), "output": output, **OPTIONS, **options})


def new_text(path: Path) -> str:
    return path.read_text().replace("old", "new")


def replace(path: Path) -> None:
    """Put another file of the same size and time in a file's place."""
    other = path.with_name("other")
    other.write_text(new_text(path))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


def rewrite(path: Path) -> None:
    """Write other bytes into a file, and give it back its time."""
    status = path.stat()
    path.write_text(new_text(path))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [replace, rewrite])
@pytest.mark.parametrize("share", ["1/1", "1/2"])
def test_an_input_with_its_size_and_time_but_other_bytes_is_read_again(
    texts, tmp_path, assert_same, change, share, caplog
):
    make_parts(config(texts, tmp_path / "out", parts=share))
    change(texts / "two.txt")
    run(config(texts, tmp_path / "out"))
    run(config(texts, tmp_path / "afresh"))
    assert_same(tmp_path / "out", tmp_path / "afresh")
    assert "two.txt: changed since; parts made of it are made again" in caplog.text
    assert corpuskit.verify(tmp_path / "out") == []


@pytest.mark.parametrize("change", [replace, rewrite, lambda path: path.touch()])
def test_a_commit_of_parts_says_which_input_changed(texts, tmp_path, change):
    for share in ("1/2", "2/2"):
        make_parts(config(texts, tmp_path / "out", parts=share))
    change(texts / "two.txt")
    message = (
        r"out: two\.txt: changed since parts were made of it; make them with 'corpuskit prepare --parts'"
    )
    with pytest.raises(ConfigError, match=message):
        commit_parts(config(texts, tmp_path / "out"))
    for share in ("1/2", "2/2"):
        make_parts(config(texts, tmp_path / "out", parts=share))
    assert commit_parts(config(texts, tmp_path / "out")).made
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize(
    "change", [lambda path: path.chmod(0o600), lambda path: os.link(path, f"{path}.bak~")]
)
def test_parts_of_an_input_that_only_looks_changed_are_used(texts, tmp_path, change, monkeypatch):
    """Its bytes are those of which a run has kept the sha256."""
    for share in ("1/2", "2/2"):
        make_parts(config(texts / "two.txt", tmp_path / "out", parts=share))
    change(texts / "two.txt")
    monkeypatch.setattr(Worker, "run", lambda *_: pytest.fail("made again"))
    assert commit_parts(config(texts / "two.txt", tmp_path / "out")).made


@pytest.mark.parametrize("change", [replace, rewrite])
def test_an_input_that_changes_while_it_is_used_is_an_error_and_the_next_run_is_right(
    texts, tmp_path, assert_same, change
):
    changed = []

    def on_progress(progress: object) -> None:
        if progress.parts_done and not changed:
            changed.append(True)
            change(texts / "two.txt")

    with pytest.raises(SourceError, match=r"two\.txt.*changed while it was in use"):
        run(config(texts, tmp_path / "out"), on_progress=on_progress)
    run(config(texts, tmp_path / "out"))
    run(config(texts, tmp_path / "afresh"))
    assert_same(tmp_path / "out", tmp_path / "afresh")


@pytest.mark.parametrize("what", ["corpuskit", "tiktoken"])
def test_parts_of_other_versions_are_not_used(texts, tmp_path, monkeypatch, what):
    from corpuskit.preparation import versions

    first = make_parts(config(texts, tmp_path / "out", parts="1/1"))
    if what == "corpuskit":
        monkeypatch.setattr(versions, "__version__", "999")
    else:
        monkeypatch.setattr(versions, "_libraries", lambda: {what: "999"})
    second = make_parts(config(texts, tmp_path / "out", parts="1/2"))
    assert second.folder != first.folder
    assert second.num_made == second.num_mine
    with pytest.raises(ConfigError, match=r"of \d+ parts are missing"):
        commit_parts(config(texts, tmp_path / "out"))


def test_parts_of_other_options_are_named_where_none_are_there(texts, tmp_path):
    make_parts(config(texts, tmp_path / "out", parts="1/1"))
    with pytest.raises(ConfigError, match="that are there were made with other options or other versions"):
        commit_parts(config(texts, tmp_path / "out", part_bytes=4_000))
    (texts / "three.txt").write_text("three\n")
    with pytest.raises(ConfigError, match="made when there were 2 inputs, and there are 3 now"):
        commit_parts(config(texts, tmp_path / "out"))


def test_damage_to_any_work_file_costs_work_and_nothing_else(texts, tmp_path, assert_same):
    run(config(texts, tmp_path / "right"))
    done = make_parts(config(texts, tmp_path / "out", parts="1/1"))
    files = sorted(path for path in done.folder.parent.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".bin", ".idx", ".json"}
    for number, path in enumerate(files):
        data = bytearray(path.read_bytes())
        data[number * 37 % len(data)] ^= 0x10
        path.write_bytes(data)
    run(config(texts, tmp_path / "out"))
    assert_same(tmp_path / "out", tmp_path / "right")
    assert not list(tmp_path.glob(".out*"))
