"""Which keys a corpus's files have in a store."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.errors import CorpusFormatError

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


def test_no_corpus_there(bucket):
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open(f"{bucket}/nothing")
    with pytest.raises(CorpusFormatError, match="not a corpus: it has no manifest.json"):
        corpuskit.open("s3://no-such-bucket/nothing")


@pytest.mark.fault("M5")
def test_a_damaged_manifest_is_refused(own_url):
    import fsspec

    fsspec.filesystem("s3").pipe_file(
        f"{own_url}/manifest.json", b'{"format_version": 1, "format_version": 1}'
    )
    with pytest.raises(CorpusFormatError, match=r"many/manifest.json: not a manifest: a key appears twice"):
        corpuskit.open(own_url)
