"""The local executor: workers that die, errors that come home, runs that are killed and go on."""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import corpuskit
from corpuskit import storage
from corpuskit.errors import SourceError, TokenizerError, WorkerError
from corpuskit.preparation.executors import local
from corpuskit.preparation.parts import worker as work

OPTIONS = {"encoding": "gpt2", "lines": True, "split": "valid=0.1", "part_bytes": 8_000}


@pytest.fixture
def expected(prose, tmp_path) -> Path:
    """The corpus that an undisturbed run in one process makes."""
    return corpuskit.prepare(str(prose), output=tmp_path / "expected", workers=1, **OPTIONS).path


class Saboteur:
    """Kills the worker that makes one part, the first few times it is made."""

    def __init__(self, folder: Path, part: int, times: int, how: int) -> None:
        self.folder, self.part, self.times, self.how = folder, part, times, how
        self.run = work.Worker.run

    def __call__(self, worker, number, on_work=None):
        if number == self.part:
            attempts = len(list(self.folder.iterdir()))
            if attempts < self.times:
                (self.folder / f"attempt-{attempts}").touch()
                faulthandler.disable()
                os.kill(os.getpid(), self.how)
        return self.run(worker, number, on_work)


@pytest.fixture
def forked(monkeypatch) -> None:
    """Workers are forks of this process, whatever threads other tests have left, so they see its patches."""
    monkeypatch.setattr(local, "may_fork", lambda: True)


@pytest.fixture
def sabotage(monkeypatch, tmp_path, forked):
    folder = tmp_path / "attempts"
    folder.mkdir()

    def install(part: int, times: int, how: int = signal.SIGKILL) -> None:
        saboteur = Saboteur(folder, part, times, how)
        monkeypatch.setattr(work.Worker, "run", lambda *args: saboteur(*args))

    return install


@pytest.mark.fault("P4")
def test_part_of_a_killed_worker_is_made_again(prose, tmp_path, expected, sabotage, assert_same, caplog):
    sabotage(part=5, times=1)
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    assert_same(expected, corpus.path)
    assert "a worker was killed by SIGKILL while it made part 5, which is tried again" in caplog.text


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
@pytest.mark.fault("P4", "P5")
def test_part_that_kills_every_worker_fails_the_run_and_names_the_signal(
    prose, tmp_path, expected, sabotage, assert_same, monkeypatch, how
):
    sabotage(part=5, times=2, how=how)
    message = rf"part 5 \(prose.txt\): its worker was killed by {how.name}, 2 times; finished parts are kept"
    with pytest.raises(WorkerError, match=message):
        corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    assert not (tmp_path / "x").exists()
    monkeypatch.undo()
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    assert_same(expected, corpus.path)


def test_error_in_a_worker_comes_home_as_what_it_was(tmp_path):
    text = tmp_path / "text.txt"
    text.write_bytes(b"fine\n" * 5000 + b"bad \xff\n" + b"fine\n" * 5000)
    with pytest.raises(SourceError, match=r"text.txt:5001: invalid UTF-8") as caught:
        corpuskit.prepare(str(text), output=tmp_path / "x", workers=2, **OPTIONS)
    assert "text.txt" in str(caught.value.path)


def test_bug_in_a_worker_names_the_part_and_the_exception(prose, tmp_path, monkeypatch, forked):
    def run(self, number, on_work=None):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(work.Worker, "run", run)
    with pytest.raises(WorkerError, match=r"part \d+: ZeroDivisionError: division by zero"):
        corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)


@pytest.mark.fault("P9", "G9")
def test_threads_in_the_caller_mean_fresh_interpreters_and_the_same_bytes(
    prose, tmp_path, expected, assert_same
):
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not local.may_fork()
        corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    finally:
        stop.set()
        thread.join()
    assert_same(expected, corpus.path)


WITH_A_THREAD = """
import sys, threading
sys.path.insert(0, {beside!r})
import importlib, corpuskit
local = importlib.import_module("corpuskit.preparation.executors.local")
threading.Thread(target=threading.Event().wait, daemon=True).start()
{more}
corpuskit.prepare({text!r}, output="x", workers=2, encoding={encoding!r}, part_bytes=20_000, lines=True)
"""


