"""Each corpus's shape is downloaded, read, split and encoded, down to the last id."""

from __future__ import annotations

import subprocess
import sys

import pytest

import corpuskit
from corpuskit.cache import default_cache_dir
from corpuskit.errors import HashMismatch

#: The end-of-text id of the encoding `bytes`.
EOT = 256


def ids(texts: list[str], *, eot: bool) -> list[int]:
    return [token for text in texts for token in [*text.encode(), *([EOT] if eot else [])]]


def test_every_document_is_prepared_into_its_split(small) -> None:
    corpus = corpuskit.prepare(small.spec.name, encoding="bytes", workers=1)
    found = {name: corpus[name][:].tolist() for name in small.documents}
    assert found == {name: ids(texts, eot=small.spec.eot) for name, texts in small.documents.items()}
    assert all(found.values())


def test_each_file_is_downloaded_once(small, server) -> None:
    corpuskit.prepare(small.spec.name, encoding="bytes", workers=1)
    corpuskit.prepare(small.spec.name, encoding="bytes", workers=1, output="again")
    assert sorted(server.requests) == sorted(server.files)


def test_other_bytes_are_refused_even_where_no_digest_is_published(small, server) -> None:
    corpuskit.prepare(small.spec.name, encoding="bytes", workers=1)
    path = next(iter(server.files))
    data = bytearray(server.files[path])
    data[len(data) // 2] ^= 1
    server.files[path] = bytes(data)
    for cached in (default_cache_dir() / "files").rglob("*"):
        if cached.is_file():
            cached.unlink()
    with pytest.raises(HashMismatch):
        corpuskit.prepare(small.spec.name, encoding="bytes", workers=1, output="again")


def test_listing_the_corpora_imports_nothing_heavy() -> None:
    code = (
        "import sys, corpuskit; from corpuskit import registry; "
        "names = [c.spec.name for c in registry.default().components(corpuskit.SourceSpec)]; "
        "assert 'enwik8' in names and 'pg19' in names, names; "
        "print(sorted({'numpy', 'torch', 'requests', 'fsspec', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
