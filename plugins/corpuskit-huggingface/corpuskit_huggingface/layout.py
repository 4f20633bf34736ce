"""Which files of a dataset repository are its text, and which split each belongs to.

The rules are those of the Hub, as far as they concern files that readers can read: the `configs` in the front
matter of README.md say it; else the names of folders and files do ("train", "validation-00000-of-00001"), and
what says nothing is train. No code of a repository is ever run.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]
from fsspec.utils import glob_translate

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.compression import by_extension
from corpuskit.sources.files import format_of

_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_ALIASES = {
    "train": ("train", "training"),
    "valid": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_OF = {alias: split for split, aliases in _ALIASES.items() for alias in aliases}
_SPLIT_WORD = re.compile(rf"(?<![a-z])({'|'.join(sorted(_SPLIT_OF, key=len, reverse=True))})(?![a-z])")
_NOT_TEXT = re.compile(r"(^|/)[._]|(^|/)(readme|license|dataset_infos?|state|dataset_dict)\b[^/]*$")


@dataclasses.dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a dataset, the split it belongs to, and its format."""

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
) -> list[DataFile]:
    """The files to read, in order: by split (train first), then as they are listed or sorted.

    Args:
        paths: Every file of the repository, relative to it.
        card: Its README.md, if it has one.
        config: The configuration that the user chose.
        split: The split that the user chose.
        format: The reader that the user chose instead of the one that the extension says.
        where: What to call the repository in errors.

    Raises:
        ConfigError: If there is no such configuration or split, or one must be chosen.
        SourceError: If nothing there can be read.
    """
    configs = _configs(card, where=where)
    if configs:
        found = _declared(sorted(paths), _chosen(configs, config, where=where), where=where)
    else:
        found = _by_name(sorted(paths), config, where=where)
    files = [DataFile(path, name, format or _format(path) or "") for name, path in found]
    known = [file for file in files if file.format]
    if not known:
        raise SourceError(
            f"{where}: no file that can be read ({', '.join(sorted(paths)[:5]) or 'no files'}); corpuskit "
            "reads Parquet, JSON Lines, Arrow, CSV and text, and runs no code of a dataset",
            path=where,
        )
    (usual, _), *_ = Counter(file.format for file in known).most_common(1)
    files = [file for file in known if file.format == usual]
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


def _declared(paths: Sequence[str], config: Mapping[str, Any], *, where: str) -> list[tuple[str, str]]:
    """(split, path) of the files of a declared configuration, each once."""
    folder = str(config.get("data_dir", "")).strip("/")
    inside = [path for path in paths if not folder or path.startswith(f"{folder}/")]
    said = config.get("data_files")
    if said is None:
        return _split_by_name(inside)
    if isinstance(said, dict):
        said = [{"split": name, "path": patterns} for name, patterns in said.items()]
    entries = said if isinstance(said, list) else [said]
    found: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, dict):
            name, patterns = split_name(str(entry.get("split", "train"))), entry.get("path", [])
        else:
            name, patterns = "train", entry
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            full = f"{folder}/{pattern}" if folder else str(pattern)
            matches = _match(paths, full)
            if not matches:
                raise SourceError(f"{where}: README.md names {full}, which is not there", path=where)
            for path in matches:
                found.setdefault(path, name)
    return [(name, path) for path, name in found.items()]


def _match(paths: Iterable[str], pattern: str) -> list[str]:
    pattern = pattern.removeprefix("./")
    expression = re.compile(glob_translate(pattern))
    return [path for path in paths if path == pattern or expression.match(path)]


def _by_name(paths: Sequence[str], config: str | None, *, where: str) -> list[tuple[str, str]]:
    """(split, path) where nothing is declared; a configuration is then a folder."""
    inside = [path for path in paths if config is None or path.startswith(f"{config}/")]
    if config is not None and not inside:
        folders = sorted({path.partition("/")[0] for path in paths if "/" in path})
        raise ConfigError(
            f"{where}: no configuration {config!r}: README.md declares none, and there is no such folder; "
            f"folders: {', '.join(folders) or 'none'}",
            found=config,
        )
    return _split_by_name([path for path in inside if not _NOT_TEXT.search(path.lower())])


def _split_by_name(paths: Iterable[str]) -> list[tuple[str, str]]:
    def split_of(path: str) -> str:
        *folders, name = path.lower().split("/")
        for part in (name, *reversed(folders)):  # the file's own name says it best
            word = _SPLIT_WORD.search(part)
            if word is not None:
                return _SPLIT_OF[word[1]]
        return "train"

    return [(split_of(path), path) for path in paths]


def _format(path: str) -> str | None:
    """The reader of a file; on the Hub, `.json` means JSON Lines more often than not."""
    name = path.rpartition("/")[2].lower()
    compression = by_extension(name)
    plain = name if compression is None else name.removesuffix(compression.extension)
    if plain.endswith(".json"):
        return "jsonl"
    return format_of(name) if "." in plain and not plain.endswith(".md") else None


__all__ = ["DataFile", "data_files", "split_name"]
