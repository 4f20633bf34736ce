"""`.NAME.preparing`, the folder beside a corpus where it is made.

```
.NAME.preparing/
  digests-<16 digits>.json     sha256s of inputs
  <plan>/                      the parts of a plan, 16 digits of whose fingerprint are the name
    job.json                   what is to be done
    part-00000.json            the record of a part that is finished, and beside it its files
    manifest.json              of the corpus that the parts were made into: they are not needed any more
  .<plan>.<host>.<process>.<random>.tmp/
                               a corpus that is about to take its name, an old one that has lost it, or parts
                               that are not needed any more
```
Only these names are ever deleted, and nothing through a link.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from corpuskit import folders, storage
from corpuskit.corpus.manifest import FILE_NAME
from corpuskit.corpus.writer import CORPUS_FILE, is_of_corpus
from corpuskit.errors import ConfigError
from corpuskit.file_errors import reading_from
from corpuskit.temporary_names import temporary_name

log = logging.getLogger(__name__)

_TEMPORARY = r"\.[^/]+\.tmp"
_PARTS = rf"part-\d{{5,}}[^/]*\.(?:bin|idx|arrow|json)|job\.json|manifest\.json|{_TEMPORARY}"
_PLAN = "(?P<{}>[0-9a-f]{{16}})"
_WORK = (
    rf"digests-[0-9a-f]{{16}}\.json|{_TEMPORARY}"
    rf"|{_PLAN.format('parts')}/(?:{_PARTS})?"
    rf"|\.{_PLAN.format('staged')}\.[^/]+\.tmp/(?:{CORPUS_FILE}|{_PARTS})?"
)
_IN_WORK = re.compile(_WORK)
_PLAN_DIGITS = 16


class WorkFolder:
    """The folder where one corpus is made.

    Args:
        output: The corpus's folder to be. Links above it are followed, once.

    Attributes:
        path: The folder.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._mine: Path | None = None  # the parts that this run works on
        self.path = Path(os.path.realpath(output.parent), f".{output.name}.preparing")

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        """Have the folder while the block runs, and leave no empty one behind.

        Raises:
            StorageError: If what has its name is not safe to use.
        """
        folders.make_own(self.path)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self.path.rmdir()

    def make_parts(self, fingerprint: str) -> Path:
        """The folder of a plan's parts, for this run to work on.

        Raises:
            StorageError: If what has its name, or the work folder's, is not safe to use.
        """
        folders.make_own(self.path)
        parts = self.parts(fingerprint)
        folders.make_own(parts)
        _set_folders_aside(parts)
        self._mine = parts
        return parts

    def parts(self, fingerprint: str) -> Path:
        """Where a plan's parts are."""
        return self.path / fingerprint[:_PLAN_DIGITS]

    def others(self, fingerprint: str) -> list[Path]:
        """The folders of other plans' parts."""
        return [path for path in self.plans() if path.name != fingerprint[:_PLAN_DIGITS]]

    def is_taken(self, error: Exception) -> bool:
        """Whether what went wrong may mean that another process has made the corpus first.

        It has deleted the parts then, some of them before this run looked, or something has the corpus's
        name. Nothing else is taken for it: a disk that fails once the corpus has its name has failed.
        """
        if isinstance(error, ConfigError):
            return True
        cause = error.__cause__ or error
        if isinstance(cause, OSError) and cause.errno in (errno.EEXIST, errno.ENOTEMPTY):
            return True
        return not self.plans()

    def remove(self, fingerprint: str) -> None:
        """Delete what a corpus was made of, and other plans' parts unless a process is at work there."""
        self._remove({path.name for path in self.others(fingerprint) if folders.is_in_use(path)})

    def tidy(self) -> None:
        """Delete the parts of the corpus that is there: whoever made it was killed before it could do so.

        Those that this run has begun are of that corpus too: it is what the run was to make.
        """
        if not self.path.is_dir() or folders.why_not_own(self.path) is not None:
            return
        self._remove({path.name for path in self.plans() if not self._is_spent(path)})

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self.path.iterdir())
        except OSError:
            return []

    def plans(self) -> list[Path]:
        """The folders of all plans' parts."""
        return [self.path / name for name in self._names() if re.fullmatch(_PLAN.format("plan"), name)]

    def _is_spent(self, parts: Path) -> bool:
        """Whether the corpus that is there was made of these parts, or would be made of them again."""
        if parts == self._mine:
            return True
        try:
            return (parts / FILE_NAME).read_bytes() == (self._output / FILE_NAME).read_bytes()
        except OSError:
            return False

    def _remove(self, kept: Collection[str]) -> None:
        """Delete all that is ours but some plans; without them it means nothing, however far this comes."""
        if not kept:
            for parts in self.plans():
                with contextlib.suppress(OSError):
                    storage.rename(parts, temporary_name(parts))
            storage.remove_ours(self.path, lambda name: _IN_WORK.fullmatch(name) is not None)
            return
        for name in self._names():
            found = _IN_WORK.fullmatch(f"{name}/")
            if found is not None and (found["parts"] or found["staged"]) not in kept:
                self._remove_plan(name)

    def _remove_plan(self, name: str) -> None:
        def ours(inside: str) -> bool:
            return _IN_WORK.fullmatch(f"{name}/{inside}") is not None

        storage.remove_ours(self.path / name, ours)


def _set_folders_aside(parts: Path) -> None:
    """Take folders out of the way of files. An empty one is deleted, any other keeps what it holds."""
    with reading_from(parts), os.scandir(parts) as entries:
        folders_there = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in folders_there:
        if re.fullmatch(_TEMPORARY, path.name):
            continue  # it was set aside before
        log.warning("%s is a folder in the place of a file, which is made again", path)
        with contextlib.suppress(OSError):  # another run was faster, or it stays, under another name
            aside = temporary_name(path)
            storage.rename(path, aside)
            aside.rmdir()


def in_published(name: str) -> bool:
    """The same for all that a run leaves that publishes its corpus: the corpus, and the work beside it."""
    folder, slash, inside = name.partition("/")
    if not slash:
        return re.fullmatch(_TEMPORARY, name) is not None
    if folder == "corpus":
        return not inside or is_of_corpus(inside)
    return folder == ".corpus.preparing" and (not inside or _IN_WORK.fullmatch(inside) is not None)
