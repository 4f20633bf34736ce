"""Which keys a corpus's files have in a store.

A corpus that is the first in its place has the same names there as in a folder on disk, so either is a copy
of the other. One that replaces another has its files in a folder named after its manifest: nothing of the old
one is touched before the new manifest is in place, and a reader tells from the manifest where to look.
"""

from __future__ import annotations

import hashlib

from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import Manifest
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.errors import CorpusFormatError
from corpuskit.stores.base import Store, Stored
from corpuskit.urls import RemotePath

#: What is there while a corpus is being written to an empty place, and whose it is.
CLAIM = "uploading.json"


#: What is there while a corpus is being replaced: which files are not needed any more once it is.
REPLACED = "replaced.json"


def generation(manifest: bytes) -> str:
    """The folder of a corpus that replaces another one, from its manifest's bytes."""
    return hashlib.sha256(manifest).hexdigest()[:16] + "/"


def read_manifest(store: Store) -> tuple[Stored, Manifest] | None:
    """The manifest in a place, and its bytes; None if there is none.

    Raises:
        CorpusFormatError: If it is not a manifest.
        StorageError: If the store does not answer, or refuses.
    """
    name, max_bytes = manifest_format.FILE_NAME, manifest_format.MAX_BYTES
    found = store.read(name, max_bytes=max_bytes)
    if found is None:
        return None
    where = str(store.place / name)
    if len(found.data) > max_bytes:
        raise CorpusFormatError(f"{where}: larger than {max_bytes:,} bytes", path=where)
    return found, parse_manifest(found.data, where=where)


def prefix_of(store: Store, stored: Stored, manifest: Manifest) -> str:
    """Where a corpus's files are: in its generation's folder, or beside the manifest.

    Where a store commits many files at once, a corpus that replaces another one takes its place.

    Raises:
        StorageError: If the store does not answer, or refuses.
    """
    if store.commits_at_once:
        return ""
    folder = generation(stored.data)
    names = file_names(manifest)
    # The last one is uploaded last: an upload that was stopped is not mistaken for a corpus.
    return folder if names and store.size(folder + names[-1]) is not None else ""


def file_names(manifest: Manifest) -> list[str]:
    """The names of a corpus's files, in order."""
    return [file.name for file in manifest.all_files()]


def not_a_corpus(place: RemotePath) -> CorpusFormatError:
    """The error for a place without a manifest."""
    return CorpusFormatError(
        f"{place}: not a corpus: it has no {manifest_format.FILE_NAME}; 'corpuskit prepare' makes one",
        path=str(place),
    )
