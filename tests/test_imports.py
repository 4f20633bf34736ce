"""What is imported when, and who may import what."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit import plugin
from corpuskit.scaffold.names import KINDS, plugin_names
from corpuskit.scaffold.writing import render_plugin

PACKAGE = Path(corpuskit.__file__).parent
sys.path.insert(0, str(PACKAGE.parent / "docs/_ext"))
from corpuskit_rooms import import_graph, module_name, rooms  # noqa: E402 - found by the line above

sys.path.pop(0)

MODULES = sorted(PACKAGE.rglob("*.py"))

HEAVY = {"torch", "numpy", "tiktoken", "fsspec", "pydantic", "requests", "pyarrow"}
TERMINAL = {"rich", "click"}

#: What authors of plugins import from.
DOOR = "corpuskit.plugin"
#: Modules above every room, which nothing inside imports.
FACES = ("corpuskit", "corpuskit.__main__", DOOR)


def loaded_by(program, *arguments):
    """The top-level modules that a program has loaded when it ends, and the whole names of ours."""
    program += "\nimport sys, json; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in names}, {
        name for name in names if name.startswith("corpuskit")
    }


def test_importing_corpuskit_imports_nothing_else():
    top, own = loaded_by("import corpuskit")
    assert not top & (HEAVY | TERMINAL | {"pluggy"})
    assert own == {"corpuskit", "corpuskit.lazy", "corpuskit.version"}


@pytest.mark.parametrize("name", ["SourceSpec", "hookimpl", "CorpuskitError"])
def test_what_a_plugin_module_needs_is_light(name):
    top, _ = loaded_by(f"import corpuskit; corpuskit.{name}")
    assert not top & (HEAVY | TERMINAL)


def test_importing_the_door_of_plugins_imports_nothing_else():
    top, own = loaded_by(f"import {DOOR}")
    assert not top & (HEAVY | TERMINAL | {"pluggy"})
    assert own == {"corpuskit", "corpuskit.lazy", "corpuskit.version", DOOR}


@pytest.mark.parametrize("kind", ["source", "sampler", "reader", "executor", "format", "command"])
def test_listing_a_kind_is_light(kind):
    top, _ = loaded_by(
        "from corpuskit.registry import Registry\nfrom corpuskit.registry.checks import SPECS\n"
        f"Registry().components(SPECS[{kind!r}])"
    )
    assert not top & (HEAVY | TERMINAL)


def test_asking_for_bytes_imports_no_tiktoken():
    top, _ = loaded_by(
        "import corpuskit; from corpuskit.registry import Registry\n"
        "Registry().find(corpuskit.TokenizerSpec, 'bytes')"
    )
    assert not top & (HEAVY | TERMINAL)


@pytest.mark.fault("G4")
def test_help_imports_nothing_heavy():
    program = """
