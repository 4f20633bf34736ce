"""What messages tell people to do can be done: flags, options, fields, commands and variables exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit import sealed
from corpuskit.cli import root
from corpuskit.cli.options import pairs
from corpuskit.config import BatchConfig, PrepareConfig
from corpuskit.corpus.manifest import FORMAT_VERSION
from corpuskit.errors import CorpusFormatError, CorpuskitError
from corpuskit.sources.readers import options as reader_options

ROOT = Path(corpuskit.__file__).parents[1]
MODULES = sorted(
    path
    for folder in (ROOT / "corpuskit", *sorted((ROOT / "plugins").iterdir()))
    for path in folder.rglob("*.py")
    if not {"tests", "scaffold"} & set(path.relative_to(ROOT).parts)
)
#: Commands of others, with the flags that they are given; what follows them is theirs.
_FOREIGN = re.compile(
    r"\b(?:aws|iconv|zstd|git|pip|jq|tar|unzip|ray start|torchtitan's)\b[^;,)]*|\bAutoTokenizer\.[^;]*"
)
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_READER_OPTION = re.compile(r"--reader-option '?([a-z_]+)(?:=([^\s;,')]*))?")
_NAMED_OPTION = re.compile(r"\breader option '?([a-z][a-z_]*_[a-z_]+)")
_COMMAND = re.compile(r"(?:'|`|run: )corpuskit ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
_ARGUMENT = re.compile(r"\b([a-z]+(?:_[a-z]+)*)=(?:True|False|None|\.\.\.)")
_VARIABLE = re.compile(r"\bCORPUSKIT_[A-Z_]+\b")


@cache
def commands() -> dict[str, click.Command]:
    """Every command by its whole name, such as `cache clear`."""
    found: dict[str, click.Command] = {}

    def add(prefix: str, command: click.Command) -> None:
        found[prefix.strip()] = command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                add(f"{prefix} {name}", inner)

    add("", root)
    return found


#: Where messages come from that only some commands can give; every other may come from any.
_COMMANDS_OF: dict[str, tuple[str, ...]] = {
    "sources": ("prepare",),
    "tokenizers": ("prepare",),
    "preparation": ("prepare", "publish"),
    "fetching": (),
    "formats": ("export", "import", "prepare"),
    "bundles": ("fetch", "pack", "unpack"),
}


@cache
def flags(*names: str) -> set[str]:
    """Every flag of some commands."""
    chosen = [commands()[name] for name in names]
    options = {flag for command in chosen for p in command.params for flag in (*p.opts, *p.secondary_opts)}
    return options | {"--help"}


def allowed_flags(text: str, room: str) -> set[str]:
    """The flags that a message may name: those of the commands that it can come from or that it names."""
    if room not in _COMMANDS_OF:
        return flags(*commands())
    named = [f"{command} {inner}".strip() for command, inner in _COMMAND.findall(text)]
    return flags(*_COMMANDS_OF[room], *(name for name in named if name in commands()))


@cache
def options_of_readers() -> set[str]:
    return {name for options in reader_options.options_of_readers().values() for name in options or ()}


@cache
def arguments() -> set[str]:
    """The names of everything that a user's functions take, and of the fields of configurations."""
    named = {*PrepareConfig.model_fields, *BatchConfig.model_fields}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                named |= {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    return named


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Each message of a module, with its line; a single word is none."""
    return ((line, text) for line, text in strings(source) if " " in text)


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Each sentence of a module that is in no docstring, with its line; what an f-string fills in is `{}`."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(value) for value in node.values}
            pieces = [v.value if isinstance(v, ast.Constant) else "{}" for v in node.values]
            yield node.lineno, "".join(map(str, pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def problems(source: str, room: str = "") -> list[str]:
    """What the messages of a module name that does not exist."""
    found = []
    for line, text in texts(source):
        ours = _FOREIGN.sub(" ", text)
        allowed = allowed_flags(ours, room)
        found += [f"{line}: no command has {flag}" for flag in _FLAG.findall(ours) if flag not in allowed]
        for name, value in _READER_OPTION.findall(ours):
            if name not in options_of_readers():
                found.append(f"{line}: no reader has the option {name}")
            elif value and "{" not in value and not _can_be_said(name, value):
                found.append(f"{line}: --reader-option {name}={value} is refused")
        for name in _NAMED_OPTION.findall(ours):
            if name not in options_of_readers():
                found.append(f"{line}: no reader has the option {name}")
        for command, inner in _COMMAND.findall(ours):
            if command not in commands() or (
                isinstance(commands()[command], click.Group)
                and inner
                and f"{command} {inner}" not in commands()
            ):
                found.append(f"{line}: no command 'corpuskit {command} {inner}'")
        found += [
            f"{line}: no argument {name}" for name in _ARGUMENT.findall(ours) if name not in arguments()
        ]
        found += [
            f"{line}: {name} is not documented" for name in _VARIABLE.findall(ours) if name not in variables()
        ]
    return found


@cache
def variables() -> set[str]:
    """The environment variables that the documentation explains."""
    return set(_VARIABLE.findall((ROOT / "docs/environment.md").read_text("utf-8")))


def _can_be_said(name: str, value: str) -> bool:
    """Whether the command line takes a reader option as it is written."""
    try:
        said = pairs(click.Context(root), click.Option(["--reader-option"]), (f"{name}={value}",))
        return bool(reader_options.parse(said or {}))
    except (click.BadParameter, CorpuskitError):
        return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_message_says_to_do_exists(path):
    assert problems(path.read_text("utf-8"), path.relative_to(ROOT).parts[1]) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise E("broken; use --seperator")', "1: no command has --seperator"),
        (
            'raise E(f"{name}: broken; use --on-bad-{kind} skip or --skip-{kind}")',
            "1: no command has --skip-",
        ),
        ('raise E("too long; raise --reader-option max_bytes=7")', "1: no reader has the option max_bytes"),
        (
            'raise E("too long; --reader-option max_ratio=large")',
            "1: --reader-option max_ratio=large is refused",
        ),
        ('log.info("raise the reader option max_rato")', "1: no reader has the option max_rato"),
        ("""error("run 'corpuskit prepair' again")""", "1: no command 'corpuskit prepair '"),
        ("""error("run 'corpuskit cache empty'")""", "1: no command 'corpuskit cache empty'"),
        ('raise E("or pass over_write=True")', "1: no argument over_write"),
        ('raise E("or set CORPUSKIT_MIRROR")', "1: CORPUSKIT_MIRROR is not documented"),
    ],
)
def test_a_remedy_that_does_not_exist_is_found(source, found):
    assert found in problems(source)


def test_remedies_that_exist_and_those_of_other_programs_are_let_be():
    source = """raise E(f"{a}: use --separator, --reader-option max_ratio={2 * n} "
        "or --reader-option 'delimiter=;'; iconv -f UTF-16 --verbose; 'corpuskit cache clear' "
        "(git lfs pull --all), overwrite=True")"""
    assert problems(source) == []
    assert len(list(texts(source))) == 1


def test_a_remedy_of_another_command_is_found():
    assert problems('raise E("use --block-size 7")', "sources") == ["1: no command has --block-size"]
    assert problems("""raise E("run 'corpuskit show' with --block-size 7")""", "sources") == []


def test_there_are_messages_with_remedies():
    named = [
        flag for path in MODULES for _, text in texts(path.read_text("utf-8")) for flag in _FLAG.findall(text)
    ]
    assert len(set(named)) > 20


def _changed(data: bytes, at: int) -> bytes:
    """The same bytes but for one, and as many."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _of_version(data: bytes, version: int) -> bytes:
    """A manifest, whole, of another version of the format."""
    return sealed.to_bytes({**json.loads(data), "format_version": version})


#: A file of a corpus, and what its bytes become; None deletes it.
DAMAGE = {
    "a shard is cut": ("train-00000.bin", lambda data: data[:-2]),
    "a shard has other bytes": ("train-00000.bin", lambda data: _changed(data, 40)),
    "a shard is missing": ("train-00000.bin", lambda data: None),
    "an index is cut": ("train-00000.idx", lambda data: data[:-1]),
    "an index has other bytes": ("train-00000.idx", lambda data: _changed(data, 8)),
    "an index is missing": ("train-00000.idx", lambda data: None),
    "the manifest has other bytes": (
        "manifest.json",
        lambda data: _changed(data, data.index(b'"sha256": "') + 20),
    ),
    "the manifest is no JSON": ("manifest.json", lambda data: data[:-200]),
    "the manifest is empty": ("manifest.json", lambda data: b""),
    "the manifest is older": ("manifest.json", lambda data: _of_version(data, 1)),
    "the manifest is newer": ("manifest.json", lambda data: _of_version(data, FORMAT_VERSION + 1)),
}


def _in_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}


