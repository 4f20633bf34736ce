"""Disks that are full, on a real file system made small, and limits of the process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fault_tools import corpus, names


@pytest.fixture
def disk(tmp_path):
    """A file system of the test's own, whose size and number of files can be changed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")

    def mount(options: str) -> str | None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr or None

    if problem := mount("size=1m"):
        pytest.skip(f"no file system can be mounted here: {problem.strip()}")
    yield folder, lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", "-l", str(folder)], check=True)


ENOUGH = "size=8m,nr_inodes=10000"


@pytest.mark.parametrize("command", ["prepare", "overwrite", "export", "commit"])
@pytest.mark.parametrize("what", ["bytes", "files"])
@pytest.mark.fault("D1", "D3", "D8")
def test_a_full_disk_is_told_and_with_room_the_next_run_completes(disk, worlds, draw, command, what):
    folder, remount = disk
    world = worlds(command)
    for _ in range(draw.count(2)):
        world.reset()
        assert remount(ENOUGH) is None
        for entry in folder.iterdir():
            shutil.rmtree(entry)
        # All of the scenario's folder is on the small disk, but for the texts.
        for entry in ("out", ".out.preparing"):
            if (world.folder / entry).exists():
                shutil.move(world.folder / entry, folder / entry)
        used = _used(folder, what)
        arguments = [str(folder / "out") if word == "out" else word for word in world.scenario.arguments]
        arguments = [str(folder / "exported") if word == "exported" else word for word in arguments]
        result = folder / world.scenario.result
        old = corpus(result)
        if what == "bytes":
            size = used + 4096 * draw.random.randint(1, 8)
            limited = f"size={size}"
        else:
            limited = f"nr_inodes={used + draw.random.randint(1, 8)}"
        assert remount(limited) is None
        full = world.launcher.run(arguments, world.folder)
        if full.code == 0:
            assert corpus(result) == world.expected
        else:
            assert full.code == 4, (limited, full)
            assert re.fullmatch(r"corpuskit: error: .*\n", full.stderr), (limited, full)
            assert re.search(r"No space left|[0-9,]+ (bytes )?are free there", full.stderr), (limited, full)
            assert corpus(result) == old
        assert remount(ENOUGH) is None
        after = world.launcher.run(arguments, world.folder)
        assert (after.code, after.stderr) == (0, ""), limited
        assert corpus(result) == world.expected
        assert {name.partition("/")[0] for name in names(folder)} <= {"out", "exported"}


def _used(folder, what: str) -> int:
    found = os.statvfs(folder)
    if what == "files":
        return found.f_files - found.f_ffree
    return (found.f_blocks - found.f_bfree) * found.f_frsize


@pytest.mark.parametrize("command", ["prepare", "workers", "overwrite", "export", "commit"])
@pytest.mark.parametrize(
    ("limit", "smallest", "largest"), [("RLIMIT_FSIZE", 1, 6000), ("RLIMIT_NOFILE", 8, 24)]
)
@pytest.mark.fault("D8")
def test_a_limit_of_the_process_is_told(worlds, draw, command, limit, smallest, largest):
    world = worlds(command)

    def problems_of(value: int) -> Iterator[str]:
        world.reset()
        yield from world.problems_after(world.run(limits={limit: value}))

    draw.check(draw.some(range(smallest, largest + 1), 2), problems_of)


@pytest.mark.fault("D15")
@pytest.mark.parametrize("command", ["prepare", "workers", "export", "fetch"])
def test_a_temporary_folder_is_not_needed(worlds, draw, command):
    world = worlds(command)
    world.reset()
    outcome = world.launcher.run(
        world.scenario.arguments,
        world.folder,
        environ={**world.scenario.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), "/dev/null/nowhere")},
    )
    draw.check([outcome], lambda outcome: world.problems_after(outcome, codes=()))
