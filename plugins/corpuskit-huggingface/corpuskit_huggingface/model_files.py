"""The files of a model: those of a folder, or of a repository of the Hub at one commit."""

from __future__ import annotations

import abc
import re
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi

from corpuskit.errors import FetchError, TokenizerError
from corpuskit.plugin import looking_at, read_file, user_path
from corpuskit_huggingface import hub

#: Gemma 3's tokenizer.json, the largest in common use, has 33 MB.
MAX_BYTES = 64 * 2**20
_REPOSITORY = re.compile(r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>\S+))?")


class ModelFiles(abc.ABC):
    """Where a model's files are looked for."""

    @abc.abstractmethod
    def get(self, name: str) -> Path | None:
        """A file by its path in the folder, or None if there is none."""

    @abc.abstractmethod
    def names(self, folder: str, extension: str) -> Sequence[str]:
        """The names of a folder's files that end like this, sorted; none where there is no such folder."""


def model_files(argument: str, *, file: str) -> ModelFiles:
    """What a user names: a file or a folder that is there, else a repository.

    Args:
        argument: A path, or `org/name[@revision]`.
        file: What a path to a file is, whatever its name.

    Raises:
        TokenizerError: If it can be neither.
    """
    path = user_path(argument)
    with looking_at(path):
        if path.exists():
            return _Folder(path, file)
    match = None if argument.startswith((".", "/", "~")) else _REPOSITORY.fullmatch(argument)
    if match is None:
        raise TokenizerError(f"{argument}: no such file or folder", path=argument)
    return _Repository(match["repo"], match["revision"])


def read_model_file(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FetchError: If it cannot be read.
    """
    try:
        return read_file(file, max_bytes=MAX_BYTES, follow=True)
    except OSError as error:
        raise FetchError(f"{file}: cannot be read: {error.strerror}", path=file) from error


class _Folder(ModelFiles):
    """A folder, or what lies beside a file that is named itself."""

    def __init__(self, path: Path, file: str) -> None:
        self._path, self._file = path, file

    def get(self, name: str) -> Path | None:
        path = self._path
        with looking_at(path):
            is_file = path.is_file()
            found = path if is_file and name == self._file else (path.parent if is_file else path) / name
            return found if found.is_file() else None

    def names(self, folder: str, extension: str) -> Sequence[str]:
        with looking_at(self._path):
            place = (self._path.parent if self._path.is_file() else self._path) / folder
            return sorted(file.name for file in place.glob(f"*{extension}")) if place.is_dir() else []


class _Repository(ModelFiles):
    """A repository, every file at the commit that the first one is from."""

    def __init__(self, repo: str, revision: str | None) -> None:
        self._repo, self._revision = repo, revision

    def get(self, name: str) -> Path | None:
        found = hub.optional(lambda: hub.download(self._repo, name, revision=self._revision))
        if found is not None:
            self._revision = found.parents[name.count("/")].name  # .../snapshots/COMMIT/tokenizer.json
        return found

    def names(self, folder: str, extension: str) -> Sequence[str]:
        if hub.is_offline():
            return self._cached_names(folder, extension)

        def listed() -> list[str]:
            with hub.explained(f"{folder} of {self._repo}", self._repo):
                entries = HfApi().list_repo_tree(self._repo, folder, revision=self._revision)
                return [entry.path.rpartition("/")[2] for entry in entries]

        try:
            return sorted(name for name in listed() if name.endswith(extension))
        except FetchError as error:
            if error.missing:
                return []
            raise

    def _cached_names(self, folder: str, extension: str) -> Sequence[str]:
        """Those of the folder that lies beside a file that is in the cache."""
        for known in ("tokenizer_config.json", "tokenizer.json"):
            file = self.get(known)
            if file is not None:
                place = file.parent / folder
                return sorted(found.name for found in place.glob(f"*{extension}")) if place.is_dir() else []
        return []


__all__ = ["MAX_BYTES", "ModelFiles", "model_files", "read_model_file"]
