"""A place of the Hub as an object store: `hf://org/name[@revision][/folder]`, a dataset repository.

What is written is one commit, made only where nothing else was committed meanwhile. What is read is of one
commit: a branch is resolved to it once. Small files come through `huggingface_hub` and lie in its cache, so
that a corpus that was opened once is found without a network; shards come through corpuskit's bounded cache.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils._headers import build_hf_headers

from corpuskit.errors import (
    ConfigError,
    CorpusFormatError,
    CorpuskitError,
    FetchError,
    StorageError,
    reason_of,
)
from corpuskit.plugin import (
    Addition,
    Comparison,
    FetchOptions,
    OnProgress,
    PreconditionFailed,
    Progress,
    RemotePath,
    Store,
    Stored,
)
from corpuskit_huggingface import hub

log = logging.getLogger(__name__)

_SYNTAX = "hf://org/name[@revision][/folder]"
#: Revisions with slashes are those that the Hub itself makes.
_PLACE = re.compile(
    r"(?:datasets/)?(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>refs/convert/[\w.-]+|refs/pr/\d+|[^/@]+))?(?:/(?P<folder>[^@]+))?"
)
#: What else begins a path of the Hub.
_OTHER_KINDS = ("models", "spaces", "buckets", "kernels", "datasets")
#: What a path of the Hub has no folder of.
_NO_FOLDERS = frozenset(("", ".", ".."))
_COMMIT = re.compile("[0-9a-f]{40}")
#: Files go up in groups of about so many bytes, each told as progress; a stopped upload loses one at most.
_GROUP_BYTES = 256 * 2**20
_GROUP_FILES = 64
_READ_BYTES = 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class _Head:
    """A branch as it was: its commit, None where there is no repository, and the files of the place."""

    commit: str | None
    files: Mapping[str, RepoFile]


class HubStore(Store):
    """The files of a folder of a dataset repository.

    Args:
        place: `hf://org/name`, a revision after an @, a folder after a slash. `hf://datasets/org/name` is the
            same.
        options: The limits of downloads.

    Raises:
        ConfigError: If it is no such place.
    """

    commits_at_once = True

    def __init__(self, place: RemotePath, options: FetchOptions | None = None) -> None:
        super().__init__(place, options)
        text = place.url.partition("://")[2]
        match = _PLACE.fullmatch(text)
        folders = match["folder"].split("/") if match and match["folder"] else []
        if (
            match is None
            or match["repo"].partition("/")[0] in _OTHER_KINDS
            or not _NO_FOLDERS.isdisjoint(folders)
        ):
            raise ConfigError(
                f"{place}: not a place for a corpus; expected {_SYNTAX}, a dataset repository",
                found=str(place),
            )
        self._repo: str = match["repo"]
        self._revision = unquote(match["revision"]) if match["revision"] else None
        self._folder: str = match["folder"] or ""
        self._api = HfApi()
        self._head: _Head | None = None

    def pinned(self) -> Store:
        """The same place at the commit that its branch is at now."""
        if self._is_pinned():
            return self
        found = self._download("manifest.json", self._revision)
        if found is None:
            return self  # whoever reads it is told that there is nothing
        commit = found.parents[self._path("manifest.json").count("/")].name
        kind, _, _ = self.place.url.partition("://")
        repo = self.place.url.partition("://")[2].partition(self._repo)[0] + self._repo
        folder = f"/{self._folder}" if self._folder else ""
        return HubStore(RemotePath(f"{kind}://{repo}@{commit}{folder}"), self._options)

    def downloads(self) -> tuple[RemotePath, FetchOptions | None]:
        """The URL of the place at its revision, which is asked for with the token."""
        url = hf_hub_url(self._repo, "x", repo_type="dataset", revision=self._revision).removesuffix("/x")
        said = build_hf_headers().get("authorization")
        options = dataclasses.replace(
            self._options,
            authorization=(constants.ENDPOINT, said) if said else None,
            offline_by="HF_HUB_OFFLINE" if constants.HF_HUB_OFFLINE else None,
        )
        return RemotePath(f"{url}/{quote(self._folder)}"), options

    def read(self, name: str, *, max_bytes: int) -> Stored | None:
        """A small file; None if there is none, or no repository."""
        if self._is_pinned():
            path, version = self._download(name, self._revision), self._revision
        else:
            head = self._look()
            version = head.commit
            path = self._download(name, head.commit) if name in head.files else None
        if path is None:
            return None
        with path.open("rb") as file:
            return Stored(file.read(max_bytes + 1), version)

    def size(self, name: str) -> int | None:
        """A file's size; None if there is none."""
        file = (self._head or self._look()).files.get(name)
        return file.size if file is not None else None

    def compare(self, name: str, file: Path, *, sha256: str) -> Comparison:
        """What a file of the place is to a local one with that sha256: missing, different or the same."""
        there = (self._head or self._look()).files.get(name)
        if there is None:
            return "missing"
        return "same" if _is_same(there, Addition(name, file, sha256)) else "different"

    def commit(
        self,
        added: Sequence[Addition],
        removed: Sequence[str],
        *,
        expected: Mapping[str, Stored | None],
        message: str,
        private: bool = False,
        on_progress: OnProgress | None = None,
    ) -> bool:
        """Put and delete files by one commit, if what is expected is still there."""
        if self._is_pinned():
            raise ConfigError(
                f"{self.place}: a commit cannot be changed; name a branch, or none", found=str(self.place)
            )
        head = self._head or self._look()
        self._check(head, expected)
        if head.commit is None:
            with self._told("make"), contextlib.suppress(KeyError):  # it is there, and its URL is not said
                self._api.create_repo(self._repo, repo_type="dataset", private=private or None, exist_ok=True)
            head = self._look()
            self._check(head, expected)
        changed = [
            one for one in added if one.name not in head.files or not _is_same(head.files[one.name], one)
        ]
        gone = [name for name in removed if name in head.files]
        if not changed and not gone:
            return False
        with self._told("write"), hub.without_bars():
            additions = [self._operation(one) for one in changed]
            self._upload(changed, additions, on_progress)
            deletions = [CommitOperationDelete(self._path(name), is_folder=False) for name in gone]
            made = self._commit([*additions, *deletions], head, message)
        self._check_kept(made, changed)
        return True

    def _is_pinned(self) -> bool:
        return self._revision is not None and _COMMIT.fullmatch(self._revision) is not None

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}" if self._folder else name

    def _look(self) -> _Head:
        """The branch as it is now."""
        if hub.is_offline():
            raise StorageError(
                f"cannot look at {self.place}: HF_HUB_OFFLINE or CORPUSKIT_OFFLINE forbids the network; "
                "unset them",
                path=str(self.place),
            )
        with self._told("look at"):
            try:
                commit = self._api.dataset_info(self._repo, revision=self._revision).sha
            except GatedRepoError:
                raise
            except RepositoryNotFoundError:
                self._head = _Head(None, {})
                return self._head
            self._head = _Head(commit, self._files(commit))
        return self._head

    def _files(self, commit: str | None) -> dict[str, RepoFile]:
        try:
            entries = list(
                self._api.list_repo_tree(
                    self._repo, self._folder or None, revision=commit, repo_type="dataset"
                )
            )
        except EntryNotFoundError:
            return {}
        return {entry.path.rpartition("/")[2]: entry for entry in entries if isinstance(entry, RepoFile)}

    def _download(self, name: str, revision: str | None) -> Path | None:
        """A file in the cache of `huggingface_hub`; None if the revision has none of its name."""
        path = self._path(name)
        try:
            with hub.without_bars():
                return hub.download(self._repo, path, revision=revision, repo_type="dataset")
        except FetchError as error:
            if error.missing:
                return None
            cause = error.__cause__
            hint = self._is_other_kind() if isinstance(cause, RepositoryNotFoundError) else ""
            raise StorageError(f"{self.place}: {error}{hint}", path=str(self.place)) from error

    def _is_other_kind(self) -> str:
        """What to say where the name is a model's."""
        with contextlib.suppress(Exception):  # it is only a hint
            if self._api.repo_exists(self._repo, repo_type="model"):
                return f"; {self._repo} is a model, and corpora are in dataset repositories"
        return ""

    def _check(self, head: _Head, expected: Mapping[str, Stored | None]) -> None:
        for name, stored in expected.items():
            path = self._download(name, head.commit) if name in head.files else None
            if (None if path is None else path.read_bytes()) != (None if stored is None else stored.data):
                raise PreconditionFailed

    def _operation(self, one: Addition) -> CommitOperationAdd:
        content = one.content if isinstance(one.content, bytes) else str(one.content)
        return CommitOperationAdd(self._path(one.name), content)

    def _upload(
        self,
        changed: Sequence[Addition],
        additions: Sequence[CommitOperationAdd],
        on_progress: OnProgress | None,
    ) -> None:
        """Put the files' bytes where a commit can name them; those that are there are not sent again."""
        done, total = 0, sum(operation.upload_info.size for operation in additions)
        for numbers in _groups([operation.upload_info.size for operation in additions]):
            group = [additions[number] for number in numbers]
            self._api.preupload_lfs_files(
                self._repo, group, repo_type="dataset", revision=self._revision, free_memory=False
            )
            for number in numbers:
                expected, found = changed[number].sha256, additions[number].upload_info.sha256.hex()
                if expected not in (None, found):
                    raise CorpusFormatError(
                        f"{changed[number].name}: sha256 {found}, the manifest says {expected}; it was "
                        "changed while it was uploaded; make the corpus again",
                        path=changed[number].name,
                        expected=expected,
                        found=found,
                    )
            done += sum(operation.upload_info.size for operation in group)
            if on_progress is not None:
                on_progress(Progress("upload", changed[numbers[-1]].name, done, total))

    def _commit(
        self, operations: Sequence[CommitOperationAdd | CommitOperationDelete], head: _Head, message: str
    ) -> str:
        self._head = None
        try:
            made = self._api.create_commit(
                self._repo,
                operations,
                commit_message=message,
                repo_type="dataset",
                revision=self._revision,
                parent_commit=head.commit,
            )
        except HfHubHTTPError as error:
            if error.response is not None and error.response.status_code in (409, 412):
                raise PreconditionFailed from None
            raise
        return str(made.oid)

    def _check_kept(self, commit: str, added: Sequence[Addition]) -> None:
        """Compare what the commit has with what was put."""
        with self._told("look at"):
            files = self._files(commit)
        for one in added:
            if one.name not in files or not _is_same(files[one.name], one):
                place = self.place / one.name
                why = "is another file" if one.name in files else "was left out, as .gitignore there may say"
                raise StorageError(
                    f"{place}: it {why} in commit {commit}, so the corpus is not complete there; mend that "
                    "and publish it again",
                    path=str(place),
                )

    @contextlib.contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Errors of the library below, in one line that says what to do."""
        try:
            with hub.explained(f"cannot {doing} {self.place}", f"datasets/{self._repo}"):
                try:
                    yield
                except RuntimeError as error:  # of one file's upload: what went wrong is its cause
                    raise error.__cause__ or error from None
        except FetchError as error:
            raise StorageError(str(error), path=str(self.place)) from error
        except (CorpuskitError, PreconditionFailed):
            raise
        except Exception as error:  # such as what the Hub says of a card's front matter
            raise StorageError(
                f"cannot {doing} {self.place}: {reason_of(error):.300}", path=str(self.place)
            ) from error


def _groups(sizes: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of files in order, in groups that are not too large."""
    group: list[int] = []
    for number, size_bytes in enumerate(sizes):
        taken = sum(sizes[other] for other in group)
        if group and (taken + size_bytes > _GROUP_BYTES or len(group) >= _GROUP_FILES):
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _is_same(there: RepoFile, one: Addition) -> bool:
    """Whether a file of the Hub has these bytes: by its sha256, or by git's name for it if it is small."""
    content = one.content
    size_bytes = len(content) if isinstance(content, bytes) else content.stat().st_size
    if there.size != size_bytes:
        return False
    if there.lfs is not None:
        return there.lfs.sha256 == (one.sha256 or _digest(content, hashlib.sha256()))
    return there.blob_id == _digest(content, hashlib.sha1(b"blob %d\0" % size_bytes))  # noqa: S324 - git's name


def _digest(content: Path | bytes, digest: hashlib._Hash) -> str:
    if isinstance(content, bytes):
        digest.update(content)
    else:
        with content.open("rb", buffering=0) as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
    return digest.hexdigest()


__all__ = ["HubStore"]
