"""New plugin packages: complete, tested and installable, for their author to edit."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from string import Template

from corpuskit import storage
from corpuskit.errors import ConfigError
from corpuskit.paths import user_path
from corpuskit.scaffold.names import KINDS, PluginNames, plugin_names
from corpuskit.temporary_names import temporary_name

#: What a component imports beside corpuskit and NumPy.
_NEEDS = {"command": "click>=8.1.7"}
#: What each kind's example is, how to try it, and what to say about it: `$` fields of the templates.
_ABOUT = {
    "source": {
        "summary": "Paragraphs of a text file",
        "usage": "corpuskit prepare $component --encoding bytes",
        "explanation": "`corpuskit prepare $component --from FILE` reads your own file instead of the "
        "sample. A document is a paragraph:\nblank lines end it.",
    },
    "tokenizer": {
        "summary": "Frequent words as one id, bytes for the rest",
        "usage": "corpuskit prepare python-docs --encoding $component",
        "explanation": "The words are the list `WORDS`. Everything else, in any script, is one id a byte, so "
        "text always comes\nback exactly.",
    },
    "sampler": {
        "summary": "Windows side by side, from another place each epoch",
        "usage": "corpuskit prepare python-docs --encoding bytes --output data/python\n"
        "corpuskit show data/python --step 0 --batch-size 2 --block-size 32 --sampler $component",
        "explanation": 'In Python: `corpus.batches(..., sampler="$component")`. Windows follow each other, '
        "so reading is\nsequential; the place where an epoch begins depends on the seed.",
    },
    "reader": {
        "summary": "Text with a percent sign between documents",
        "usage": "corpuskit prepare ./texts.$component --encoding bytes",
        "explanation": "Files that end with `.$component` are read by it, and others with "
        "`--format $component`. A document ends\nwhere a line is only a percent sign.",
    },
    "template": {
        "summary": "Names in angle brackets before what they say",
        "usage": "corpuskit prepare ./talks.jsonl --format chat --template $component --encoding bytes",
        "explanation": 'A line of `talks.jsonl` is `{"messages": [{"role": "user", "content": "Hi"}]}`, '
        "and so on.\nWhat the assistant says is learned, and the end of text after it.",
    },
    "executor": {
        "summary": "Parts one after the other, in one process",
        "usage": "corpuskit prepare python-docs --encoding bytes --executor $component",
        "explanation": "The corpus is the same whatever makes its parts. To make them elsewhere, change "
        "`run`: a part may be made\nin any process that sees the job's folder.",
    },
    "format": {
        "summary": "Ids of four bytes, one file a split",
        "usage": "corpuskit prepare python-docs --encoding bytes --output data/python\n"
        "corpuskit export data/python --format $component --output exported",
        "explanation": "The folder has a file `SPLIT.ids` for each split, and an `export.json` that\n"
        "says what they are.",
    },
    "store": {
        "summary": "Files in the memory of this process",
        "usage": "corpuskit list stores",
        "explanation": 'In Python: `corpuskit.publish(corpus, "$component://mine")` and '
        '`corpuskit.open("$component://mine")`. It is\nforgotten when the process ends.',
    },
    "command": {
        "summary": "The longest documents of a corpus",
        "usage": "corpuskit prepare python-docs --encoding bytes --output data/python\n"
        "corpuskit $component data/python",
        "explanation": "`corpuskit list commands` lists it. What it needs is imported when it runs.",
    },
}


def write_plugin(name: str, *, kind: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """Write a new plugin package: all of it, or nothing.

    Args:
        name: The distribution's name, e.g. "corpuskit-books".
        kind: What it provides, one of `KINDS`.
        folder: The folder to make; by default the name, in the current folder.

    Returns:
        The folder.

    Raises:
        ConfigError: If the name cannot be used, or the folder exists.
        StorageError: If it cannot be written.
    """
    names = plugin_names(name, kind=kind)
    target = user_path(name if folder is None else folder, what="--output")
    if target.name in ("", ".."):
        raise ConfigError(f"--output {folder}: a package needs a folder with a name of its own", path=target)
    if os.path.lexists(target):
        raise ConfigError(f"{target} exists already; choose another folder with --output", path=target)
    staged = temporary_name(target)
    try:
        for path, text in render_plugin(names).items():
            storage.make_directory((staged / path).parent)
            storage.write_bytes(staged / path, text.encode())
        storage.commit_directory(staged, target, replace=False)
    finally:
        storage.remove_tree(staged)
    return target


def render_plugin(names: PluginNames) -> dict[str, str]:
    """Every file of a package: its path in the package's folder, and its text."""
    kind, module = names.kind, names.module
    fields = names.fields()
    fields["needs"] = _NEEDS.get(kind, "numpy>=1.24")
    fields |= {field: Template(text).substitute(fields) for field, text in _ABOUT[kind].items()}
    templates = {
        ".github/workflows/ci.yml": "package/ci.yml",
        ".gitignore": "package/gitignore",
        "LICENSE": "package/LICENSE",
        "README.md": "package/README.md",
        "pyproject.toml": "package/pyproject.toml",
        f"{module}/__init__.py": f"{kind}/init.py",
        f"{module}/{kind}.py": f"{kind}/component.py",
        "tests/test_plugin.py": "package/test_plugin.py",
        f"tests/test_{kind}.py": f"{kind}/test_component.py",
    }
    if kind == "source":
        templates[f"{module}/sample.txt"] = "source/sample.txt"
    rendered = {path: _template(name).substitute(fields) for path, name in templates.items()}
    return {**rendered, f"{module}/py.typed": ""}


def _template(name: str) -> Template:
    """A template; their names end in .in, so that no tool takes them for Python or TOML."""
    file = resources.files("corpuskit.scaffold") / "templates" / f"{name}.in"
    return Template(file.read_text(encoding="utf-8"))


__all__ = ["KINDS", "PluginNames", "plugin_names", "render_plugin", "write_plugin"]
