"""Fixtures of the tests under faults: the preload library, processes, worlds, and how much is tried.

Each random test draws from `--seed` and its own id. It tries a few faults by default and as many as
`--rounds` says; where there are fewer than that, it tries all. `pytest tests/faults --rounds 1000 --seed 7`
soaks.
"""

from __future__ import annotations

import dataclasses
import functools
import http.server
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from fault_tools import Control, Launcher, Scenario, World, write_texts  # noqa: E402 - beside this file

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Draw:
    """What a test draws its faults from, and how many of them it tries."""

    random: random.Random
    rounds: int | None

    def count(self, default: int) -> int:
        """How many rounds to go."""
        return default if self.rounds is None else self.rounds

    def some(self, choices: Sequence[T], default: int) -> list[T]:
        """So many of the choices, in random order; all where there are no more."""
        return self.random.sample(choices, min(self.count(default), len(choices)))

    def check(self, choices: Iterable[T], problems_of: Callable[[T], Iterable[str]]) -> None:
        """Fail with all that is wrong with any of the choices."""
        problems: list[str] = []
        for choice in choices:
            problems += [f"{choice}: {problem}" for problem in problems_of(choice)]
        assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems)


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Random numbers of the test's own."""
    seed, rounds = request.config.getoption("--seed"), request.config.getoption("--rounds")
    return Draw(random.Random(f"{seed} {request.node.name}"), rounds)


@pytest.fixture(scope="session")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of preload.c."""
    if sys.platform != "linux":
        pytest.skip("the faults are those of Linux's system calls")
    compiler = next(filter(shutil.which, [sysconfig.get_config_var("CC") or "", "cc", "gcc", "clang"]), None)
    if compiler is None:
        pytest.skip("no C compiler is at hand to build preload.c with")
    library = tmp_path_factory.mktemp("preload") / "preload.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "preload.c"), "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory, preload: Path, server: str) -> Iterator[Launcher]:
    """Runs the command line with faults in the folder `scope`."""
    # In memory where that can be: most of the time goes into fsync, which is not what is tested.
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK):
        base = Path(tempfile.mkdtemp(prefix="corpuskit-faults-", dir=memory))
    else:
        base = tmp_path_factory.mktemp("faults")
    for name in ("scope", "output"):
        (base / name).mkdir()
    control = Control(base / "control", base / "scope")
    launcher = Launcher(base / "output", preload=preload, control=control, environ={"SERVER": server})
    yield launcher
    launcher.close()
    shutil.rmtree(base)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a loopback server of a folder with texts."""
    folder = tmp_path_factory.mktemp("served")
    write_texts(folder)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None: ...

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *arguments: object) -> None: ...  # clients that were killed

    with Server(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


#: Small parts and shards, so that there are several of each.
OPTIONS = ("--encoding", "bytes", "--part-bytes", "8K", "--shard-bytes", "5K", "-q")
#: Conversations, whose corpora have a stream of values beside the ids; what they replace has none.
PREPARE = ("prepare", "./texts", *OPTIONS, "--format", "chat", "--add-tokens", "-o", "out")
OLD = ("prepare", "./texts", *OPTIONS, "-o", "out", "--workers", "1")


def scenarios(server: str) -> dict[str, Scenario]:
    """Each command that writes."""
    found = [
        Scenario("prepare", (*PREPARE, "--workers", "1"), "out"),
        Scenario("workers", (*PREPARE, "--workers", "2"), "out"),
        Scenario("keep", (*PREPARE, "--workers", "1", "--keep", "n,file:str"), "out"),
        Scenario("overwrite", (*PREPARE, "--workers", "1", "--overwrite"), "out", before=(OLD,)),
        Scenario(
            "commit",
            ("commit", *PREPARE[1:]),
            "out",
            before=((*PREPARE, "--parts", "1/2"), (*PREPARE, "--parts", "2/2")),
        ),
        Scenario(
            "export",
            ("export", "out", "--format", "megatron", "-o", "exported", "-q", "--overwrite"),
            "exported",
            before=((*PREPARE, "--workers", "1"),),
        ),
        Scenario("fetch", ("prepare", f"{server}/0.jsonl", *OPTIONS, "-o", "out", "--workers", "1"), "out"),
    ]
    return {scenario.name: scenario for scenario in found}


@pytest.fixture(scope="session")
def worlds(launcher: Launcher, server: str) -> Callable[[str], World]:
    """A scenario's world by its name, made when it is asked for."""

    @functools.cache
    def make(name: str) -> World:
        return World(scenarios(server)[name], launcher, launcher.control.scope / name / "world")

    return make