def run_with_a_thread(folder: Path, prose: Path, *, encoding: str = "gpt2", more: str = "", **environ: str):
    """Prepare in a working folder of traps, from a script that has another thread and so may not fork."""
    (folder / "beside").mkdir()
    (folder / "cwd").mkdir()
    (folder / "beside" / "script.py").write_text(
        WITH_A_THREAD.format(beside=str(folder / "beside"), text=str(prose), encoding=encoding, more=more)
    )
    for name in ("json", "signal", "socket", "tiktoken", "numpy", "sitecustomize", "corpuskit_beside"):
        (folder / "cwd" / f"{name}.py").write_text(
            "open('RAN', 'w').close()\nraise SystemExit('a stranger')\n"
        )
    return subprocess.run(
        [sys.executable, folder / "beside" / "script.py"],
        cwd=folder / "cwd", env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_workers_that_are_not_forked_import_nothing_from_the_working_folder(prose, tmp_path):
    ended = run_with_a_thread(tmp_path, prose)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (tmp_path / "cwd" / "RAN").exists()
    assert corpuskit.verify(tmp_path / "cwd" / "x") == []


def test_workers_that_are_not_forked_have_the_parents_path_and_not_the_users_variable(prose, tmp_path):
    """A module beside the script is found by a worker, whatever PYTHONPATH says by then."""
    (tmp_path / "module").mkdir()
    (tmp_path / "module" / "corpuskit_beside.py").write_text("")
    more = (
        f"import os; sys.path.append({str(tmp_path / 'module')!r}); os.environ['PYTHONPATH'] = '/nowhere'\n"
    )
    more += "local._BEGIN = local._BEGIN.replace('try:', 'import corpuskit_beside\\ntry:')"
    ended = run_with_a_thread(tmp_path, prose, more=more)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not (tmp_path / "cwd" / "RAN").exists()


def test_a_worker_that_cannot_import_says_what_it_lacks(prose, tmp_path):
    more = "local._BEGIN = local._BEGIN.replace('preparation.executors.local', 'preparation.gone')"
    ended = run_with_a_thread(tmp_path, prose, more=more)
    line = ended.stderr.splitlines()[-1]
    assert line.startswith(
        "corpuskit.errors.WorkerError: a worker cannot begin: ModuleNotFoundError: No module"
    )


def test_a_plugin_that_leaves_in_a_worker_is_told_of(prose, tmp_path, monkeypatch, forked):
    def run(self, number, on_work=None):
        sys.exit("not on this machine")

    monkeypatch.setattr(work.Worker, "run", run)
    with pytest.raises(WorkerError, match=r"part \d+: SystemExit: not on this machine"):
        corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)


def test_worker_that_has_grown_is_replaced_after_its_part(
    prose, tmp_path, expected, assert_same, monkeypatch, forked
):
    run, pids = work.Worker.run, tmp_path / "pids"
    pids.mkdir()

    def noting(self, number, on_work=None):
        (pids / f"{os.getpid()}-{number}").touch()
        return run(self, number, on_work)

    monkeypatch.setattr(work.Worker, "run", noting)
    monkeypatch.setattr(local, "_MAX_GROWTH_BYTES", -(2**60))
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    assert_same(expected, corpus.path)
    parts = [path.name.split("-") for path in pids.iterdir()]
    assert len({pid for pid, _ in parts}) == len({number for _, number in parts}) == len(parts) > 4


def test_a_worker_that_has_grown_makes_as_many_parts_again_and_is_replaced():
    def answers(*mebibytes):
        member = local._Member(None, 0)
        return [member.is_too_large(grown * 2**20) for grown in mebibytes]

    assert answers(*[39] * 50) == [False] * 50
    assert answers(5, 30, 39, 48, 48, 48, 48) == [False] * 6 + [True]
    assert answers(5, 30, 39, 80) == [False] * 3 + [True]
    assert answers(48) == [True]


@pytest.mark.parametrize("where", ["opened", "loaded"])
def test_a_worker_that_cannot_begin_says_why(where):
    def fail():
        raise TokenizerError("the vocabulary is not on this machine")

    def open_worker():
        return SimpleNamespace(load=fail) if where == "loaded" else fail()

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b'{"part": 3}\n')
        local.serve(theirs, open_worker)
        told = json.loads(ours.recv(2**16))
    with pytest.raises(TokenizerError, match="the vocabulary is not on this machine"):
        local.raise_described(told)


def test_finished_parts_are_not_made_again(prose, tmp_path, expected, sabotage, assert_same, monkeypatch):
    sabotage(part=5, times=2)
    with pytest.raises(WorkerError):
        corpuskit.prepare(str(prose), output=tmp_path / "x", workers=2, **OPTIONS)
    monkeypatch.undo()
    made = []
    run = work.Worker.run
    monkeypatch.setattr(
        work.Worker, "run", lambda self, number, report=None: made.append(number) or run(self, number, report)
    )
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=1, **OPTIONS)
    assert_same(expected, corpus.path)
    num_parts = json.loads((corpus.path / "run.json").read_bytes())["num_parts"]
    assert 5 in made
    assert len(made) < num_parts


