"""A source and a template that do what the test says, in this process and on every node of a cluster."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from corpuskit.testing import fake_distribution

GATED = '''\
"""A folder of text files, one document a line. Files in others say what happens in the middle of one."""

import os
import signal
import time
from pathlib import Path

import corpuskit
from corpuskit import Document
from corpuskit.chat.chatml import Chatml
from corpuskit.errors import SourceError
from corpuskit.plugin import TemplateSpec
from corpuskit.sources.base import Input, Source


class Rotten(SourceError):
    """An error that only this plugin knows, of a kind that pickle cannot make again."""

    def __init__(self, name, number):
        super().__init__(f"{name}, line {number}: rotten", path=name)


class Gated(Source):
    def inputs(self):
        texts = sorted(Path(self.argument, "texts").iterdir())
        return [Input.of_text(path.name, path.read_bytes()) for path in texts]

    def documents(self, item):
        lines = Path(self.argument, "texts", item.name).read_text().splitlines(keepends=True)
        for number, line in enumerate(lines):
            if number == 2 * len(lines) // 3:  # by now the first batch is in the part's unfinished file
                self._in_the_middle(item.name, number)
            yield Document(line, start=number)

    def _in_the_middle(self, name, number):
        folder = Path(self.argument)
        node = os.environ.get("TEST_NODE", "driver")
        (folder / "started" / f"{name} {node} {os.getpid()}").touch()
        while (folder / "closed" / name).exists():
            time.sleep(0.01)
        if (folder / "deadly" / name).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (folder / "rotten" / name).exists():
            raise Rotten(name, number)
        if (folder / "buggy" / name).exists():
            raise KeyError(name)


class Deadly(Chatml):
    """ChatML. A conversation that begins with a file's name kills its process, after the file."""

    TAKES_ARGUMENT = True

    def __init__(self, *, name, argument=None):
        super().__init__(name=name, argument=argument)
        self._folder = argument

    def write(self, conversation, trained, **how):
        first = Path(self._folder, conversation.messages[0].content)
        if first.is_file():
            first.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(conversation, trained, **how)


@corpuskit.hookimpl
def corpuskit_templates():
    return [TemplateSpec("deadly", "ChatML that kills", factory="gated:Deadly")]


@corpuskit.hookimpl
def corpuskit_sources():
    return [corpuskit.SourceSpec("gated", "Text that waits", factory="gated:Gated", split="valid=0.2")]
'''


@dataclasses.dataclass(frozen=True)
class Gates:
    """A corpus of the source `gated`, and what happens to whoever reads it."""

    folder: Path
    names: list[str]

    @property
    def dataset(self) -> str:
        return f"gated:{self.folder}"

    def set(self, what: str, *names: str) -> None:
        """From now on these are `closed`, `deadly`, `rotten` or `buggy`, or all that there are."""
        for name in names or self.names:
            (self.folder / what / name).touch()

    def open(self) -> None:
        """From now on nothing happens."""
        for what in ("closed", "deadly", "rotten", "buggy"):
            for path in (self.folder / what).iterdir():
                path.unlink()

    def started(self) -> list[tuple[str, str, int]]:
        """Who came to the middle of a text: (text, node, process)."""
        found = [path.name.split(" ") for path in (self.folder / "started").iterdir()]
        return [(name, node, int(pid)) for name, node, pid in found]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in one process: each module starts a cluster, which takes more than its tests do."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("ray"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH in which the plugin of the source `gated` is installed."""
    site = tmp_path_factory.mktemp("site")
    fake_distribution(site, "gated", entry_points={"gated": "gated"}, modules={"gated": GATED})
    return site


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    folder = tmp_path / "gated"
    for name in ("texts", "started", "closed", "deadly", "rotten", "buggy"):
        (folder / name).mkdir(parents=True)
    names = [f"text-{number}" for number in range(6)]
    for number, name in enumerate(names):
        lines = [f"{name}, line {line}: na\u00efve \U0001f642\n" for line in range(400 + 10 * number)]
        (folder / "texts" / name).write_text("".join(lines), encoding="utf-8")
    return Gates(folder, names)
