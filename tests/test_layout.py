"""Things are where their names say: tests, rooms, and whatever the documentation names."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "corpuskit"
TESTS = ROOT / "tests"

sys.path.insert(0, str(ROOT / "docs/_ext"))
import corpuskit_rooms  # noqa: E402 - found by the line above

sys.path.pop(0)

#: The tests that are not about one module, by their folder: each says in its docstring what it is about.
ACROSS = {
    ".": {"docs", "docstrings", "figures", "glossary", "imports", "layout", "links", "pages", "remedies"}
    | {"same_bytes", "site", "token_figures"},
    "batches": {"conversations", "corpora"},
    "chat": {"ids"},
    "cli": {"paths", "plugin_faults"},
    "corpus": {"tokenizer"},
    "fetching": {"races"},
    "inspect/report": {"browser"},
    "preparation": {"conversations", "declared_template", "inputs", "provenance"},
    "sources": {"memory"},
    "testing": {"builtin_sources"},
    "tokenizers": {"soak"},
}
#: Folders whose tests are about the whole: processes that are disturbed, and the programs of the recipes.
OF_THE_WHOLE = {"faults", "recipes"}


def path_of_test(module: Path) -> Path:
    """Where the test of a module is: `corpuskit/a/b.py` has `tests/a/test_b.py`."""
    path = module.relative_to(PACKAGE)
    return TESTS / path.parent / f"test_{path.stem.strip('_')}.py"


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def test_every_module_has_its_test_at_the_mirrored_path():
    missing = [path.relative_to(ROOT).as_posix() for path in MODULES if not path_of_test(path).exists()]
    assert not missing


def test_every_test_is_that_of_a_module_or_says_that_it_is_about_several():
    mirrored = {path_of_test(path) for path in MODULES}
    across = {TESTS / folder / f"test_{name}.py" for folder, names in ACROSS.items() for name in names}
    others = {
        path
        for path in TESTS.rglob("test_*.py")
        if path.relative_to(TESTS).parts[0] not in OF_THE_WHOLE and path not in mirrored
    }
    assert others == across
    for path in others:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_a_package_only_hands_names_on_and_says_what_it_holds(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


@pytest.mark.parametrize(
    "path",
    [*MODULES, *sorted(ROOT.glob("docs/_ext/*.py"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_module_has_more_than_400_lines_and_no_class_more_than_250(path):
    text = path.read_text(encoding="utf-8")
    if path != PACKAGE / "plugin.py":  # a list of names, three lines each
        assert text.count("\n") <= 400
    classes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    assert all((node.end_lineno or 0) - node.lineno < 250 for node in classes)


# The rooms


def test_each_room_is_drawn_above_all_that_it_imports_from():
    floors = corpuskit_rooms.floors()
    floor_of = {name: number for number, names in enumerate(floors) for name in names}
    assert floor_of.keys() == corpuskit_rooms.rooms().keys()
    for module, others in corpuskit_rooms.import_graph().items():
        room = module.split(".")[1] if "." in module else ""
        for other in others:
            above = other.split(".")[1] if "." in other else ""
            if room in floor_of and above in floor_of and room != above:
                assert floor_of[above] < floor_of[room], f"{module} imports {other}"


def test_the_picture_of_the_rooms_fits_a_phone_and_has_each_once():
    lines = corpuskit_rooms.picture().splitlines()
    assert {len(line) for line in lines} == {corpuskit_rooms.WIDTH}
    words = re.findall(r"[a-z]+", corpuskit_rooms.picture())
    assert all(words.count(name) == 1 for name in corpuskit_rooms.rooms())


def test_contributing_shows_the_rooms_as_they_are():
    _, shown, _ = corpuskit_rooms.page_parts()
    assert shown == corpuskit_rooms.text(), "run: python docs/_ext/corpuskit_rooms.py"


def test_a_change_goes_where_something_is():
    page = corpuskit_rooms.PAGE.read_text(encoding="utf-8")
    section = page.partition("## Where a change goes")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    named = {name for line in table for name in re.findall(r"`([\w/.-]*/[\w/.-]*|\w+\.py)`", line)}
    assert len(named) > 15
    for name in named:
        pattern = re.sub(r"\bNAME\b", "*", name)
        assert list(PACKAGE.glob(pattern)) or list(ROOT.glob(pattern)), name


# What is named

#: Names that begin like one of ours and are files.
FILES = {"corpuskit.toml"}
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "plugins").glob("*/README.md"),
    *(path for path in sorted(PACKAGE.rglob("*")) if path.suffix in (".py", ".in")),
    *(ROOT / "plugins").glob("*/corpuskit_*/**/*.py"),
]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_there(name: str) -> bool:
    """Whether a dotted name can be imported, or is an attribute of what can."""
    parts = name.split(".")
    for number in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:number]))
        except ModuleNotFoundError as error:
            if error.name is not None and ".".join(parts).startswith(error.name):
                continue
            raise
        for part in parts[number:]:
            fields = {**getattr(found, "__annotations__", {}), **getattr(found, "model_fields", {})}
            if part in fields and not hasattr(found, part):
                return True
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_a_name_that_is_not_there_is_noticed():
    assert is_there("corpuskit.preparation.executors.base")
    assert is_there("corpuskit.sources.base.Input.size_bytes")
    assert not is_there("corpuskit.prepare.executor")
    assert not is_there("corpuskit.sources.opening")


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_name_of_ours_that_is_written_somewhere_is_there(path):
    text = path.read_text(encoding="utf-8")
    names = set(re.findall(r"(?<![\w./-])corpuskit(?:\.[A-Za-z_]\w*)+(?![\w/-])", text)) - FILES
    assert not sorted(name for name in names if not is_there(name))


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if path.suffix == ".md"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_file_of_ours_that_a_page_names_is_there(path):
    names = set(
        re.findall(r"`((?:corpuskit|tests|docs|plugins)/[\w/.-]+\.\w+)`", path.read_text(encoding="utf-8"))
    )
    assert not sorted(name for name in names if not (ROOT / name).exists())


def test_nothing_depends_on_the_strangers_package_that_has_our_name():
    files = [*PAGES, *ROOT.glob("*.toml"), *ROOT.glob("plugins/*/pyproject.toml")]
    lines = re.compile(r"""dependencies = .*|requires = .*|pip install [^&;#`\n]*""")
    stranger = re.compile(r"""["' ]corpuskit(?:\[|["'<>=~, ]|$)""")
    found = {shown(path): lines.findall(path.read_text(encoding="utf-8")) for path in files}
    assert not [(name, line) for name, said in found.items() for line in said if stranger.search(line)]