@pytest.mark.fault("K3")
def test_damaged_or_foreign_part_is_made_again(prose, tmp_path, expected, sabotage, assert_same, monkeypatch):
    sabotage(part=5, times=2)
    with pytest.raises(WorkerError):
        corpuskit.prepare(str(prose), output=tmp_path / "x", workers=1 + 1, **OPTIONS)
    monkeypatch.undo()
    (folder,) = (path for path in (tmp_path / ".x.preparing").iterdir() if path.is_dir())
    records = sorted(folder.glob("part-*.json"))
    assert len(records) >= 4
    shard = next(folder.glob(f"{records[0].stem}-*.bin"))
    os.truncate(shard, shard.stat().st_size - 2)
    flipped = next(folder.glob(f"{records[3].stem}-*.bin"))
    flipped.write_bytes(bytes([flipped.read_bytes()[0] ^ 1]) + flipped.read_bytes()[1:])
    records[1].write_text("{")
    value = json.loads(records[2].read_text())
    records[2].write_text(json.dumps({**value, "fingerprint": "of another plan"}))
    corpus = corpuskit.prepare(str(prose), output=tmp_path / "x", workers=1, **OPTIONS)
    assert_same(expected, corpus.path)


SCRIPT = """
import sys, corpuskit
corpuskit.prepare(sys.argv[1], output=sys.argv[2], workers=2, encoding="gpt2", lines=True,
                  split="valid=0.1", part_bytes=int(sys.argv[3]))
"""


def start(prose: Path, output: Path, part_bytes: int = 8_000) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(prose), str(output), str(part_bytes)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.fault("P2")
def test_killed_ten_times_at_random_moments_the_result_is_the_same(
    prose, tmp_path, expected, assert_same, pytestconfig
):
    generator = random.Random(pytestconfig.getoption("--seed"))
    kills = 0
    for _ in range(200):
        process = start(prose, tmp_path / "x")
        try:
            process.wait(timeout=generator.uniform(0.15, 0.6))
            break
        except subprocess.TimeoutExpired:
            # The first process only, or its workers with it: what they were doing is lost either way.
            if generator.random() < 0.5:
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            if kills == 10:
                process = start(prose, tmp_path / "x")
                assert process.wait() == 0
                break
    assert_same(expected, tmp_path / "x")
    assert corpuskit.verify(tmp_path / "x") == []


@pytest.mark.parametrize("lock", ["shared", "useless"])
@pytest.mark.fault("C1", "O2")
def test_runs_at_once_make_one_corpus(prose, tmp_path, expected, assert_same, lock, monkeypatch):
    processes = []
    for number in range(3):
        if lock == "useless":  # each looks for it in a cache of its own
            monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / f"cache-{number}"))
        processes.append(start(prose, tmp_path / "x"))
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert_same(expected, tmp_path / "x")
    assert not list(tmp_path.glob(".x*"))


@pytest.mark.fault("O3")
def test_orphaned_workers_stop_by_themselves(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a line of text that takes its time\n" * 400_000)
    process = start(text, tmp_path / "x", part_bytes=7_000_000)
    folder = tmp_path / ".x.preparing"
    while not list(folder.glob("*/.part-*.tmp")):
        time.sleep(0.01)
    assert len(running(process.pid)) == 3
    process.kill()
    process.wait()
    while running(process.pid):
        time.sleep(0.02)
    assert running(process.pid) == []


def running(group: int) -> list[int]:
    """The processes of a group that have not ended; an orphan's parent may be slow to bury it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def test_a_worker_that_does_not_stop_is_killed_and_leaves_nothing(tmp_path, monkeypatch, forked):
    (tmp_path / "a.jsonl").write_text('{"text": "good"}\n')
    (tmp_path / "b.jsonl").write_text("bad\n")
    parent, is_writing = os.getpid(), tmp_path / "is-writing"
    write, dismiss = storage.FileWriter.write, local._Member.dismiss

    def write_without_end(file, data):
        write(file, data)
        if os.getpid() != parent and file.path.suffix == ".bin":
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            is_writing.touch()
            time.sleep(600)

    def dismiss_while_it_writes(member):
        while not is_writing.exists():
            time.sleep(0.005)
        dismiss(member)

    monkeypatch.setattr(storage.FileWriter, "write", write_without_end)
    monkeypatch.setattr(local._Member, "dismiss", dismiss_while_it_writes)
    monkeypatch.setattr(local, "_STOP_S", 0.01)
    with pytest.raises(SourceError, match=r"b\.jsonl"):
        corpuskit.prepare(
            [tmp_path / "a.jsonl", tmp_path / "b.jsonl"],
            encoding="bytes",
            output=tmp_path / "x",
            workers=2,
            part_bytes=1,
        )
    assert is_writing.exists()
    assert not list(tmp_path.glob(".x*/**/*.tmp"))
