from __future__ import annotations

import io
import tarfile

import pytest

from corpuskit.bundles import tar


@pytest.mark.parametrize("size_bytes", [0, 1, 511, 512, 8**11 - 1, 8**11, 2**50])
def test_the_header_of_a_file_is_one_that_tarfile_reads(size_bytes):
    block = tar.header("train-00000.loss.bin", size_bytes)
    assert len(block) == tar.BLOCK_BYTES
    found = tarfile.TarInfo.frombuf(block, "ascii", "strict")  # which compares the checksum
    assert (found.name, found.size, found.type) == ("train-00000.loss.bin", size_bytes, tarfile.REGTYPE)
    assert (found.mode, found.mtime, found.uid, found.gid) == (0o644, 0, 0, 0)
    assert (found.uname, found.gname, found.linkname) == ("", "", "")


def test_an_archive_of_some_files_is_the_one_that_its_size_says():
    files = {"a.bin": b"", "b.bin": b"x" * 512, "c.bin": b"y" * 700}
    made = b"".join(tar.header(n, len(d)) + d + tar.padding(len(d)) for n, d in files.items()) + tar.END
    assert len(made) == tar.archive_bytes([len(data) for data in files.values()])
    with tarfile.open(fileobj=io.BytesIO(made)) as found:
        assert {m.name: found.extractfile(m).read() for m in found} == files


@pytest.mark.parametrize(
    "block", [bytes(512), b"x" * 512, tar.header("a", 5)[:124] + b"-0000000005\0" + tar.header("a", 5)[136:]]
)
def test_what_has_no_size_has_none(block):
    assert tar.size_in(block) == -1


def test_the_size_in_a_header_is_the_file_s():
    assert tar.size_in(tar.header("manifest.json", 1234)) == 1234
    assert tar.named(tar.header("run.json", 1), "run.json")
    assert not tar.named(tar.header("run.json.sha256", 1), "run.json")
