"""The executor for this machine: supervised worker processes.

The workers talk to this process in lines of JSON over a socket each, so there is nothing to unpickle and
nothing is imported from the user's script. A worker whose socket closes has died: its part goes to a new
worker, and when that one dies too the run fails, naming the part and the signal. A worker that loses this
process stops at its next batch of documents.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from corpuskit.cache import remove_unfinished
from corpuskit.errors import WorkerError
from corpuskit.interrupts import held
from corpuskit.machine import resident_bytes, usable_cores
from corpuskit.preparation.executors.base import Executor, OnPart, describe_error, raise_described
from corpuskit.preparation.executors.forking import fork, may_fork, run_and_exit
from corpuskit.preparation.parts.job import Job, OnWork, load_job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker

log = logging.getLogger(__name__)

#: How often a part whose worker died is tried.
_ATTEMPTS = 2
#: How often a worker reports how far it is, and how long it has to clean up when it is told to stop.
_REPORT_S, _STOP_S = 0.05, 0.5
#: Tokenizers remember words, in tables that double when they are full. A worker that holds so much more than
#: when it began may make as many parts again, for which a table that has just doubled has room, and is then
#: replaced by a fresh fork, which takes 0.05 s and has the words to learn again. Memory then follows from the
#: options and not from the corpus.
_MAX_GROWTH_BYTES = 40 * 2**20


class LocalExecutor(Executor):
    """Makes parts in processes of this machine.

    Args:
        workers: How many processes may work; by default one for each core that this process may use.
    """

    def run(
        self, job: Job, numbers: Sequence[int], *, worker: Worker, on_part: OnPart, on_work: OnWork
    ) -> None:
        """Make the parts with these numbers; see `corpuskit.preparation.executors.base.Executor`."""
        count = min(self.workers or usable_cores(), len(numbers))
        if count == 1:
            for number in numbers:
                if not on_part(worker.run(number, on_work)):
                    return
            return
        if may_fork():
            worker.load()
        with _Team(job, worker, count) as team:
            team.work(numbers, on_part, on_work)


class _Team:
    """Worker processes and what each is doing."""

    def __init__(self, job: Job, worker: Worker, count: int) -> None:
        self._job = job
        self._worker = worker
        self._count = count
        self._selector = selectors.DefaultSelector()
        self._members: list[_Member] = []

    def work(self, numbers: Sequence[int], on_part: OnPart, on_work: OnWork) -> None:
        """Make parts until all are made or no more are needed."""
        todo = deque(numbers)
        died: dict[int, int] = {}
        unfinished = set(numbers)
        for _ in range(self._count):
            self._give(self._hire(), todo)
        while unfinished:
            for member, messages in self._heard():
                for message in messages:
                    if "work" in message:
                        on_work(*message["work"])
                    elif "done" in message:
                        member.part = None
                        unfinished.discard(message["done"])
                        if todo and member.is_too_large(message["grown_bytes"]) and may_fork():
                            member = self._replaced(member)
                        self._give(member, todo)
                        if not on_part(self._record(message["done"])):
                            return
                    else:
                        raise_described(message)
                if messages is _GONE:
                    self._lost(member, todo, died)

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.dismiss()
        deadline = time.monotonic() + _STOP_S
        killed = [member.bury(deadline) for member in self._members]
        if any(killed):
            remove_unfinished(Path(self._job.folder))
        self._selector.close()

    def _hire(self) -> _Member:
        with held():  # who is begun is remembered, and dismissed
            member = _Member.start(self._job, self._worker, others=self._members)
            self._members.append(member)
            self._selector.register(member.socket, selectors.EVENT_READ, member)
        return member

    def _replaced(self, member: _Member) -> _Member:
        """A fresh worker for one that is idle, which ends."""
        self._selector.unregister(member.socket)
        self._members.remove(member)
        member.bury(time.monotonic() + _STOP_S)
        return self._hire()

    def _give(self, member: _Member, todo: deque[int]) -> None:
        if todo:
            member.part = todo.popleft()
            member.send({"part": member.part})

    def _heard(self) -> Iterator[tuple[_Member, Any]]:
        for key, _ in self._selector.select():
            yield key.data, key.data.receive()

    def _record(self, number: int) -> PartRecord:
        """A finished part's record, as it is on disk."""
        record = PartRecord.load(Path(self._job.folder), number, fingerprint=self._job.fingerprint)
        if record is None:
            raise WorkerError(f"part {number} was finished, and its files are gone from {self._job.folder}")
        return record

    def _what(self, number: int) -> str:
        """The input that a part begins with."""
        return self._job.inputs[self._job.parts[number].pieces[0].input].name

    def _lost(self, member: _Member, todo: deque[int], died: dict[int, int]) -> None:
        """A worker is dead: give its part to a new one, or give up."""
        self._selector.unregister(member.socket)
        self._members.remove(member)
        how = member.how_it_ended()
        number = member.part
        if number is not None:
            died[number] = died.get(number, 0) + 1
            if died[number] >= _ATTEMPTS:
                raise WorkerError(
                    f"part {number} ({self._what(number)}): its worker {how}, {died[number]} times; "
                    "finished parts are kept, run the same command again to go on"
                )
            log.warning("a worker %s while it made part %d, which is tried again", how, number)
            todo.appendleft(number)
            self._give(self._hire(), todo)


#: What `_Member.receive` returns once the worker has closed its socket.
_GONE: list[dict[str, Any]] = []


