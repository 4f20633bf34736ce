"""The rooms of corpuskit/, drawn from the tree and from what imports what.

`python docs/_ext/corpuskit_rooms.py` writes them into CONTRIBUTING.md, between two comments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "corpuskit"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms -->\n", "<!-- end of rooms -->"
#: Columns: as many as a phone shows of code.
WIDTH = 43


def rooms() -> dict[str, str]:
    """Each folder of corpuskit/ that is a package, and what it holds: its docstring's first sentence."""
    return {path.parent.name: _first_sentence(path) for path in sorted(PACKAGE.glob("*/__init__.py"))}


def inner_rooms() -> dict[str, str]:
    """The packages inside rooms, as `rooms`."""
    found = sorted(PACKAGE.glob("*/*/__init__.py"))
    return {path.parent.relative_to(PACKAGE).as_posix(): _first_sentence(path) for path in found}


def import_graph() -> dict[str, set[str]]:
    """Each module's imports of our own modules, those in functions and for type checkers included."""
    paths = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {}
    for name, path in paths.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= whole & paths.keys() or {node.module or ""}
        graph[name] = found & paths.keys() - {name}
    return graph


def floors() -> list[list[str]]:
    """The rooms by floor, lowest first: each room is above all that it imports from."""
    names = rooms()
    below: dict[str, set[str]] = {name: set() for name in names}
    for module, others in import_graph().items():
        room = _room(module)
        if room in names:
            below[room] |= {_room(other) for other in others} & names.keys() - {room}

    @cache
    def floor(name: str) -> int:
        return 1 + max(map(floor, below[name]), default=-1)

    found: list[list[str]] = []
    for name in sorted(names, key=lambda name: (floor(name), name)):
        if floor(name) == len(found):
            found.append([])
        found[floor(name)].append(name)
    return found


def picture() -> str:
    """The rooms as a house, the highest floor first."""
    rows = [*reversed(floors()), ["the ground floor: single modules"]]
    walls = [_walls(row) for row in rows]
    lines = [_edge(set(), walls[0], "╭╮")]
    for number, row in enumerate(rows):
        places = sorted({0, *walls[number], WIDTH - 1})
        cells = zip(row, places[:-1], places[1:], strict=True)
        lines.append("│" + "│".join(f" {name}".ljust(end - start - 1) for name, start, end in cells) + "│")
        lines.append(
            _edge(walls[number], walls[number + 1], "├┤")
            if number + 1 < len(rows)
            else _edge(walls[number], set(), "╰╯")
        )
    return "\n".join(lines)


def text() -> str:
    """The picture and what each room holds, in Markdown."""
    inner = inner_rooms()
    lines = []
    for floor in reversed(floors()):
        for name in floor:
            lines.append(f"- **{name}/**: {rooms()[name]}")
            own = [path for path in inner if path.startswith(f"{name}/")]
            lines += [f"  - `{path}/`: {inner[path]}" for path in own]
    return f"```text\n{picture()}\n```\n\n" + "\n".join(lines) + "\n"


def _walls(row: Sequence[str]) -> set[int]:
    """Where the walls between the cells of a row are."""
    spare = WIDTH - 1 - sum(len(name) + 2 for name in row)
    assert spare >= 0, f"{row} need more than {WIDTH} columns"
    walls, at = set(), 0
    for number, name in enumerate(row[:-1]):
        at += len(name) + 2 + spare * (number + 1) // len(row) - spare * number // len(row)
        walls.add(at)
    return walls


def _edge(above: set[int], below: set[int], ends: str) -> str:
    joints = {(False, False): "─", (True, False): "┴", (False, True): "┬", (True, True): "┼"}
    inner = "".join(joints[at in above, at in below] for at in range(1, WIDTH - 1))
    return f"{ends[0]}{inner}{ends[1]}"


def _first_sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def module_name(path: Path) -> str:
    """What a file is imported as."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def page_parts() -> Iterator[str]:
    """CONTRIBUTING.md: what is before the rooms, the rooms, and what follows them."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown, _, after = rest.partition(END)
    yield from (before, shown, after)


def main() -> None:
    before, _, after = page_parts()
    PAGE.write_text(f"{before}{BEGIN}{text()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
