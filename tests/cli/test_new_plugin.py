"""corpuskit new-plugin: what it prints, and packages that install and pass their own tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from corpuskit.cli import root
from corpuskit.cli.new_plugin import command
from corpuskit.errors import ConfigError
from corpuskit.scaffold.writing import KINDS
from corpuskit.testing import fake_distribution

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(root, ["new-plugin", *arguments])


def test_every_kind_can_be_asked_for():
    (kind,) = (option for option in command.params if option.name == "kind")
    assert tuple(kind.type.choices) == KINDS


def test_it_prints_the_folder_and_says_what_is_next():
    done = invoke("corpuskit-books")
    assert done.exit_code == 0, done.output
    assert done.stdout == "corpuskit-books\n"
    *made, last = done.stderr.splitlines()
    assert last == "Next: cd corpuskit-books && pip install -e '.[dev]' && pytest"
    files = {str(path) for path in Path("corpuskit-books").rglob("*") if path.is_file()}
    assert files == {
        f"corpuskit-books/{name}"
        for name in (
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "corpuskit_books/__init__.py",
            "corpuskit_books/py.typed",
            "corpuskit_books/sample.txt",
            "corpuskit_books/source.py",
            "pyproject.toml",
            "tests/test_plugin.py",
            "tests/test_source.py",
        )
    }
    assert made == sorted(f"made {name}" for name in files)


def test_another_folder_can_be_named():
    done = invoke("corpuskit-words", "--kind", "tokenizer", "--output", "plugins/my words")
    assert done.stdout == "plugins/my words\n"
    assert "cd 'plugins/my words' &&" in done.stderr
    assert Path("plugins/my words/corpuskit_words/tokenizer.py").exists()


def test_a_name_that_cannot_be_used_writes_nothing():
    done = invoke("json")
    assert isinstance(done.exception, ConfigError)
    assert list(Path().iterdir()) == []


def environ(*paths):
    theirs = ("CORPUSKIT_PLUGINS", "PYTEST_ADDOPTS")
    return {
        **{name: value for name, value in os.environ.items() if name not in theirs},
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }


def run(*command, cwd=None, env=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_that_are_written_pass(kind, tmp_path):
    name = f"corpuskit-new{kind}"
    invoke(name, "--kind", kind)
    entry_points = {f"new{kind}": f"corpuskit_new{kind}"}
    fake_distribution(tmp_path / "site", name, version="0.1.0", entry_points=entry_points)
    package = tmp_path / name
    out = run(
        sys.executable, "-m", "pytest", "-q", cwd=package, env=environ(tmp_path / "site", package, ROOT)
    )
    assert " passed" in out
    assert " failed" not in out


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_package_installs_and_passes_its_tests_in_a_new_environment(kind, tmp_path):
    pytest.importorskip("hatchling")
    name = f"corpuskit-new{kind}"
    invoke(name, "--kind", kind)
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", "env")
    python = tmp_path / "env/bin/python"
    # What this environment has, where it is itself a virtual one; the new one's own packages come first.
    own = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    inherited = [path for path in sys.path if path.endswith("site-packages")]
    (Path(own) / "inherited.pth").write_text("\n".join([*inherited, str(ROOT), ""]))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    run(*pip, "--no-build-isolation", f"./{name}")
    assert f"new{kind} " in run(
        python, "-c", "from corpuskit.cli import main; main(['plugins'])", env=environ()
    )
    (tmp_path / "tests-only").mkdir()
    (Path(name) / "tests").rename("tests-only/tests")  # what is tested is what was installed
    out = run(
        python, "-m", "pytest", "-q", "--import-mode=importlib", cwd=tmp_path / "tests-only", env=environ()
    )
    assert " passed" in out
    check = f"from corpuskit.cli import main; main(['plugins', 'check', {name!r}])"
    assert f"{kind} new{kind}: ok" in run(python, "-c", check, env=environ())
