import errno
import logging
import mmap
import os

import numpy as np
import pytest

import corpuskit
from corpuskit.corpus.file_bytes import contents, forget
from corpuskit.errors import StorageError


@pytest.fixture
def no_maps(monkeypatch):
    class NoMap(mmap.mmap):
        def __new__(cls, *args, **kwargs):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr(mmap, "mmap", NoMap)


@pytest.mark.fault("R4")
def test_a_corpus_that_cannot_be_mapped_is_read_with_a_warning(corpus_path, no_maps, caplog):
    with caplog.at_level(logging.WARNING):
        split = corpuskit.open(corpus_path)["train"]

    assert not split.shard(0).flags.writeable
    assert split[:4].tolist() == [111, 110, 101, 10]
    assert split.document(0).tolist()[:4] == [111, 110, 101, 10]
    assert "cannot be mapped (No such device), so its" in caplog.text


def test_batches_of_such_a_corpus_are_those_of_a_mapped_one(corpus_path, request):
    options = {"batch_size": 4, "block_size": 8, "output": "numpy"}
    mapped = corpuskit.open(corpus_path).batches("train", **options)[7]

    request.getfixturevalue("no_maps")
    read = corpuskit.open(corpus_path).batches("train", **options)[7]

    for one, other in zip(mapped, read, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.fault("R3")
def test_a_file_that_ends_early_is_refused(tmp_path, no_maps):
    path = tmp_path / "a.bin"
    path.write_bytes(b"12345678")

    with (
        path.open("rb") as file,
        pytest.raises(
            StorageError,
            match=r"neither mapped \(No such device\) nor read into memory \(it ends after 8 of 10",
        ),
    ):
        contents(file.fileno(), 10, where=path)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="nothing can be let go of")
def test_a_mapped_file_is_found_below_any_view_of_it(monkeypatch, tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(8192))
    told = []

    class Mapped(mmap.mmap):
        def madvise(self, *args):
            told.append(args)

    with (tmp_path / "a.bin").open("rb") as file:
        mapped = Mapped(file.fileno(), 0, access=mmap.ACCESS_READ)
    forget(np.frombuffer(mapped, np.uint8).view("<u2"), 0, 8192)
    assert told == [(mmap.MADV_DONTNEED, 0, 8192)]
