"""Which files of a dataset repository are its text, and which split each belongs to.

Which split a file belongs to is said as on the Hub: the `configs` in the front matter of README.md say it;
else the names of folders and files do ("train", "validation-00000-of-00001"), and what says nothing is train.
Which files are text is the rule of `corpuskit.plugin.text_files`, as for any folder. No code of a repository
is ever run.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from corpuskit.errors import ConfigError, SourceError
from corpuskit.plugin import Glob, LeftOut, format_of, has_magic, text_files

_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_ALIASES = {
    "train": ("train", "training"),
    "valid": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_OF = {alias: split for split, aliases in _ALIASES.items() for alias in aliases}
_SPLIT_WORD = re.compile(rf"(?<![a-z])({'|'.join(sorted(_SPLIT_OF, key=len, reverse=True))})(?![a-z])")
#: The card of a dataset, which describes it.
CARD = "README.md"


@dataclasses.dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a dataset, the split it belongs to, and its format ("zip" for an archive of files)."""

    path: str
    split: str
    format: str


def data_files(
    paths: Sequence[str],
    card: str | None,
    *,
    config: str | None,
    split: str | None,
    format: str | None,
    where: str,
    left_out: LeftOut,
) -> list[DataFile]:
    """The files to read, in order: by split (train first), then as they are listed or sorted.

    Args:
        paths: Every file of the repository, relative to it.
        card: Its README.md, if it has one.
        config: The configuration that the user chose.
        split: The split that the user chose.
        format: The reader that the user chose instead of the one that the extension says.
        where: What to call the repository in errors.
        left_out: Where files that are not text are counted.

    Raises:
        ConfigError: If there is no such configuration or split, or one must be chosen.
        SourceError: If nothing there can be read.
    """
    configs = _configs(card, where=where)
    if configs:
        chosen = _chosen(configs, config, where=where)
        files = _declared(sorted(paths), chosen, where=where, format=format, left_out=left_out)
    else:
        files = _by_name(sorted(paths), config, where=where, format=format, left_out=left_out)
    if not files:
        raise SourceError(
            f"{where}: no file that can be read ({', '.join(sorted(paths)[:5]) or 'no files'}); corpuskit "
            "reads Parquet, JSON Lines, Arrow, CSV and text, and runs no code of a dataset",
            path=where,
        )
    names = list(dict.fromkeys(file.split for file in files))
    if split is not None:
        wanted = split_name(split)
        files = [file for file in files if file.split == wanted]
        if not files:
            raise ConfigError(f"{where}: no split {split!r}; it has {', '.join(names)}", found=split)
    order = {name: at for at, name in enumerate(dict.fromkeys([*_ALIASES, *names]))}
    return sorted(files, key=lambda file: order[file.split])


def split_name(name: str) -> str:
    """A split's name as corpuskit has it: "validation" is "valid", and only a-z, 0-9 and _ are left."""
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:32]
    if not re.match("[a-z]", plain):
        plain = f"split_{plain}"[:32]
    return _SPLIT_OF.get(plain, plain)


def _configs(card: str | None, *, where: str) -> list[Mapping[str, Any]]:
    """The configurations with data files that a card's front matter declares."""
    matter = _FRONT_MATTER.match(card or "")
    if matter is None:
        return []
    try:
        said = yaml.safe_load(matter[1])
    except yaml.YAMLError as error:
        raise SourceError(f"{where}: README.md: its front matter is not YAML: {error}", path=where) from error
    configs = said.get("configs") if isinstance(said, dict) else None
    if not isinstance(configs, list):
        return []
    return [c for c in configs if isinstance(c, dict) and ("data_files" in c or "data_dir" in c)]


