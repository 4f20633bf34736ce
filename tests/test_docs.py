"""What the documentation shows is run and compared, and what the code has is in the documentation.

In a page, fenced blocks are run in order in an empty folder: `console` blocks command by command, and
`python` blocks in one interpreter a page. The comment above a block says what else to do with it
(docs/_ext/pages.py). Readers see a real output; what varies in it is named in the comment, and `...` in an
output stands for lines that are left out. The scripts beside a recipe are in its folder.
"""

from __future__ import annotations

import builtins
import doctest
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import corpuskit
import corpuskit.plugin
from corpuskit.cli import COMMANDS
from corpuskit.registry.checks import KINDS, SPECS
from corpuskit.testing import fake_distribution

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RECIPES = DOCS / "recipes"
PAGES = sorted(page for folder in (DOCS, RECIPES, DOCS / "tutorial") for page in folder.glob("*.md"))

sys.path.insert(0, str(DOCS / "_ext"))
import corpuskit_reference as reference  # noqa: E402 - found by the line above
from corpuskit_manifest import manifest_records  # noqa: E402
from pages import blocks  # noqa: E402

sys.path.pop(0)

# Running what the pages show

INTERPRETER = """
import contextlib, io, json, sys
sys.path.insert(0, "")
names = {"__name__": "__main__"}
for line in sys.stdin:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(json.loads(line), "<page>", "exec"), names)
    print(json.dumps(printed.getvalue()), flush=True)
"""


class Runner:
    """Runs a page's blocks in a folder; one Python interpreter for all of its `python` blocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder.with_name(folder.name + "-site")
        for path in (folder, self.site):
            path.mkdir()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CORPUSKIT_")},
            "CORPUSKIT_CACHE_DIR": str(folder.with_name(folder.name + "-cache")),
            "CORPUSKIT_OFFLINE": "1",
            "CORPUSKIT_PLUGINS": "",
            "COLUMNS": "100",
            "OMP_NUM_THREADS": "1",  # what the pages compute is small, and other tests have the other cores
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(self.site), str(folder), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.environ.pop("TIKTOKEN_CACHE_DIR", None)
        self._state = self.site / "state.sh"
        self._python: subprocess.Popen[str] | None = None

    def python(self, code: str) -> str:
        """What a block prints."""
        if self._python is None:
            self._python = subprocess.Popen(
                [sys.executable, "-c", INTERPRETER],
                cwd=self.folder,
                env=self.environ,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        assert self._python.stderr is not None
        self._python.stdin.write(json.dumps(code) + "\n")
        self._python.stdin.flush()
        answer = self._python.stdout.readline()
        assert answer, f"{code}\n{self._python.stderr.read()}"
        return json.loads(answer)

    def console(self, code: str) -> list[tuple[str, str, str]]:
        """Each command with what it printed on both streams, and what the page says that it prints."""
        results = []
        for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            results.append((command, self.shell(command), expected))
        return results

    def shell(self, command: str) -> str:
        """Run a command in bash; what it exports and its exit status are there for the next one."""
        load = f"[ -e {self._state} ] && . {self._state}"
        save = f'status=$?; (declare -px; echo "(exit $status)") > {self._state}'
        done = subprocess.run(
            ["bash", "-c", f"{load}; {command}\n{save}"],
            cwd=self.folder,
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        # Said where the `fast` extra is not installed.
        return re.sub(r"^corpuskit: tiktoken encodes; .*\n", "", done.stdout, flags=re.MULTILINE)

    def write(self, name: str, text: str) -> None:
        """Write a file that a page shows; a pyproject.toml also leaves what pip would."""
        (self.folder / name).write_text(text)
        if name == "pyproject.toml":
            project = tomllib.loads(text)["project"]
            entry_points = project["entry-points"]["corpuskit"]
            fake_distribution(
                self.site, project["name"], version=project["version"], entry_points=entry_points
            )
            self.environ["CORPUSKIT_PLUGINS"] = ",".join(entry_points)
            if self._state.exists():  # the environment of earlier commands, which had no plugin
                kept = re.sub(r"(?m)^declare -x CORPUSKIT_PLUGINS=.*\n", "", self._state.read_text())
                self._state.write_text(kept)

    def close(self) -> None:
        if self._python is not None:
            self._python.communicate()


@pytest.fixture
def runner(tmp_path):
    """An empty folder to run a page in."""
    runner = Runner(tmp_path / "work")
    yield runner
    runner.close()


def check_output(where: str, printed: str, expected: str) -> None:
    """Compare an output with the page's; `...` stands for any text, and tables may grow wider."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not doctest.OutputChecker().check_output(expected, printed, flags):
        pytest.fail(f"{where}\nthe page says:\n{expected}\nit printed:\n{printed}", pytrace=False)