@pytest.mark.parametrize("kind", DAMAGE)
def test_preparing_again_with_overwrite_mends_a_corpus(kind, prose, tmp_path):
    output = tmp_path / "corpus"
    asked = ["prepare", str(prose), "--encoding", "bytes", "--output", str(output)]
    runner = CliRunner()
    assert runner.invoke(root, asked).exit_code == 0
    sound = _in_folder(output)
    name, change = DAMAGE[kind]
    damaged = change(sound[name])
    (output / name).unlink()
    if damaged is not None:
        (output / name).write_bytes(damaged)

    found = runner.invoke(root, ["verify", str(output)])
    assert isinstance(found.exception, CorpusFormatError)
    if not kind.endswith("newer"):
        assert "with --overwrite" in str(found.exception)
    mended = runner.invoke(root, [*asked, "--overwrite"])
    assert mended.exit_code == 0, mended.output
    assert "Already prepared" not in mended.stderr
    assert _in_folder(output) == sound
    assert runner.invoke(root, ["verify", str(output)]).exit_code == 0


@pytest.mark.parametrize("place", ["s3", "memory"])
@pytest.mark.parametrize("kind", [kind for kind in DAMAGE if not kind.endswith(("cut", "newer"))])
@pytest.mark.usefixtures("cache_dir", "no_waiting")
def test_and_one_in_a_store(kind, place, texts, options, request):
    import fsspec

    url = request.getfixturevalue("bucket") + "/mine" if place == "s3" else "memory://corpora/mine"
    filesystem = fsspec.filesystem(place)
    try:
        corpuskit.prepare(str(texts), output=url, **options)
        before = corpuskit.open(url).manifest
        name, change = DAMAGE[kind]
        damaged = change(filesystem.cat_file(f"{url}/{name}"))
        filesystem.rm_file(f"{url}/{name}")
        if damaged is not None:
            filesystem.pipe_file(f"{url}/{name}", damaged)

        corpuskit.prepare(str(texts), output=url, overwrite=True, **options)
        assert corpuskit.open(url).manifest == before
        assert corpuskit.verify(url) == []
    finally:
        if place == "memory":
            filesystem.rm("/corpora", recursive=True)
