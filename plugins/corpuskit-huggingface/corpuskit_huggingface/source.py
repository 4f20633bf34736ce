"""A dataset's files as a source: those of a repository of the Hub, of a folder like one, or of `datasets`.

The revision is resolved to a commit before anything else; every file is read at that commit, and the names in
the manifest carry it. Files lie in the cache of `huggingface_hub`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.hf_api import RepoFile

from corpuskit.errors import ConfigError, FetchError, HashMismatch, SourceError, StorageError
from corpuskit.plugin import (
    ZIP,
    FileFilter,
    FilesSource,
    Input,
    LeftOut,
    Progress,
    SourceOptions,
    SourceSpec,
    archive_inputs,
    changes,
    default_cache_dir,
    hash_input,
    list_folder,
    local_input,
    looking_at,
    make_folder,
    read_file,
    say_formats,
    user_path,
    write_json,
)
from corpuskit_huggingface import hub
from corpuskit_huggingface.layout import CARD, DataFile, data_files, split_name
from corpuskit_huggingface.names import parse

log = logging.getLogger(__name__)

_COMMIT = re.compile("[0-9a-f]{40}")
#: What `datasets` puts beside what it saves, with a key that its file has; others may use the names too.
_MAX_CARD_BYTES = 8 * 2**20
_MAX_JSON_BYTES = 64 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class _Listed:
    """A file as the Hub lists it; its sha256 is known where it is stored as a large file."""

    path: str
    size_bytes: int
    sha256: str | None


class HuggingFaceSource(FilesSource):
    """The corpus that a dataset is.

    Args:
        spec: The spec the source was found by.
        argument: `org/name[@revision][:config][/split]`, or a path in place of `org/name`.
        options: What the user said about it.

    Raises:
        ConfigError: If the argument is neither.
    """

    def __init__(
        self, *, spec: SourceSpec, argument: str | None = None, options: SourceOptions | None = None
    ) -> None:
        super().__init__(spec=spec, argument=argument, options=options)
        self._target = parse(argument)
        self._published: dict[str, str] = {}  # by an input's name: the sha256 that the Hub says

    @property
    def name(self) -> str:
        """What the corpus is called where the user does not say."""
        return self._target.title

    def inputs(self) -> Sequence[Input]:
        """The files in order; those of the Hub are downloaded.

        Raises:
            FetchError: If the Hub does not give them.
            SourceError: If there is nothing that can be read.
            ConfigError: If there is no such configuration or split, or one must be chosen.
        """
        if self.options.location is not None:
            raise ConfigError("--from takes a named corpus's bytes from elsewhere; here, use hf:PATH instead")
        self.left_out = LeftOut()
        self._listed: set[str] = set()
        found = self._local_inputs() if self._target.local else self._hub_inputs()
        inputs = [item for file in found for item in self._members(file)]
        self.left_out.say(self._target.place)
        say_formats(self._target.place, ((item.member or item.name, item.format) for item in inputs))
        return inputs

    def digest(self, item: Input) -> str:
        """The sha256 of a file, compared with the one that the Hub says.

        Raises:
            HashMismatch: If they are not the same.
        """
        found = hash_input(item)
        expected = self._published.get(item.name, found)
        if found != expected:
            raise HashMismatch(
                f"{item.name}: sha256 {found:.16}, the Hub says {expected:.16}; remove {item.location} and "
                "run again",
                path=item.name,
                expected=expected,
                found=found,
            )
        return found

    def unchanged(self, recorded: Sequence[tuple[str, int, str, str | None]]) -> bool:
        """Whether the inputs are still those of a manifest; what the Hub says of them is enough to know."""
        if self._target.local:
            return super().unchanged(recorded)
        commit, files, listed = self._select()
        expected = [
            (self._input_name(commit, file.path), listed[file.path].size_bytes, file.split) for file in files
        ]
        distinct = list(dict.fromkeys(recorded))  # an archive is recorded with each of its members
        if expected != [(name, size_bytes, split) for name, size_bytes, _, split in distinct]:
            return False
        known = [listed[file.path].sha256 for file in files]
        if all(known):
            return known == [sha256 for _, _, sha256, _ in distinct]
        return super().unchanged(recorded)

    def changes(self, recorded: Sequence[tuple[str, int, str, str | None]]) -> str:
        """Which files are no longer those of a manifest, in words; none is downloaded to say so."""
        if self._target.local:
            return super().changes(recorded)
        commit, files, listed = self._select()
        found = [
            (self._input_name(commit, f.path), listed[f.path].size_bytes, listed[f.path].sha256)
            for f in files
        ]
        return changes(recorded, found)

    def _hub_inputs(self) -> list[Input]:
        commit, files, listed = self._select()
        for format in {file.format for file in files} - {ZIP}:
            self.reader(format)  # a wrong option is found before anything is downloaded
        total = sum(listed[file.path].size_bytes for file in files)
        done = 0
        inputs = []
        with hub.without_bars():
            for file in files:
                path = hub.download(self._target.place, file.path, revision=commit, repo_type="dataset")
                inputs.append(self._hub_input(commit, file, listed[file.path], path))
                done += listed[file.path].size_bytes
                if self.options.on_progress is not None:
                    self.options.on_progress(Progress("fetch", self._target.place, done, total))
        return inputs

    def _hub_input(self, commit: str, file: DataFile, listed: _Listed, path: Path) -> Input:
        name = self._input_name(commit, file.path)
        if listed.sha256 is not None:
            self._published[name] = listed.sha256
        item = _input(path.absolute(), name, file)
        if item.size_bytes != listed.size_bytes:
            raise HashMismatch(
                f"{name}: {item.size_bytes:,} bytes, the Hub says {listed.size_bytes:,}; remove {path} and "
                "run again",
                path=name,
                expected=listed.size_bytes,
                found=item.size_bytes,
            )
        return item

    def _input_name(self, commit: str, path: str) -> str:
        return f"hf://datasets/{self._target.place}@{commit}/{path}"

    def _select(self) -> tuple[str, list[DataFile], dict[str, _Listed]]:
        """The commit, the files to read, and every file of the repository by its path."""
        repo, revision = self._target.place, self._target.revision or constants.DEFAULT_REVISION
        commit, listed = _listing_offline(repo, revision) if hub.is_offline() else _listing(repo, revision)
        if not hub.is_offline():
            # Asked for under the user's revision, so that the cache knows its commit when offline.
            hub.optional(lambda: hub.download(repo, CARD, revision=revision, repo_type="dataset"))
        card = None
        if CARD in listed:
            card = _read_card(hub.download(repo, CARD, revision=commit, repo_type="dataset"))
        return commit, self._data_files(list(listed), card), listed

    def _local_inputs(self) -> list[Input]:
        place = user_path(self._target.place)
        with looking_at(place):
            if place.is_file():
                return [_input(place, place.name, file) for file in self._data_files([place.name], None)]
        if _listed_by_datasets(place / "state.json", "_data_files") is not None:
            return self._saved_by_datasets(place, [])
        if (splits := _listed_by_datasets(place / "dataset_dict.json", "splits")) is not None:
            return self._saved_by_datasets(place, splits)
        paths = list(list_folder(str(place), FileFilter()))
        card = place / CARD
        files = self._data_files(paths, _read_card(card) if card.is_file() else None)
        return [_input(place / file.path, file.path, file) for file in files if self._is_new(place, file)]

    def _is_new(self, place: Path, file: DataFile) -> bool:
        """Whether a file of a folder is a regular file that was not listed under another name yet."""
        path = place / file.path
        if path.exists() and not path.is_file():
            self.left_out.add("not-regular", file.path)
            return False
        real = os.path.realpath(path)
        if real in self._listed:
            self.left_out.add("same-file", file.path)
            return False
        self._listed.add(real)
        return True

    def _saved_by_datasets(self, place: Path, names: list[Any]) -> list[Input]:
        """What `Dataset.save_to_disk` left, or `DatasetDict.save_to_disk` with splits of these names."""
        folders = [(split_name(name), name) for name in names] or [("train", "")]
        if self._target.split is not None:
            folders = [(split, name) for split, name in folders if split == split_name(self._target.split)]
        if not folders or self._target.config:
            raise ConfigError(
                f"{place}: no such split or configuration; it has the splits {', '.join(names) or 'train'}"
            )
        inputs = []
        for split, name in folders:
            state = place / name / "state.json"
            entries = _listed_by_datasets(state, "_data_files")
            if entries is None:
                raise SourceError(
                    f"{state}: not as datasets writes it: no list '_data_files'; save the dataset again",
                    path=state,
                )
            for entry in entries:
                path = os.path.join(name, str(entry["filename"]))  # noqa: PTH118 (a name, not a place)
                inputs.append(_input(place / path, path, DataFile(path, split, "arrow")))
        return inputs

    def _data_files(self, paths: Sequence[str], card: str | None) -> list[DataFile]:
        target = self._target
        return data_files(
            paths,
            card,
            config=target.config,
            split=target.split,
            format=self.options.format,
            where=target.place,
            left_out=self.left_out,
        )

    def _members(self, item: Input) -> list[Input]:
        """A file, or the members of an archive."""
        if item.format != ZIP:
            return [item]
        return archive_inputs(item, self.left_out, format=self.options.format)


def _input(path: Path, name: str, file: DataFile) -> Input:
    return local_input(path, name, format=file.format, split=file.split)


def _listing(repo: str, revision: str) -> tuple[str, dict[str, _Listed]]:
    """The commit that a revision is now, and every file there; kept for when the network is away."""
    api = HfApi()
    with hub.explained(f"dataset {repo} at {revision}", f"datasets/{repo}"):
        commit = api.dataset_info(repo, revision=revision).sha
        if not commit or not _COMMIT.fullmatch(commit):
            raise FetchError(f"dataset {repo}: the Hub names no commit for {revision!r}", path=repo)
        entries = [
            entry
            for entry in api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")
            if isinstance(entry, RepoFile)
        ]
    listed = [_Listed(e.path, e.size, e.lfs.sha256 if e.lfs else None) for e in entries]
    try:
        make_folder(default_cache_dir(), "huggingface")
        write_json(_kept_listing(repo, commit), [dataclasses.astuple(file) for file in listed])
    except StorageError as error:
        log.info("the list of files is not kept for offline use: %s", error)
    return commit, {file.path: file for file in listed}


def _listing_offline(repo: str, revision: str) -> tuple[str, dict[str, _Listed]]:
    """The same from what was kept, else from what `huggingface_hub` has in its cache."""
    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="dataset")
    missing = FetchError(
        f"dataset {repo} at {revision}: not in the cache ({folder}), and HF_HUB_OFFLINE or CORPUSKIT_OFFLINE "
        "forbids the network; unset them once to download it",
        path=repo,
    )
    try:
        known = bool(_COMMIT.fullmatch(revision))
        commit = revision if known else (folder / "refs" / revision).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise missing from error
    try:
        kept = json.loads(_kept_listing(repo, commit).read_bytes())
        return commit, {path: _Listed(path, size_bytes, sha256) for path, size_bytes, sha256 in kept}
    except (OSError, ValueError, TypeError):
        snapshot = folder / "snapshots" / commit
        names = sorted(list_folder(str(snapshot), FileFilter())) if snapshot.is_dir() else []
    if not names:
        raise missing
    log.warning("%s: offline, so that its files are the %d in the cache", repo, len(names))
    listed = [_Listed(name, (snapshot / name).stat().st_size, None) for name in names]
    return commit, {file.path: file for file in listed}


def _kept_listing(repo: str, commit: str) -> Path:
    return (
        default_cache_dir()
        / "huggingface"
        / f"{repo_folder_name(repo_id=repo, repo_type='dataset')}-{commit}.json"
    )


def _read_card(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_CARD_BYTES).decode(errors="replace")


def _listed_by_datasets(path: Path, key: str) -> list[Any] | None:
    """The list under a key of a JSON file that `datasets` wrote; None if the file is not that."""
    with looking_at(path):
        data = read_file(path, max_bytes=_MAX_JSON_BYTES, follow=True) if path.is_file() else b""
    try:
        found = json.loads(data)[key]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, list) else None


__all__ = ["HuggingFaceSource"]