def run_page(runner: Runner, name: str, text: str) -> None:
    found = blocks(text)
    printed: str | None = ""
    for block in found:
        where = f"{name}:{block.line}"
        if block.mark == "not run":
            continue
        if block.mark == "where" and importlib.util.find_spec(block.detail) is None:
            printed = None
        elif block.is_output:
            if printed is not None:
                check_output(where, printed, block.expected)
        elif block.mark == "file":
            runner.write(block.detail, block.code)
        elif block.language == "python":
            shrunk = f"\n{block.detail}" if block.mark == "in tests" else ""
            printed = runner.python(block.code + shrunk)
        elif block.language == "console":
            for command, output, expected in runner.console(block.code):
                check_output(f"{where}: $ {command}", output, block.loosely(expected))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_does_what_it_shows(page, runner) -> None:
    if page.parent == RECIPES:
        for script in RECIPES.glob("*.py"):
            runner.write(script.name, script.read_text(encoding="utf-8"))
    run_page(runner, page.name, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_starts_with_something_that_runs(page) -> None:
    first = blocks(page.read_text(encoding="utf-8"))[0]
    assert first.language in ("console", "python") or first.mark == "file"


def test_readme_does_what_it_shows(runner) -> None:
    zstandard = pytest.importorskip("zstandard")
    (runner.folder / "my.txt").write_text("It was the best of times, it was the worst of times.\n" * 40)
    (runner.folder / "corpus").mkdir()
    for name in ("one", "two"):
        data = b"".join(b'{"text": "%s %d"}\n' % (name.encode(), number) for number in range(200))
        (runner.folder / "corpus" / f"{name}.jsonl.zst").write_bytes(zstandard.compress(data))
    for block in blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        if block.mark == "ci":  # .ci/run runs these: they make virtual environments
            continue
        if block.language == "python":
            runner.python(block.code)
        elif block.language == "bash":
            output = runner.shell(f"set -euo pipefail\n{block.code}echo and all went well")
            assert output.endswith("and all went well\n"), output


# What the code has is in the documentation


def page(name: str) -> str:
    """A page's source with what is generated in it."""
    return reference.expanded((DOCS / f"{name}.md").read_text(encoding="utf-8"))


def test_every_hook_is_documented_with_its_spec() -> None:
    text = page("hooks")
    hooks = reference.hook_functions()
    assert len(hooks) == len(KINDS)
    for name, function in hooks.items():
        assert f"## {name}\n" in text
        returned = inspect.signature(function).return_annotation
        assert f"def {name}() -> {returned}: ..." in text


def test_every_spec_field_has_a_meaning() -> None:
    for spec in (*SPECS.values(), corpuskit.RemoteFile):
        for row in reference.spec_reference(spec).splitlines():
            if row.startswith("| `"):
                assert not row.endswith("|  |"), row


def test_every_command_and_option_is_documented() -> None:
    text = page("cli")
    for path, command, _ in reference.cli_commands():
        assert f"# corpuskit {' '.join(path)}\n" in text
        assert command.help
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[-1] in text
                assert option.help or option.show_default, f"corpuskit {' '.join(path)} {option.opts[-1]}"
    assert all(name in text for name in COMMANDS)


def test_every_configuration_field_is_documented() -> None:
    text = page("configuration")
    for model in (corpuskit.PrepareConfig, corpuskit.BatchConfig):
        for field, info in model.model_fields.items():
            assert f"| `{field}`" in text
            assert info.description, f"{model.__name__}.{field}"


def test_every_error_is_documented_and_its_exit_code_explained() -> None:
    text = page("errors")
    for error in reference.error_classes():
        name = error.__name__
        assert f"| [`{name}`](#{name.lower()}) |" in text
        assert f"\n| {error.exit_code} | " in text
        section = text.partition(f"\n### {name}\n")[2].partition("\n##")[0]
        assert error is corpuskit.CorpuskitError or re.findall(r"^\*\*(.*?)\.\*\* \S", section, re.M) == [
            "Why",
            "What to do",
        ]


def test_every_manifest_field_is_documented() -> None:
    text = page("format")
    for name, record in manifest_records():
        assert f"### {name}\n" in text
        for field, info in record.model_fields.items():
            assert f"| `{field}` |" in text
            assert info.description, f"{name}.{field}"


def test_environment_variables_are_those_of_the_code() -> None:
    files = [*(ROOT / "corpuskit").rglob("*.py"), *ROOT.glob("plugins/*/corpuskit_*/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    in_code = set(re.findall(r"(?<![\w_])CORPUSKIT_[A-Z_]+(?![\w.])", code))
    in_code |= set(re.findall(r"""environ(?:\.get|\.setdefault)?[(\[]\s*["'](\w+)""", code))
    in_page = set(re.findall(r"^\| (`.*?`) \|", page("environment"), re.MULTILINE))
    documented = {name for cell in in_page for name in re.findall(r"\w+", cell)}
    assert in_code <= documented
    assert {name for name in documented if name.startswith("CORPUSKIT_")} <= in_code


@pytest.mark.parametrize("face", [corpuskit, corpuskit.plugin])
def test_every_public_name_has_a_docstring(face) -> None:
    for name in face.__all__:
        value = getattr(face, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert inspect.getdoc(value), name


def test_every_name_of_the_door_of_plugins_is_documented() -> None:
    text = page("plugin-api")
    for name, place in corpuskit.plugin._PLACES.items():
        assert re.search(rf"(corpuskit\.plugin\.|`){name}\b", text), name
        value = getattr(corpuskit.plugin, name)
        if not (inspect.isclass(value) or inspect.isroutine(value) or name in corpuskit.__all__):
            assert reference.comment_above(place), name


def public_members(value: type) -> list[tuple[str, object]]:
    """The public functions and properties that a class of ours defines."""
    return [
        (name, member)
        for name, member in vars(value).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, (property, classmethod, staticmethod)))
    ]


def test_every_public_function_class_and_method_has_a_docstring() -> None:
    modules = {inspect.getmodule(getattr(corpuskit, name)) for name in corpuskit.__all__} - {None, builtins}
    undocumented = []
    for module in modules:
        if not module.__name__.startswith("corpuskit"):
            continue
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(value) or inspect.isfunction(value):
                members = [(name, value)] + (public_members(value) if inspect.isclass(value) else [])
                undocumented += [
                    f"{module.__name__}.{name}.{member_name}"
                    for member_name, member in members
                    if not inspect.getdoc(member)
                ]
    assert not undocumented


SUITES = [name for name in corpuskit.testing.__all__ if name.endswith("Suite")]


def section_of(name: str) -> str:
    """What the page of the suites says under a name."""
    return re.split(r"^## ", page("testing").partition(f"\n## {name}\n")[2], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", SUITES)
def test_every_check_of_a_suite_has_a_row(name) -> None:
    checks = [check for check in vars(getattr(corpuskit.testing, name)) if check.startswith("test_")]
    assert re.findall(r"^\| `(test_\w+)` \| .", section_of(name), re.MULTILINE) == checks


@pytest.mark.parametrize("name", SUITES)
def test_every_attribute_of_a_suite_has_a_row(name) -> None:
    suite = getattr(corpuskit.testing, name)
    attributes = {word for word in suite.__annotations__ if not word.startswith("_")}
    rows = re.findall(r"^\| `(\w+) = .*?` \| .", section_of(name), re.MULTILINE)
    assert set(rows) == attributes


def test_every_public_name_of_the_suites_has_a_section() -> None:
    assert all(f"\n## {name}\n" in page("testing") for name in corpuskit.testing.__all__)


def test_a_page_whose_output_was_changed_fails(runner) -> None:
    page = (DOCS / "reproducibility.md").read_text(encoding="utf-8").partition("## A corpus")[0]
    run_page(runner, "as it is", page)
    changed = page.replace("```text\nTrue", "```text\nFalse")
    assert changed != page
    with pytest.raises(pytest.fail.Exception, match="it printed"):
        run_page(runner, "changed", changed)


#: What each concept of the tutorial is called in it.
CONCEPTS = """
configuration, seed, deterministic, byte-pair encoding, BPE, lossless, split, download, uint16,
memory mapping, memmap, resident memory, notation, context length, context window, uniform distribution, PMF,
probability mass function, batch, batch size, last window, shift, int64, get_batch, i.i.d., 1/e, Dataset,
DataLoader, collates, num_workers, pinned, without replacement, resume, rank, mix, loss curve
"""


@pytest.mark.parametrize("concept", [concept.strip() for concept in CONCEPTS.split(",")])
def test_the_tutorial_has_every_concept(concept) -> None:
    pages = [page.read_text(encoding="utf-8") for page in sorted((DOCS / "tutorial").glob("*.md"))]
    prose = "\n".join(re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL) for page in pages)
    assert concept.lower() in prose.lower()
