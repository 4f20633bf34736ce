"""What `new-plugin` writes, read by the tools that its author will use."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit import storage
from corpuskit.errors import ConfigError, StorageError
from corpuskit.registry import checks
from corpuskit.scaffold.writing import KINDS, plugin_names, render_plugin, write_plugin

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]

#: A usual name, the longest, the shortest, and one whose component begins with a digit.
NAMES = ("corpuskit-books", "a234567890b234567890c234567890d2345678", "x", "corpuskit-1984.B")


def test_every_kind_of_component_has_templates():
    assert set(KINDS) == set(checks.KINDS)


@given(st.text(max_size=40), st.sampled_from(KINDS))
def test_any_name_is_refused_or_makes_python_that_compiles(name, kind):
    try:
        names = plugin_names(name, kind=kind)
    except ConfigError:
        return
    for path, text in render_plugin(names).items():
        assert "$" not in text, path
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_a_folder_that_exists_is_refused_and_kept(tmp_path):
    (tmp_path / "books").mkdir()
    with pytest.raises(ConfigError, match=r"books exists already; choose another folder with --output"):
        write_plugin("corpuskit-books", kind="source", folder=tmp_path / "books")
    assert list((tmp_path / "books").iterdir()) == []


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    written = []

    def fail_at_the_fifth(path, data):
        written.append(path)
        if len(written) == 5:
            raise StorageError(f"cannot write {path}: no space left")
        path.write_bytes(data)

    monkeypatch.setattr(storage, "write_bytes", fail_at_the_fifth)
    with pytest.raises(StorageError, match="no space left"):
        write_plugin("corpuskit-books", kind="source", folder=tmp_path / "books")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A package of each kind under each name."""
    folder = tmp_path_factory.mktemp("written")
    return [
        write_plugin(name, kind=kind, folder=folder / f"{kind}-{number}")
        for kind in KINDS
        for number, name in enumerate(NAMES)
    ]


def run(*command, cwd=None):
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_written_passes_the_linters(written):
    run("ruff", "check", *map(str, written))
    rules = ["--select", ",".join(RULES["select"]), "--ignore", ",".join(RULES["ignore"])]
    run("ruff", "check", *rules, *(str(path) for folder in written for path in folder.glob("[!t]*/*.py")))
    run("ruff", "format", "--check", *map(str, written))


@pytest.mark.slow
def test_what_is_written_passes_mypy(written, tmp_path):
    for folder in written:
        if folder.name.endswith("-0"):
            run("mypy", "--strict", "--cache-dir", str(tmp_path), ".", cwd=folder)


def test_the_wheel_has_the_templates(tmp_path):
    pytest.importorskip("hatchling")
    run("hatchling", "build", "--target", "wheel", "--directory", str(tmp_path), cwd=ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "corpuskit/scaffold").rglob("*.in")}
    assert templates <= set(zipfile.ZipFile(wheel).namelist())
    assert len(templates) == 34


def test_the_ci_file_runs_what_the_readme_says(written):
    for folder in written:
        ci = (folder / ".github/workflows/ci.yml").read_text()
        readme = (folder / "README.md").read_text()
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"]
        commands = re.findall(r"- run: (.*)", ci)
        assert f"corpuskit plugins check {project}" in commands
        assert all(command in readme.replace('"', "'") for command in commands)


def test_metadata_is_that_of_an_installable_plugin(written):
    for folder in written:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        ((component, module),) = project["entry-points"]["corpuskit"].items()
        kind = folder.name.partition("-")[0]
        assert plugin_names(project["name"], kind=kind).module == module
        assert plugin_names(project["name"], kind=kind).component == component
        assert (folder / module / "py.typed").exists()
        assert f"corpuskit plugins check {project['name']}" in (folder / "README.md").read_text()
        assert "No licence has been chosen" in (folder / "LICENSE").read_text()