import sys
from corpuskit.cli import main
sys.argv = ["corpuskit", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    top, own = loaded_by(program)
    assert "click" in top
    assert not top & (HEAVY | {"rich"})
    assert not {name for name in own if name.endswith("plugin") or name == "corpuskit.registry"}


@pytest.mark.parametrize(("face", "more"), [(corpuskit, {"__version__"}), (plugin, set())])
def test_all_is_sorted_and_every_name_resolves_and_is_listed(face, more):
    names = face.__all__
    assert names == sorted(names)
    assert set(names) == {*face._PLACES, *more}
    assert set(names) <= set(dir(face))
    for name in names:
        assert getattr(face, name) is not None, name


@pytest.mark.parametrize("face", [corpuskit, plugin])
def test_type_checkers_see_the_same_names(face):
    tree = ast.parse(Path(face.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == face._PLACES


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'corpuskit' has no attribute 'prepair'"):
        _ = corpuskit.prepair


def test_every_module_is_what_its_name_imports():
    """`import a.b.c as x` gives the module, and never a function or a class of that name."""
    loaded_by(
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "for name in sys.argv[1:]:\n"
        "    found = {}\n"
        "    exec(f'import {name} as found', found)\n"
        "    assert found['found'] is sys.modules[name], name\n",
        *(name for name in map(module_name, MODULES) if name != "corpuskit.__main__"),
    )


def imports(path):
    """Every import in a module outside `if TYPE_CHECKING`: (module, whether it runs when the file does)."""
    found = []

    def visit(node, top):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, top) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append((node.module, top))
            found.extend((f"{node.module}.{alias.name}", top) for alias in node.names)
        inner = top and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(ast.parse(path.read_text()), True)
    return found


def circles(graph):
    """Groups of modules that import each other (Tarjan's strongly connected components)."""
    numbers, lowest, stack, found = {}, {}, [], []

    def visit(name):
        numbers[name] = lowest[name] = len(numbers)
        stack.append(name)
        for other in graph[name]:
            if other not in numbers:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == numbers[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in numbers:
            visit(name)
    return found


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]


def test_no_two_modules_import_each_other():
    assert not circles(import_graph())


def test_no_two_rooms_import_from_each_other_and_the_ground_floor_from_none():
    def room(name):
        part = name.split(".")[1]
        return part if part in rooms() else "the ground floor"

    graph = {name: set() for name in [*rooms(), "the ground floor"]}
    for name, others in import_graph().items():
        if name not in FACES:
            assert not others & {*FACES}, name
            graph[room(name)] |= {*map(room, others)}
    assert graph["the ground floor"] == {"the ground floor"}
    assert not circles(graph)


#: All that plugins import from corpuskit.
DOORS = {"corpuskit", "corpuskit.errors", "corpuskit.plugin", "corpuskit.testing"}

PLUGIN_FILES = {
    path.relative_to(PACKAGE.parent).as_posix(): path.read_text()
    for path in sorted(PACKAGE.parent.glob("plugins/*/corpuskit_*/*.py"))
}
TEMPLATES = {
    f"{kind}/{path}": text
    for kind in KINDS
    for path, text in render_plugin(plugin_names("corpuskit-books", kind=kind)).items()
    if path.endswith(".py")
}


@pytest.mark.parametrize("name", [*PLUGIN_FILES, *TEMPLATES])
def test_plugins_import_from_their_doors_alone(name):
    used = set()
    for node in ast.walk(ast.parse({**PLUGIN_FILES, **TEMPLATES}[name])):
        if isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            doors = {f"{node.module}.{alias.name}" for alias in node.names} & DOORS
            used |= doors or {node.module}
            if node.module == "corpuskit" and not doors:
                assert {alias.name for alias in node.names} <= set(corpuskit.__all__), name
    assert {module for module in used if module.split(".")[0] == "corpuskit"} <= DOORS


def test_there_are_plugins_and_templates_to_look_at():
    assert len(PLUGIN_FILES) > 15
    assert len(TEMPLATES) > 20


def where(path):
    return path.relative_to(PACKAGE).as_posix()


def importers(name):
    """The modules that import a package, and those that do when they are imported themselves."""
    users = {
        where(path): [top for module, top in imports(path) if module.split(".")[0] == name]
        for path in MODULES
    }
    return {path for path, tops in users.items() if tops}, {path for path, tops in users.items() if any(tops)}


def test_only_the_registry_and_the_hooks_import_pluggy():
    assert importers("pluggy")[0] == {"registry/loading.py", "registry/hookspecs.py"}


@pytest.mark.parametrize(("name", "rooms"), [("click", {"cli"}), ("rich", {"cli", "terminal"})])
def test_only_what_shows_things_imports(name, rooms):
    assert {path.split("/")[0] for path in importers(name)[0]} <= rooms


def test_only_batches_imports_torch_and_three_modules_when_they_are_called():
    anywhere, at_once = importers("torch")
    when_called = {"reproducibility.py", "evaluation/bits_per_byte.py", "evaluation/loss_by_source.py"}
    assert {path for path in anywhere if not path.startswith("batches/")} == when_called
    assert not when_called & {*at_once}


def test_only_the_suites_import_pytest():
    for name in ("pytest", "hypothesis"):
        assert all(path.startswith("testing/") for path in importers(name)[0])


@pytest.mark.parametrize("path", [path for path in MODULES if where(path).startswith("cli/")], ids=where)
def test_a_command_module_imports_click_only(path):
    ours_and_light = {"corpuskit", "click", "errors", "__future__"}
    modules = {module.split(".")[0] for module, top in imports(path) if top}
    assert modules - ours_and_light <= set(sys.stdlib_module_names)
    assert not modules & (HEAVY | {"rich"})


#: Modules whose thread hands every error to the thread that waits for its result, which raises it.
HANDS_ERRORS_OVER = {"batches/prefetch.py"}


@pytest.mark.parametrize("path", MODULES, ids=where)
@pytest.mark.fault("S7", "S8")
def test_no_code_from_data_and_no_swallowed_exit(path):
    for node in ast.walk(ast.parse(path.read_text())):
        at = f"{where(path)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "compile", "__import__"}, at
            assert called.split(".")[-1] not in {"extractall", "allow_pickle"}, at
            assert not any(word.arg == "allow_pickle" for word in node.keywords), at
            assert not any(
                word.arg == "verify" and ast.unparse(word.value) == "False" for word in node.keywords
            ), at
            assert called != "print" or where(path).startswith("cli/"), at
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{at}: bare except"
            if "BaseException" in ast.unparse(node.type) and where(path) not in HANDS_ERRORS_OVER:
                assert any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), at
    forbidden = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib"}
    assert not forbidden & {module.split(".")[0] for module, _ in imports(path)}


@pytest.mark.parametrize("path", [path for path in MODULES if path.read_text()], ids=where)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text())), where(path)
