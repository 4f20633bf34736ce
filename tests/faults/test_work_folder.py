"""Work folders that were damaged between two runs."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_tools import Fault


def flip(path: Path, draw: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if data:
        at = draw.randrange(len(data))
        data[at] ^= 1 << draw.randrange(8)
        path.write_bytes(data)


def truncate(path: Path, draw: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: draw.randrange(max(path.stat().st_size, 1))])


def delete(path: Path, draw: random.Random) -> None:
    path.unlink()


def empty(path: Path, draw: random.Random) -> None:
    path.write_bytes(b"")


def replace(path: Path, draw: random.Random) -> None:
    path.write_bytes(draw.randbytes(path.stat().st_size))


def swap(path: Path, draw: random.Random) -> None:
    """Give a file the bytes of another of its kind."""
    others = sorted(path.parent.glob(f"*{path.suffix}"))
    path.write_bytes(draw.choice(others).read_bytes())


def change_a_number(path: Path, draw: random.Random) -> None:
    """Change one digit, which leaves a record that can be parsed."""
    data = bytearray(path.read_bytes())
    if digits := [at for at, byte in enumerate(data) if byte in b"123456789"]:
        at = draw.choice(digits)
        data[at] = draw.choice([digit for digit in b"123456789" if digit != data[at]])
        path.write_bytes(data)


def make_a_folder(path: Path, draw: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [flip, truncate, delete, empty, replace, swap, change_a_number, make_a_folder]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("suffix", [".bin", ".loss.bin", ".fields.arrow", ".idx", ".json"])
@pytest.mark.fault("K3", "D10", "D11")
def test_a_damaged_work_folder_costs_its_parts_and_no_more(
    worlds, draw, damage: Callable[[Path, random.Random], None], suffix
):
    world = worlds("keep")
    world.reset()
    # The last file that has its name before the commit is run.json's temporary one.
    killed = world.run(Fault("open", 1, signal=signal.SIGKILL, only=".run.json"))
    assert killed.code == -signal.SIGKILL
    kept = world.folder.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(world.folder, kept)
    work = next((kept / ".out.preparing").iterdir(), None)
    assert work is not None
    there = sorted(path.relative_to(kept) for path in (kept / ".out.preparing").rglob(f"*{suffix}"))
    chosen = draw.some([path for path in there if "tmp" not in str(path)], 2)
    assert chosen

    def problems_of(path: Path) -> Iterator[str]:
        shutil.rmtree(world.folder)
        shutil.copytree(kept, world.folder)
        damage(world.folder / path, draw.random)
        yield from world.problems_after(world.run(), codes=())

    draw.check(chosen, problems_of)
