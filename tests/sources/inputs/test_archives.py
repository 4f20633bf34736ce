"""Zip archives: their members as inputs, and archives that cannot be read."""

from __future__ import annotations

import zipfile

import pytest

from corpuskit.errors import SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.inputs.archives import open_archive
from corpuskit.sources.readers.text import TextReader


def test_a_zip_member_is_read_from_its_archive(tmp_path, input_of, read_all):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/one.txt", "first " * 10_000)
        archive.writestr("two.txt", "second")
    item = input_of(tmp_path / "a.zip", member="folder/one.txt")
    reader = TextReader({})
    assert reader.slices(item, target_bytes=10) == [Slice(size_bytes=60_000)]
    assert read_all(reader, item).texts == [b"first " * 10_000]
    assert read_all(reader, item, Slice(6, 12)).texts == [b"first "]
    with pytest.raises(SourceError, match=r"a\.zip: no member 'three.txt' in it"):
        read_all(reader, input_of(tmp_path / "a.zip", member="three.txt"))


def test_a_damaged_archive_is_an_error(tmp_path, input_of, read_all):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", "first " * 100)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match="damaged zip archive: Bad CRC-32"):
        read_all(TextReader({}), input_of(path, member="one.txt"))
    path.write_bytes(data[:-30])
    with pytest.raises(SourceError, match="damaged zip archive: File is not a zip file"):
        read_all(TextReader({}), input_of(path, member="one.txt"))
    with pytest.raises(SourceError, match="damaged zip archive"), open_archive(input_of(path)):
        pass


def test_an_archive_with_a_password_is_not_called_damaged(tmp_path, input_of, read_all):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.txt", "one")
    data = bytearray(path.read_bytes())
    for at in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[at] |= 1  # the flag of an encrypted member
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.zip: cannot be read as it is: .*encrypted.*; unpack it first"):
        read_all(TextReader({}), input_of(path, member="one.txt"))
