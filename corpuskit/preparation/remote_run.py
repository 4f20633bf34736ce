"""A run whose corpus goes to an object store: made on this machine first, whole, and then uploaded."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

from corpuskit import folders, reading, storage
from corpuskit.cache import default_cache_dir, make_folder
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.manifest import FILE_NAME, MAX_BYTES
from corpuskit.preparation.existing import accepted
from corpuskit.preparation.found_or_made import found_or_made
from corpuskit.preparation.outcome import PartsMade, Prepared
from corpuskit.preparation.publish import publish, tidy
from corpuskit.preparation.run import Run
from corpuskit.preparation.work_folder import in_published
from corpuskit.stores.opening import open_store
from corpuskit.temporary_names import temporary_name
from corpuskit.urls import RemotePath

log = logging.getLogger(__name__)

_RUN_BYTES = 2**20


def work_folder(place: RemotePath, work_dir: Path | None) -> Path:
    """Where on this machine the corpus for a place is made."""
    return (work_dir or make_folder(default_cache_dir(), "work")) / place.id


class PublishedRun:
    """One run of prepare with an object store at its end.

    The corpus is kept on this machine until it is complete in the store: a run after one that failed has
    nothing to do again but the uploads that are missing.

    Args:
        run: Makes the corpus in a folder of `folder`.
        place: Where it goes.
        folder: What is deleted in the end.
        overwrite: Whether a corpus that is there may be replaced.
    """

    def __init__(self, run: Run, place: RemotePath, folder: Path, *, overwrite: bool) -> None:
        self._run = run
        self._place = place
        self._store = open_store(place)
        self._folder = folder
        self._overwrite = overwrite

    def go(self, *, only_commit: bool = False) -> Prepared:
        """Prepare the corpus and upload it, or find it; with `only_commit`, of parts that are all there."""
        return found_or_made(
            self._existing,
            lambda: self._make(only_commit=only_commit),
            replaces=self._overwrite,
            lock=default_cache_dir() / "locks" / f"publish-{self._place.id}",
            on_wait=self._waiting,
            is_taken=lambda error: isinstance(error, OSError) and not self._folder.exists(),
        )

    def _make(self, *, only_commit: bool) -> Prepared:
        folders.make_own(self._folder, option="--work-dir")
        with folders.in_use(self._folder):
            made = self._run.go(only_commit=only_commit)
            publish(
                self._run.output, self._store, overwrite=self._overwrite, on_progress=self._run.on_progress
            )
            run = made.run or _read_run(self._run.output)
            prepared = dataclasses.replace(made, corpus=self._corpus(), made=True, run=run)
        self._remove()
        return prepared

    def make_parts(self) -> PartsMade | Prepared:
        """Make this run's share of the parts, in a folder that all runs must share."""
        if (found := self._existing()) is not None:
            return found
        folders.make_own(self._folder, option="--work-dir")
        return self._run.make_parts()

    def _existing(self) -> Prepared | None:
        """The corpus that is in the store, if it is what is asked for.

        What a run that was killed at its end has left of it is deleted, there and here.

        Raises:
            ConfigError: If another corpus is there and may not be replaced.
            CorpusFormatError: If a damaged corpus is there and may not be replaced.
        """
        if (found := self._store.read(FILE_NAME, max_bytes=MAX_BYTES)) is None:
            return None

        def head(name: str) -> bytes:
            there = self._store.read(name, max_bytes=_RUN_BYTES)
            return there.data if there else b""

        run = self._run
        corpus = accepted(run.resolved, self._place, head, run.on_progress, overwrite=self._overwrite)
        if corpus is None:
            return None
        tidy(self._store, found.data)
        if self._is_spent(found.data):
            self._remove()
        return Prepared(corpus, made=False, run={})

    def _is_spent(self, manifest: bytes) -> bool:
        """Whether the folder holds the corpus that is in the store, and nobody is at work there."""
        folder = self._folder
        if not folder.is_dir() or folders.why_not_own(folder) is not None or folders.is_in_use(folder):
            return False
        try:
            return (self._run.output / FILE_NAME).read_bytes() == manifest
        except OSError:
            return False

    def _remove(self) -> None:
        """Delete the folder. It loses its name first: what is left if that is stopped is nobody's."""
        with contextlib.suppress(OSError):
            storage.rename(self._folder, temporary_name(self._folder))
        for folder in self._folder.parent.glob(f".{self._place.id}.*.tmp"):
            storage.remove_ours(folder, in_published)

    def _corpus(self) -> Corpus:
        return Corpus(self._place, encoding=self._run.config.encoding)

    def _waiting(self) -> None:
        log.warning("another process is preparing %s; waiting for it", self._place)


def _read_run(folder: Path) -> dict[str, Any]:
    """What `run.json` says about the earlier run that made the corpus."""
    try:
        value: dict[str, Any] = json.loads(reading.read_file(folder / "run.json", max_bytes=_RUN_BYTES))
    except (OSError, ValueError) as error:
        log.warning("%s: cannot be read: %s", folder / "run.json", error)
        return {}
    return value