def _chosen(configs: Sequence[Mapping[str, Any]], config: str | None, *, where: str) -> Mapping[str, Any]:
    names = [str(c.get("config_name", "default")) for c in configs]
    if config is None and len(configs) > 1:
        usual = [c for c, name in zip(configs, names, strict=True) if c.get("default") or name == "default"]
        if not usual:
            raise ConfigError(
                f"{where} has several configurations; choose one with hf:{where}:NAME: {', '.join(names)}",
                expected=names,
            )
        return usual[0]
    if config is None:
        return configs[0]
    if config not in names:
        raise ConfigError(f"{where}: no configuration {config!r}; it has {', '.join(names)}", found=config)
    return configs[names.index(config)]


def _declared(
    paths: Sequence[str],
    config: Mapping[str, Any],
    *,
    where: str,
    format: str | None,
    left_out: LeftOut,
) -> list[DataFile]:
    """The files of a declared configuration, each once."""
    folder = str(config.get("data_dir", "")).strip("/")
    said = config.get("data_files")
    if said is None:
        return _text_below(paths, folder, format=format, left_out=left_out)
    if isinstance(said, dict):
        said = [{"split": name, "path": patterns} for name, patterns in said.items()]
    entries = said if isinstance(said, list) else [said]
    found: dict[str, DataFile] = {}
    for entry in entries:
        if isinstance(entry, dict):
            name, patterns = split_name(str(entry.get("split", "train"))), entry.get("path", [])
        else:
            name, patterns = "train", entry
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            full = f"{folder}/{pattern}" if folder else str(pattern).removeprefix("./")
            matches = _match(paths, full, where=where, format=format, left_out=left_out)
            for path, found_format in matches:
                found.setdefault(path, DataFile(path, name, found_format))
    return list(found.values())


def _match(
    paths: Sequence[str], pattern: str, *, where: str, format: str | None, left_out: LeftOut
) -> list[tuple[str, str]]:
    """The files that a pattern means, with their formats; a name that is there is taken literally."""
    if pattern in paths:
        known = format_of(pattern.rpartition("/")[2], format)
        if known is not None:
            return [(pattern, known)]
        left_out.add("unknown-format", pattern)
        return []
    glob = Glob(pattern, is_folder=lambda name: bool(_below(paths, name))) if has_magic(pattern) else None
    names = [] if glob is None else [name for name in _below(paths, glob.folder) if glob.matches(name)]
    if glob is None or not names:
        raise SourceError(f"{where}: README.md names {pattern}, which is not there", path=where)
    files = text_files(names, left_out, format=format, asked=glob.asked)
    return [(f"{glob.folder}/{name}".lstrip("/"), found) for name, found in files]


def _by_name(
    paths: Sequence[str], config: str | None, *, where: str, format: str | None, left_out: LeftOut
) -> list[DataFile]:
    """The files where nothing is declared; a configuration is then a folder."""
    if config is not None and not _below(paths, config):
        folders = sorted({path.partition("/")[0] for path in paths if "/" in path})
        raise ConfigError(
            f"{where}: no configuration {config!r}: README.md declares none, and there is no such folder; "
            f"folders: {', '.join(folders) or 'none'}",
            found=config,
        )
    return _text_below(paths, config or "", format=format, left_out=left_out)


def _text_below(
    paths: Sequence[str], folder: str, *, format: str | None, left_out: LeftOut
) -> list[DataFile]:
    """The text files below a folder, in the splits that their names say."""
    files = text_files(_below(paths, folder), left_out, format=format)
    found = [(f"{folder}/{name}".lstrip("/"), known) for name, known in files]
    return [DataFile(path, _split_of(path), known) for path, known in found]


def _below(paths: Iterable[str], folder: str) -> list[str]:
    """What is below a folder, relative to it."""
    start = f"{folder}/" if folder else ""
    return [path[len(start) :] for path in paths if path.startswith(start)]


def _split_of(path: str) -> str:
    """The split that a file's own name says, or else a folder's, the nearest one first."""
    *folders, name = path.lower().split("/")
    for part in (name, *reversed(folders)):
        word = _SPLIT_WORD.search(part)
        if word is not None:
            return _SPLIT_OF[word[1]]
    return "train"


__all__ = ["CARD", "DataFile", "data_files", "split_name"]
