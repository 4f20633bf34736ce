"""What the tests of this folder work with: processes, faults in their system calls, and worlds."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent

#: The kinds of system calls in the order of preload.c, each with the errors that it may be given.
ERRORS: dict[str, tuple[str, ...]] = {
    "open": ("EIO", "ENOSPC", "EACCES", "EROFS", "EMFILE"),
    "read": ("EIO", "ESTALE"),
    "write": ("EIO", "ENOSPC", "EDQUOT", "EFBIG"),
    "fsync": ("EIO", "ENOSPC"),
    "close": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC", "EACCES", "EROFS", "EXDEV"),
    "link": ("EIO", "ENOSPC", "EACCES", "EROFS"),
    "unlink": ("EIO", "EACCES", "EROFS"),
    "mkdir": ("EIO", "ENOSPC", "EACCES", "EROFS"),
    "rmdir": ("EIO", "EACCES", "EROFS"),
    "truncate": ("EIO", "ENOSPC"),
    "mmap": ("ENOMEM", "EPERM"),
    "stat": ("EIO", "EACCES", "ESTALE"),
    "list": ("EIO", "ESTALE"),
}
KINDS = tuple(ERRORS)
_COUNT, _FAIL, _SIGNAL = range(3)
_CONTROL = struct.Struct(f"1024s256s8i2i{len(KINDS)}i512s")


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault: what happens at the nth call of a kind, counted from 1.

    Args:
        kind: One of `KINDS`, or None for any.
        nth: Which call.
        error: The errno that the call gets, by name.
        signal: Or the signal that the process gets before the call.
        forever: Whether the calls after it get the error too.
        group: Whether the signal goes to the whole process group.
        only: Calls whose path does not contain this are not counted.
        no_locks: Whether flock does nothing and succeeds, as on some cluster file systems.
    """

    kind: str | None = None
    nth: int = 0
    error: str = ""
    signal: int = 0
    forever: bool = False
    group: bool = False
    only: str = ""
    no_locks: bool = False

    def __str__(self) -> str:
        what = self.error + (" for ever" if self.forever else "")
        if self.signal:
            what = signal.Signals(self.signal).name + (" to all" if self.group else "")
        return f"{what or 'nothing'} at {self.kind or 'any'} call {self.nth}"


