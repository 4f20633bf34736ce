"""What of a corpus on this machine goes to a store, and what is there before it comes."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from corpuskit import reading, storage
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import FileRecord, Manifest
from corpuskit.errors import ConfigError, CorpusFormatError, reason_of
from corpuskit.fetching.places import hash_file
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.run_record import INPUTS
from corpuskit.stores.base import Store, Stored

log = logging.getLogger(__name__)

#: The record of the run, beside the manifest.
RUN = "run.json"
_RUN_BYTES = 2**24


def run_record(folder: Path) -> bytes | None:
    """A run's record without where its inputs are on this machine, which is nobody else's business.

    None where the folder has none, which no reader needs.
    """
    try:
        value = json.loads(reading.read_file(folder / RUN, max_bytes=_RUN_BYTES))
        value.pop(INPUTS, None)
        return storage.json_bytes(value)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        log.warning("%s cannot be read and is left out: %s", folder / RUN, reason_of(error))
        return None


def found_there(store: Store, data: bytes, *, overwrite: bool) -> Stored | None:
    """The manifest that is there, which may be damaged.

    Raises:
        ConfigError: If it is another one and may not be replaced.
    """
    old = store.read(manifest_format.FILE_NAME, max_bytes=manifest_format.MAX_BYTES)
    if old is not None and old.data != data and not overwrite:
        raise other_corpus(store)
    return old


def other_corpus(store: Store) -> ConfigError:
    """The error for a place that is taken."""
    return ConfigError(
        f"{store.place} holds another corpus; replace it with --overwrite, or choose another place",
        path=str(store.place),
    )


def checked_files(
    folder: Path, manifest: Manifest, on_progress: OnProgress | None = None
) -> list[FileRecord]:
    """The corpus's files, which are compared with its manifest before they leave this machine.

    Raises:
        CorpusFormatError: If one is not what the manifest says.
    """
    files = manifest.all_files()
    done, total = 0, sum(file.size_bytes for file in files)
    for name, size_bytes, expected in files:
        sha256 = hash_file(folder / name)[0]
        done += size_bytes
        if on_progress is not None:
            on_progress(Progress("verify", name, done, total))
        if sha256 != expected:
            raise CorpusFormatError(
                f"{folder / name}: sha256 {sha256}, the manifest says {expected}; delete {folder} "
                "and make the corpus again",
                path=folder / name,
                expected=expected,
                found=sha256,
            )
    return files