class _Member:
    """One worker process, seen from this one.

    Attributes:
        socket: Where it is heard.
        part: The part it is making.
    """

    def __init__(self, connection: socket.socket, process: int | subprocess.Popen[bytes]) -> None:
        self.socket = connection
        self.part: int | None = None
        self._num_parts = self._num_small = 0  # made by now, and while it was small
        self._process = process
        self._buffer = b""

    @classmethod
    def start(cls, job: Job, worker: Worker, *, others: Sequence[_Member]) -> _Member:
        """Start a worker: a fork where that is safe, which costs nothing, else a fresh interpreter."""
        ours, theirs = socket.socketpair()
        with theirs:
            if may_fork():

                def work() -> None:
                    for member in others:
                        member.socket.close()
                    ours.close()
                    serve(theirs, lambda: worker)

                return cls(ours, fork(work))
            with job.private_file() as private:
                process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                    [sys.executable, "-c", _begin_code(), str(theirs.fileno()), job.folder],
                    pass_fds=[theirs.fileno()],
                    stdin=private,
                    stdout=subprocess.DEVNULL,
                )
            return cls(ours, process)

    def send(self, message: dict[str, Any]) -> None:
        """Tell it something; one that is dead is noticed when it is heard next."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            _send(self.socket, message)

    def receive(self) -> list[dict[str, Any]]:
        """What it said since; `_GONE` when it will not say more."""
        try:
            data = self.socket.recv(2**16)
        except ConnectionResetError:
            data = b""
        if not data:
            return _GONE
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def is_too_large(self, grown_bytes: int) -> bool:
        """Whether a worker that has made one more part should be replaced.

        Args:
            grown_bytes: How much more it holds now than when it began.
        """
        self._num_parts += 1
        if grown_bytes < _MAX_GROWTH_BYTES:
            self._num_small = self._num_parts
        return self._num_parts > 2 * self._num_small or grown_bytes >= 2 * _MAX_GROWTH_BYTES

    def how_it_ended(self) -> str:
        """In words, for an error; waits for the process, whose socket is closed."""
        code = self._wait()
        self.socket.close()
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"

    def dismiss(self) -> None:
        """Ask it to stop and to remove its unfinished files."""
        with contextlib.suppress(ProcessLookupError):
            if isinstance(self._process, int):
                os.kill(self._process, signal.SIGTERM)
            else:
                self._process.terminate()

    def bury(self, deadline: float) -> bool:
        """Wait for it to stop, and kill it when the deadline has passed; True if it was killed."""
        self.socket.close()
        while time.monotonic() < deadline and not self._ended():
            time.sleep(0.005)
        if not self._ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        return self._wait() == -signal.SIGKILL

    @property
    def _pid(self) -> int:
        return self._process if isinstance(self._process, int) else self._process.pid

    def _ended(self) -> bool:
        if not isinstance(self._process, int):
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _wait(self) -> int:
        if not isinstance(self._process, int):
            return self._process.wait()
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])


def serve(connection: socket.socket, open_worker: Callable[[], Worker]) -> None:
    """The worker's side: make the parts that are asked for, until nobody asks any more.

    Args:
        connection: Where parts are asked for, and told of.
        open_worker: Gives what makes them; its errors are told like those of the first part.
    """
    report = _Report(connection)
    worker: Worker | None = None
    began_with_bytes = 0
    with connection.makefile("rb") as lines:
        for line in lines:
            number = json.loads(line)["part"]
            try:
                if worker is None:
                    worker = open_worker()
                    worker.load()
                    began_with_bytes = resident_bytes()
                worker.run(number, report)
            except (Exception, SystemExit) as error:  # a plugin may call sys.exit
                _send(connection, describe_error(number, error))
                return
            report.flush()
            _send(connection, {"done": number, "grown_bytes": resident_bytes() - began_with_bytes})


class _Report:
    """Sums up what a worker does between two messages. Sending fails when the other side is dead."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sums = [0, 0, 0]
        self._part = 0
        self._next = 0.0

    def __call__(self, number: int, size_bytes: int, tokens: int, documents: int) -> None:
        self._part = number
        self._sums = [self._sums[0] + size_bytes, self._sums[1] + tokens, self._sums[2] + documents]
        if time.monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        _send(self._connection, {"work": [self._part, *self._sums]})
        self._sums = [0, 0, 0]
        self._next = time.monotonic() + _REPORT_S


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def begin() -> NoReturn:
    """The life of a worker that is not forked: its socket and the job's folder are its arguments."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    run_and_exit(lambda: serve(connection, lambda: Worker(load_job(Path(sys.argv[2]), json.load(sys.stdin)))))


def _begin_code() -> str:
    """What an interpreter runs to become a worker.

    It imports from where this process does, plugins beside a script included. Its first statement sees to
    that, before anything is found in the working folder, which interpreters look into first.
    """
    return _BEGIN.format(path=ascii([path for path in sys.path if path]))


_BEGIN = """
import sys
sys.path[:] = {path}
try:
    from corpuskit.preparation.executors.local import begin
except BaseException as error:
    import json, os
    why = " ".join(f"a worker cannot begin: {{type(error).__name__}}: {{error}}".split())
    told = {{"error": "WorkerError", "message": why, "facts": {{}}}}
    os.write(int(sys.argv[1]), json.dumps(told).encode() + b"\\n")
    os._exit(1)
begin()
"""