class Control:
    """The file that tells the preload library what to do, and that it counts in."""

    def __init__(self, path: Path, scope: Path) -> None:
        self.path = path
        self.scope = scope
        path.write_bytes(bytes(_CONTROL.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def set(self, fault: Fault) -> None:
        """Forget what was counted, and have a fault from now on."""
        action = _FAIL if fault.error else _SIGNAL if fault.signal else _COUNT
        kind = len(KINDS) if fault.kind is None else KINDS.index(fault.kind)
        code = getattr(errno, fault.error) if fault.error else 0
        numbers = (action, kind, fault.nth, fault.forever, code, fault.signal, fault.group, fault.no_locks)
        scope = os.fsencode(self.scope)
        self._map[:] = _CONTROL.pack(scope, fault.only.encode(), *numbers, 0, 0, *[0] * len(KINDS), b"")

    def _values(self) -> tuple[Any, ...]:
        return _CONTROL.unpack(self._map[:])

    @property
    def total(self) -> int:
        """How many calls were counted."""
        return int(self._values()[11])

    @property
    def counts(self) -> dict[str, int]:
        """How many calls of each kind were counted."""
        return dict(zip(KINDS, self._values()[12 : 12 + len(KINDS)], strict=True))

    @property
    def where(self) -> str:
        """The first call that was hit: its kind, and the path below the folder."""
        kind, _, path = self._values()[-1].rstrip(b"\0").decode(errors="replace").partition(" ")
        return f"{KINDS[int(kind)]} {path.removeprefix(str(self.scope))}" if path else "nowhere"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a process ended: its exit code (minus a signal's number) and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """What it said on stderr; Ctrl-C may leave an empty line for what the terminal shows of it."""
        return [line for line in self.stderr.splitlines() if line]


class Process:
    """A run of the command line under way."""

    def __init__(self, launcher: Launcher, pid: int, stdout: Path, stderr: Path) -> None:
        self.pid = pid
        self._launcher = launcher
        self._stdout, self._stderr = stdout, stderr

    def wait(self) -> Outcome:
        """Wait for its end."""
        status = self._launcher.ask(wait=self.pid, stopped=False)["status"]
        outcome = Outcome(os.waitstatus_to_exitcode(status), _text(self._stdout), _text(self._stderr))
        for path in (self._stdout, self._stderr):
            if path.is_file():
                path.unlink()
        return outcome

    def wait_until_stopped(self) -> bool:
        """Wait until a signal has stopped it; False if it has ended, which `wait` may then not be asked."""
        return os.WIFSTOPPED(self._launcher.ask(wait=self.pid, stopped=True)["status"])

    def kill(self, number: int, *, group: bool = False) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


class Launcher:
    """Starts runs of the command line; see launcher.py.

    Args:
        scratch: A folder for what the runs print.
        preload: The preload library, or None to do without.
        control: Where it is told what to do.
        environ: Environment variables for every run.
    """

    def __init__(
        self, scratch: Path, *, preload: Path | None, control: Control, environ: Mapping[str, str]
    ) -> None:
        self.control = control
        self._scratch = scratch
        environment = {**clean_environment(), **environ}
        if preload is not None:
            environment |= {"LD_PRELOAD": str(preload), "CORPUSKIT_FAULTS": str(control.path)}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "launcher.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request, one answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    def start(
        self,
        arguments: Sequence[str],
        cwd: Path,
        *,
        fault: Fault | None = None,
        environ: Mapping[str, str] | None = None,
        limits: Mapping[str, int] | None = None,
        stdout: str = "",
    ) -> Process:
        """Start a run, with a fault; None leaves what is set, and what is counted, as it is.

        stdout may be "full", for a disk without room, or "closed".
        """
        if fault is not None:
            self.control.set(fault)
        name = uuid.uuid4().hex
        out, err = self._scratch / f"{name}.out", self._scratch / f"{name}.err"
        answer = self.ask(
            run=list(arguments),
            environ={"CORPUSKIT_CACHE_DIR": str(cwd / "cache"), **(environ or {})},
            cwd=str(cwd),
            stdout={"full": "/dev/full", "closed": None}.get(stdout, str(out)),
            stderr=str(err),
            limits=dict(limits or {}),
        )
        return Process(self, answer["pid"], out, err)

    def run(self, arguments: Sequence[str], cwd: Path, **options: Any) -> Outcome:
        """Start a run and wait for its end."""
        options.setdefault("fault", Fault())
        return self.start(arguments, cwd, **options).wait()

    def close(self) -> None:
        """End it; its runs have ended by now."""
        for stream in (self._process.stdin, self._process.stdout):
            _close(stream)
        self._process.wait()


def _close(stream: IO[str] | None) -> None:
    if stream is not None:
        stream.close()


def clean_environment() -> dict[str, str]:
    """This process's environment, with what finds this checkout and without what changes corpuskit."""
    root = str(HERE.parents[1])
    found = {name: value for name, value in os.environ.items() if not name.startswith("CORPUSKIT_")}
    path = os.pathsep.join(filter(None, [root, found.get("PYTHONPATH", "")]))
    return {**found, "PYTHONPATH": path, "CORPUSKIT_PLUGINS": "", "OMP_NUM_THREADS": "1"}


def files(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: files with their bytes, folders (and links, as they are) with None."""
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        is_file = path.is_file() and not path.is_symlink()
        found[str(path.relative_to(folder))] = path.read_bytes() if is_file else None
    return found


#: Files that tell about the run rather than about the corpus.
_ABOUT_THE_RUN = {"run.json"}


def corpus(folder: Path) -> dict[str, bytes | None] | None:
    """The files of a corpus or an export whose bytes must not depend on the run; None if it is not there."""
    if not folder.exists():
        return None
    return {name: data for name, data in files(folder).items() if Path(name).name not in _ABOUT_THE_RUN}


def names(folder: Path) -> set[str]:
    """What there is below a folder, by relative path, but for locks, which stay where they could be made."""
    return {name for name in files(folder) if not name.startswith("cache/locks")}


def differences(found: Mapping[str, Any] | None, expected: Mapping[str, Any] | None) -> list[str]:
    """In which files two corpora differ."""
    found, expected = found or {}, expected or {}
    return sorted(name for name in {*found, *expected} if found.get(name, 0) != expected.get(name, 0))


def write_texts(folder: Path, *, num_files: int = 3, num_documents: int = 30, seed: int = 1) -> None:
    """A few JSON Lines files, the same every time: texts, and conversations that end with them."""
    generator = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    words = ["one", "två", "three", "四", "don't", "5,000", "🙂"]
    for number in range(num_files):
        texts = [" ".join(generator.choices(words, k=generator.randint(1, 30))) for _ in range(num_documents)]
        lines = [
            json.dumps(
                {
                    "text": text,
                    "n": one,
                    "file": number,
                    "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": text}],
                }
            )
            for one, text in enumerate(texts)
        ]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A command in a folder: what is there before it, and what it makes.

    Args:
        name: For the tests' ids.
        arguments: The command line, relative to the folder.
        result: What it makes, relative to the folder.
        before: Commands that make what is there before it.
        environ: Environment variables.
    """

    name: str
    arguments: tuple[str, ...]
    result: str
    before: tuple[tuple[str, ...], ...] = ()
    environ: Mapping[str, str] = dataclasses.field(default_factory=dict)


class World:
    """A scenario's folder, which can be had again as it was before the command.

    Attributes:
        folder: Where the commands run.
        old: What the command replaces, or None.
        expected: What it makes.
        expected_names: What there is in the folder after it.
        counts: How many calls of each kind it makes there.
        total: How many calls in all.
    """

    def __init__(self, scenario: Scenario, launcher: Launcher, folder: Path) -> None:
        self.scenario = scenario
        self.launcher = launcher
        self.folder = folder
        self._template = folder.with_name(folder.name + "-template")
        folder.mkdir(parents=True)
        write_texts(folder / "texts")
        for arguments in scenario.before:
            self._succeed(arguments)
        (folder / "cache").mkdir(exist_ok=True)
        shutil.copytree(folder, self._template, symlinks=True)
        self.old = corpus(self.result)
        self._succeed(scenario.arguments)
        self.counts, self.total = launcher.control.counts, launcher.control.total
        self.expected, self.expected_names = corpus(self.result), names(folder)
        assert self.expected
        assert self.expected != self.old

    @property
    def result(self) -> Path:
        """What the command makes."""
        return self.folder / self.scenario.result

    def _succeed(self, arguments: Sequence[str]) -> None:
        outcome = self.launcher.run(arguments, self.folder, environ=self.scenario.environ)
        assert (outcome.code, outcome.stderr) == (0, ""), (arguments, outcome)

    def reset(self) -> None:
        """Have the folder as it was before the command."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._template, self.folder, symlinks=True)

    def start(self, fault: Fault, **options: Any) -> Process:
        """Start the command, with a fault."""
        return self.launcher.start(
            self.scenario.arguments, self.folder, fault=fault, environ=self.scenario.environ, **options
        )

    def run(self, fault: Fault | None = None, **options: Any) -> Outcome:
        """Run the command, with a fault."""
        return self.start(fault or Fault(), **options).wait()

    def state(self) -> str:
        """What is at the result's place: "old", "new", "nothing", or in which files it is neither."""
        found = corpus(self.result)
        if found is None:
            return "nothing"
        if found == self.expected:
            return "new"
        return "old" if found == self.old else f"neither ({', '.join(differences(found, self.expected))})"

    def problems_after(self, outcome: Outcome, *, codes: Sequence[int] = (4,)) -> Iterator[str]:
        """What is wrong after a run that was disturbed, and after the next one, which is not."""
        yield from self._problems_of(outcome, codes)
        state = self.state()
        if state not in ({"new"} if outcome.code == 0 else {"new", "nothing" if self.old is None else "old"}):
            yield f"afterwards there is {state}"
        after = self.run()
        if (after.code, after.stderr) != (0, ""):
            yield f"the next run ends with {after.code}: {after.stderr.strip()!r}"
        if (state := self.state()) != "new":
            yield f"after the next run there is {state}"
        if left := names(self.folder) ^ self.expected_names:
            yield f"after the next run there is too much or too little: {', '.join(sorted(left))}"

    def _problems_of(self, outcome: Outcome, codes: Sequence[int]) -> Iterator[str]:
        lines = outcome.lines
        if outcome.code not in (0, *codes):
            yield f"exit code {outcome.code}"
        if "Traceback" in outcome.stderr or (outcome.code > 0 and len(lines) != 1):
            yield f"{len(lines)} lines on stderr, the last is {lines[-1:]}"
        if outcome.code == 0 and lines:
            yield f"a word from a run that went well: {lines[0]}"
