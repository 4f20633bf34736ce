"""From a corpus on this machine to the same corpus in an object store.

The manifest is the commit there as well: it is put last, and only where no other one has come meanwhile. A
run that is stopped leaves objects that belong to no corpus; the next one uploads what is missing. Whoever
writes to an empty place first puts a claim there, so that two different corpora never share keys: the second
writes into its generation's folder, and one of the two manifests wins.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

from corpuskit import storage
from corpuskit.cache import scratch_folder
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import SHARD_FILE, FileRecord
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.corpus.remote.layout import CLAIM, REPLACED, file_names, generation, prefix_of
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.publish_at_once import publish_at_once
from corpuskit.preparation.published_files import RUN, checked_files, found_there, other_corpus, run_record
from corpuskit.stores.base import PreconditionFailed, Store, Stored

log = logging.getLogger(__name__)

_CLAIM_BYTES = 4096
#: What a corpus's files are called in a store, in its generation's folder or beside the manifest.
_FILE = re.compile(rf"(?:[0-9a-f]{{16}}/)?(?:{SHARD_FILE}|run\.json)")


def publish(
    folder: Path,
    store: Store,
    *,
    overwrite: bool = False,
    private: bool = False,
    card: Callable[[], bytes] | None = None,
    on_progress: OnProgress | None = None,
) -> bool:
    """Make a finished corpus be in a store too.

    Args:
        folder: The corpus on this machine.
        store: The place.
        overwrite: Whether another corpus there may be replaced. It is deleted after the new one is complete.
            Files of the same one that are not as they should be, or of which the store cannot say so, are put
            again.
        private: Whether a place that is not there yet is made for nobody else to see.
        card: Makes the page that goes beside a corpus in a store of repositories, if none is there.
        on_progress: Called after each file.

    Returns:
        Whether anything was put; not so where the same corpus was there.

    Raises:
        ConfigError: If something else is there, or came meanwhile, and may not be replaced.
        StorageError: If the store refuses, or does not keep what it is given. Nothing that was there is lost,
            and the next attempt goes on from here.
    """
    data = (folder / manifest_format.FILE_NAME).read_bytes()
    manifest = parse_manifest(data, where=str(folder / manifest_format.FILE_NAME))
    if store.commits_at_once:
        return publish_at_once(
            folder,
            store,
            manifest,
            data,
            overwrite=overwrite,
            private=private,
            card=card,
            on_progress=on_progress,
        )
    if private:
        raise ConfigError(
            f"{store.place}: --private is for repositories, such as hf://org/name; leave it out"
        )
    old = found_there(store, data, overwrite=overwrite)
    if old is not None:
        tidy(store, old.data)
    mend = old is not None and old.data == data
    if mend and not overwrite:
        return False
    if old is not None and mend:
        prefix, ours = prefix_of(store, old, manifest), True
    else:
        prefix, ours = _claim(store, data, old, overwrite=overwrite)
    files = checked_files(folder, manifest)
    _upload(folder, store, files, prefix, ours=ours or overwrite, mend=mend, on_progress=on_progress)
    if (run := run_record(folder)) is not None:
        with scratch_folder("publish") as scratch:
            storage.write_bytes(scratch / RUN, run)
            store.upload(scratch / RUN, prefix + RUN, sha256=hashlib.sha256(run).hexdigest())
    if old is not None and not mend:
        _note(store, data, old)
    _commit(store, data, old)
    store.abort_uploads([prefix + name for name in file_names(manifest)])
    tidy(store, data)
    return True


def _claim(store: Store, data: bytes, old: Stored | None, *, overwrite: bool) -> tuple[str, bool]:
    """Where to put the files, and whether all that is there already was put there for this manifest."""
    if old is not None:
        return generation(data), True
    claim = _claim_of(data)
    try:
        store.put(CLAIM, claim, replaces=None)
    except PreconditionFailed:
        found = store.read(CLAIM, max_bytes=_CLAIM_BYTES)
        if found is not None and found.data != claim:
            log.warning("%s: a run that made another corpus has not ended there", store.place)
            return generation(data), True
        return "", True
    # Whoever removed a claim put a manifest first.
    if found_there(store, data, overwrite=overwrite) is not None:
        return generation(data), True
    return "", False


def _claim_of(data: bytes) -> bytes:
    return json.dumps({"manifest_sha256": hashlib.sha256(data).hexdigest()}).encode()


def _upload(
    folder: Path,
    store: Store,
    files: list[FileRecord],
    prefix: str,
    *,
    ours: bool,
    mend: bool,
    on_progress: OnProgress | None,
) -> None:
    """Put the files that are not there yet, and check that the store has what it was given."""
    done, total = 0, sum(file.size_bytes for file in files)
    for file in files:
        key, path = prefix + file.name, folder / file.name
        there = store.compare(key, path, sha256=file.sha256)
        if there in ("different", "same size") and not ours:
            raise ConfigError(
                f"{store.place / key} is there and is not part of a corpus; delete it, choose another "
                "place, or use --overwrite",
                path=str(store.place / key),
            )
        if there in ("missing", "different") or (mend and there != "same"):
            _put(store, key, path, file)
        done += file.size_bytes
        if on_progress is not None:
            on_progress(Progress("upload", file.name, done, total))


def _put(store: Store, key: str, path: Path, file: FileRecord) -> None:
    for _ in range(2):
        store.upload(path, key, sha256=file.sha256)
        if store.compare(key, path, sha256=file.sha256) in ("same", "same size"):
            return
        log.warning("%s is not what was uploaded; trying once more", store.place / key)
    raise StorageError(
        f"{store.place / key}: the store has {store.size(key) or 0:,} bytes, and {file.size_bytes:,} with "
        f"sha256 {file.sha256} were uploaded, twice; the manifest was not written",
        path=str(store.place / key),
        expected=file.size_bytes,
    )


def _commit(store: Store, data: bytes, old: Stored | None) -> None:
    try:
        store.put(manifest_format.FILE_NAME, data, replaces=old)
    except PreconditionFailed:
        # Our own, if the answer to an earlier attempt got lost, or of another run that made the same.
        found = store.read(manifest_format.FILE_NAME, max_bytes=len(data))
        if found is None or found.data != data:
            raise other_corpus(store) from None


def _note(store: Store, data: bytes, stored: Stored) -> None:
    """Write down which files of the corpus that is replaced are to be deleted, whoever comes to do it."""
    try:
        manifest = parse_manifest(stored.data, where=str(store.place / manifest_format.FILE_NAME))
    except CorpusFormatError as error:
        log.warning("the files of the corpus that is replaced stay: %s", error)
        return
    prefix = prefix_of(store, stored, manifest)
    files = [prefix + name for name in [*file_names(manifest), RUN]]
    note = json.dumps({"manifest_sha256": hashlib.sha256(data).hexdigest(), "files": files}).encode()
    there = store.read(REPLACED, max_bytes=manifest_format.MAX_BYTES)
    with contextlib.suppress(
        PreconditionFailed
    ):  # by a run that replaces it too; one of the two will succeed
        store.put(REPLACED, note, replaces=there)


def tidy(store: Store, data: bytes) -> None:
    """Delete what a run that has ended, or was killed at its end, has left of its work in a store.

    Args:
        store: The place.
        data: The manifest that is there: what was left by a run that made another corpus is not touched.
    """
    try:
        found = store.read(CLAIM, max_bytes=_CLAIM_BYTES)
        if found is not None and found.data == _claim_of(data):
            store.remove(CLAIM)
        note = store.read(REPLACED, max_bytes=manifest_format.MAX_BYTES)
        if note is not None and (files := _replaced(note.data, data)) is not None:
            for name in files:
                store.remove(name)
            store.remove(REPLACED)
    except StorageError as error:
        log.warning("what is not needed any more stays at %s: %s", store.place, error)


def _replaced(note: bytes, data: bytes) -> list[str] | None:
    """The files that a note says are not needed since a manifest is there; None if it is of another one."""
    try:
        value = json.loads(note)
        if value["manifest_sha256"] != hashlib.sha256(data).hexdigest():
            return None
        return [
            name for name in value["files"] if _FILE.fullmatch(name) and not name.startswith(generation(data))
        ]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
