"""From a corpus on this machine to a store that takes many files in one commit, such as a repository.

What is there is seen whole at every moment, so a corpus that replaces another one takes its place: there are
no claims, no generations, and nothing to tidy up. Uploads that were stopped are the store's to resume.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from corpuskit import reading
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import FileRecord, Manifest
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.corpus.remote.layout import file_names
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.published_files import RUN, checked_files, found_there, run_record
from corpuskit.stores.base import Addition, PreconditionFailed, Store, Stored

log = logging.getLogger(__name__)

#: The page that repositories show, and people edit.
CARD = "README.md"
_CARD_BYTES = 2**24
#: How often others may commit something else while this is at work.
_ATTEMPTS = 5


def publish_at_once(
    folder: Path,
    store: Store,
    manifest: Manifest,
    data: bytes,
    *,
    overwrite: bool,
    private: bool,
    card: Callable[[], bytes] | None,
    on_progress: OnProgress | None,
) -> bool:
    """Make a finished corpus be in a store by one commit; see `corpuskit.preparation.publish`.

    Args:
        folder: The corpus on this machine.
        store: The place.
        manifest: Its manifest.
        data: The same, as it is written.
        overwrite: Whether another corpus, or another page, may be replaced.
        private: Whether a place that is not there yet is made for nobody else to see.
        card: Makes the page, where the folder has none of its own.
        on_progress: Called after each few files.

    Returns:
        Whether there was anything to commit.

    Raises:
        ConfigError: If something else is there, or came meanwhile, and may not be replaced.
        StorageError: If the store refuses, or does not answer.
    """
    found_there(store, data, overwrite=overwrite)  # before every byte is read
    files = checked_files(folder, manifest, on_progress)
    for _ in range(_ATTEMPTS):
        old = found_there(store, data, overwrite=overwrite)
        if (old is None or old.data != data) and not overwrite:
            _refuse_others(store, folder, files)
        added = [Addition(file.name, folder / file.name, file.sha256) for file in files]
        added += _beside(folder, store, old, data, card, overwrite=overwrite)
        removed = _not_needed(store, old, manifest)
        message = f"corpuskit: {manifest.dataset}, {manifest.tokenizer.name}, {manifest.fingerprint:.16}"
        try:
            return store.commit(
                [*added, Addition(manifest_format.FILE_NAME, data)],
                removed,
                expected={manifest_format.FILE_NAME: old},
                message=message,
                private=private,
                on_progress=on_progress,
            )
        except PreconditionFailed:
            log.info("%s: something else was committed meanwhile; looking again", store.place)
    raise StorageError(
        f"{store.place}: others commit to it all the time; try again when they are done",
        path=str(store.place),
    )


def _refuse_others(store: Store, folder: Path, files: list[FileRecord]) -> None:
    """Refuse to put files over others of their names that are part of no corpus."""
    for file in files:
        if store.compare(file.name, folder / file.name, sha256=file.sha256) == "different":
            place = store.place / file.name
            raise ConfigError(
                f"{place} is there and is not part of a corpus; delete it, choose another place, or use "
                "--overwrite",
                path=str(place),
            )


def _beside(
    folder: Path,
    store: Store,
    old: Stored | None,
    data: bytes,
    card: Callable[[], bytes] | None,
    *,
    overwrite: bool,
) -> list[Addition]:
    """The run's record and the page, where they are to be put; people may have edited one that is there."""
    added: list[Addition] = []
    is_new = old is None or old.data != data
    if (is_new or store.size(RUN) is None) and (run := run_record(folder)) is not None:
        added.append(Addition(RUN, run))
    own, there = _own_card(folder), store.read(CARD, max_bytes=_CARD_BYTES)
    if there is None:
        page = own if own is not None else card() if card is not None else None
        return added if page is None else [*added, Addition(CARD, page)]
    if own is not None and own != there.data and overwrite:
        return [*added, Addition(CARD, own)]
    if own is not None and own != there.data:
        log.warning(
            "%s is another one than %s and stays; replace it with --overwrite",
            store.place / CARD,
            folder / CARD,
        )
    elif is_new and own is None:
        log.warning(
            "%s stays, and is not about the new corpus: write %s with 'corpuskit card', and publish again "
            "with --overwrite",
            store.place / CARD,
            folder / CARD,
        )
    return added


def _own_card(folder: Path) -> bytes | None:
    """The page that the user has put beside the corpus."""
    try:
        return reading.read_file(folder / CARD, max_bytes=_CARD_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"{folder / CARD}: cannot be read: {error.strerror or error}; mend it or move it away",
            path=folder / CARD,
        ) from error


def _not_needed(store: Store, old: Stored | None, manifest: Manifest) -> list[str]:
    """The files of the corpus that is replaced."""
    if old is None:
        return []
    try:
        found = parse_manifest(old.data, where=str(store.place / manifest_format.FILE_NAME))
    except CorpusFormatError as error:
        log.warning("the files of the corpus that is replaced stay: %s", error)
        return []
    return sorted({*file_names(found)} - {*file_names(manifest)})


__all__ = ["CARD", "publish_at_once"]
