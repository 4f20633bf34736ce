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
from pathlib import Path

from corpuskit import storage
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import SHARD_FILE, FileRecord, Manifest
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.corpus.remote.layout import CLAIM, REPLACED, file_names, generation, prefix_of
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError
from corpuskit.fetching.places import hash_file
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.run_record import INPUTS
from corpuskit.stores.base import PreconditionFailed, Store, Stored

log = logging.getLogger(__name__)

_CLAIM_BYTES = 4096
_RUN = "run.json"
#: What a corpus's files are called in a store, in its generation's folder or beside the manifest.
_FILE = re.compile(rf"(?:[0-9a-f]{{16}}/)?(?:{SHARD_FILE}|run\.json)")


def publish(
    folder: Path, store: Store, *, overwrite: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Make a finished corpus be in a store too.

    Args:
        folder: The corpus on this machine.
        store: The place.
        overwrite: Whether another corpus there may be replaced. It is deleted after the new one is complete.
            Files of the same one that are not as they should be, or of which the store cannot say so, are put
            again.
        on_progress: Called after each file.

    Raises:
        ConfigError: If something else is there, or came meanwhile, and may not be replaced.
        StorageError: If the store refuses, or does not keep what it is given. Nothing that was there is lost,
            and the next attempt goes on from here.
    """
    data = (folder / manifest_format.FILE_NAME).read_bytes()
    manifest = parse_manifest(data, where=str(folder / manifest_format.FILE_NAME))
    old = _found(store, data, overwrite=overwrite)
    if old is not None:
        tidy(store, old.data)
    mend = old is not None and old.data == data
    if mend and not overwrite:
        return
    if old is not None and mend:
        prefix, ours = prefix_of(store, old, manifest), True
    else:
        prefix, ours = _claim(store, data, old, overwrite=overwrite)
    files = _checked_files(folder, manifest)
    _upload(folder, store, files, prefix, ours=ours or overwrite, mend=mend, on_progress=on_progress)
    _forget_this_machine(folder / _RUN)
    store.upload(folder / _RUN, prefix + _RUN, sha256=hash_file(folder / _RUN)[0])
    if old is not None and not mend:
        _note(store, data, old)
    _commit(store, data, old)
    store.abort_uploads([prefix + name for name in file_names(manifest)])
    tidy(store, data)


def _forget_this_machine(run: Path) -> None:
    """Take out of a run's record where its inputs are on this machine, which is nobody else's business."""
    value = json.loads(run.read_bytes())
    if value.pop(INPUTS, None) is not None:
        storage.write_json(run, value)


def _found(store: Store, data: bytes, *, overwrite: bool) -> Stored | None:
    """The manifest that is there, which may be damaged.

    Raises:
        ConfigError: If it is another one and may not be replaced.
    """
    old = store.read(manifest_format.FILE_NAME, max_bytes=manifest_format.MAX_BYTES)
    if old is not None and old.data != data and not overwrite:
        raise _other(store)
    return old


def _other(store: Store) -> ConfigError:
    return ConfigError(
        f"{store.place} holds another corpus, which came while this one was made; replace it with "
        "--overwrite, or choose another --output",
        path=str(store.place),
    )


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
    if _found(store, data, overwrite=overwrite) is not None:
        return generation(data), True
    return "", False


def _claim_of(data: bytes) -> bytes:
    return json.dumps({"manifest_sha256": hashlib.sha256(data).hexdigest()}).encode()


def _checked_files(folder: Path, manifest: Manifest) -> list[FileRecord]:
    """The corpus's files, which are compared with its manifest before they leave this machine."""
    files = manifest.all_files()
    for name, _, expected in files:
        sha256 = hash_file(folder / name)[0]
        if sha256 != expected:
            raise CorpusFormatError(
                f"{folder / name}: sha256 {sha256}, the manifest says {expected}; delete {folder} "
                "and prepare the corpus again",
                path=folder / name,
                expected=expected,
                found=sha256,
            )
    return files


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
                "--output, or use --overwrite",
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
            raise _other(store) from None


def _note(store: Store, data: bytes, stored: Stored) -> None:
    """Write down which files of the corpus that is replaced are to be deleted, whoever comes to do it."""
    try:
        manifest = parse_manifest(stored.data, where=str(store.place / manifest_format.FILE_NAME))
    except CorpusFormatError as error:
        log.warning("the files of the corpus that is replaced stay: %s", error)
        return
    prefix = prefix_of(store, stored, manifest)
    files = [prefix + name for name in [*file_names(manifest), _RUN]]
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
