"""What a file is that is not the text it is taken for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.inputs.archives import open_archive
from corpuskit.sources.inputs.signatures import HEAD_BYTES, other_than_stored, other_than_text
from corpuskit.sources.readers.csv import CsvReader
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.sources.readers.parquet import ParquetReader
from corpuskit.sources.readers.text import TextReader
from corpuskit.sources.user_files import UserFiles

OLD_POINTER = f"version https://hawser.github.com/spec/v1\noid sha256:{'6' * 64}\nsize 1\n".encode()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'6' * 64}\nsize 146946961\n".encode()
READERS = {"txt": TextReader, "jsonl": JsonlReader, "csv": CsvReader, "parquet": ParquetReader}


def tar(text: bytes = b"hello") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("folder/one.txt")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return packed.getvalue()


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize("extension", ["", ".gz", ".zst", ".bz2", ".xz", ".lz4"])
def test_a_git_lfs_pointer_is_named_under_any_name(file, read_all, format, extension):
    if format == "parquet" and extension:
        pytest.skip("Parquet is not read from another compression")
    item = file(f"a.{format}{extension}", POINTER)
    with pytest.raises(SourceError, match=r"a\..*: this is a Git LFS pointer .* git lfs pull$"):
        read_all(READERS[format]({}), item)


def test_a_pointer_of_the_first_git_lfs_is_named(file, read_all):
    for name in ("a.txt", "a.txt.gz"):
        with pytest.raises(SourceError, match=r"this is a Git LFS pointer .* git lfs pull$"):
            read_all(TextReader({}), file(name, OLD_POINTER))


def test_a_git_lfs_pointer_in_place_of_an_archive_is_named(file):
    with pytest.raises(SourceError, match="git lfs pull"), open_archive(file("a.zip", POINTER)):
        pass


def test_a_page_of_html_in_place_of_a_compressed_file_is_named(file, read_all):
    item = file("a.txt.gz", b"\n<!DOCTYPE HTML>\n<title>404</title>")
    with pytest.raises(SourceError, match="this is a page of HTML"):
        read_all(TextReader({}), item)
    page = b"<!doctype html>\nreal"
    assert read_all(TextReader({}), file("a.txt", page)).texts == [page]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_a_tar_archive_under_a_text_name_is_named(file, read_all, pack):
    extension = {bytes: "", gzip.compress: ".gz", bz2.compress: ".bz2"}[pack]
    for options in ({}, {"lines": True}):
        with pytest.raises(SourceError, match="this is a tar archive; unpack it"):
            read_all(TextReader(options), file(f"a.txt{extension}", pack(tar())))
    with pytest.raises(SourceError, match="this is a tar archive; unpack it"):
        read_all(TextReader({}), file("a.txt.gz", tar()))


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.zst", "A.TAR.BZ2", "a.txz"])
def test_a_tar_archive_that_is_asked_for_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(tar())
    with pytest.raises(ConfigError, match="a tar archive is not read; unpack it"):
        UserFiles([str(tmp_path / name)]).inputs()


def old_tar(*, sum_bytes: bytes = b"%06o\0 ") -> bytes:
    """A tar archive as the seventh edition of Unix wrote it: a header without the word ustar."""
    header = bytearray(512)
    for at, field in ((0, b"one.txt"), (100, b"0000644\0"), (124, b"00000000005\0"), (136, b"00000000000\0")):
        header[at : at + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = (sum_bytes % sum(header)).ljust(8)
    return bytes(header) + b"hello".ljust(512, b"\0") + bytes(1024)


@pytest.mark.parametrize("sum_bytes", [b"%06o\0 ", b"%07o\0", b"%6o\0 "])
def test_a_tar_archive_of_the_old_kind_is_named(file, read_all, sum_bytes):
    data = old_tar(sum_bytes=sum_bytes)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["one.txt"]
    for name, packed in (("a.txt", data), ("a.txt.gz", gzip.compress(data)), ("a.jsonl", data)):
        reader = JsonlReader({}) if name == "a.jsonl" else TextReader({})
        with pytest.raises(SourceError, match="this is a tar archive; unpack it"):
            read_all(reader, file(name, packed))
    assert other_than_text(data.replace(b"0000644", b"0000645")) is None


def test_what_is_no_table_is_named_under_the_name_of_a_table(file, read_all):
    others = {"a tar archive": tar(), "a PNG image": PNG, "a PDF": b"%PDF-1.7\n", "a page of HTML": b"<html>"}
    for words, data in others.items():
        with pytest.raises(SourceError, match=f"a.parquet: this is {words}"):
            read_all(ParquetReader({}), file("a.parquet", data))
    with pytest.raises(SourceError, match="not a Parquet file, or cut off"):
        read_all(ParquetReader({}), file("a.parquet", b"PAR1\x15\x04\x15"))


def test_what_is_no_json_lines_is_named_under_that_name(tmp_path, file, read_all):
    parquet.write_table(pa.table({"text": ["one"]}), tmp_path / "table")
    table = (tmp_path / "table").read_bytes()
    for words, data in (
        ("a Parquet file", table),
        ("a page of HTML", b"<!doctype html>\n<title>404</title>"),
    ):
        for name, packed in (("a.jsonl", data), ("a.jsonl.gz", gzip.compress(data))):
            with pytest.raises(SourceError, match=f"{name}: this is {words}"):
                read_all(JsonlReader({}), file(name, packed))


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"


def binaries(folder):
    with zipfile.ZipFile(folder / "a.docx", "w") as archive:
        archive.writestr("one.txt", "one")
    yield "zip", (folder / "a.docx").read_bytes()
    parquet.write_table(pa.table({"text": ["one"]}), folder / "table")
    yield "Parquet", (folder / "table").read_bytes()
    with sqlite3.connect(folder / "base") as base:
        base.execute("create table texts (text)")
    base.close()
    yield "SQLite", (folder / "base").read_bytes()
    yield "PNG image", PNG
    yield "JPEG image", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1"
    yield "GIF image", b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
    yield "TIFF image", b"II*\0\x08\0\0\0"
    yield "sound recording", b"ID3\3\0\0\0\0\0\x23"
    yield "video", b"\0\0\0\x20ftypisom\0\0\2\0"
    yield "program", b"\x7fELF\2\1\1\0"
    yield "model's weights", (64).to_bytes(8, "little") + b'{"weight":{"dtype":"F32"}}'
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        for value in (["one"], {"text": "one"}, "one", ("one", 2)):
            yield "Python pickle", pickle.dumps(value, protocol)
    yield "PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"


def test_other_files_under_a_text_name_are_named(tmp_path, file, read_all):
    for words, data in binaries(tmp_path):
        for reader in (TextReader({}), JsonlReader({})):
            with pytest.raises(SourceError, match=f"this is an? .*{words}"):
                read_all(reader, file("other.txt", data))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_compressed_twice_is_named(file, read_all, pack):
    with pytest.raises(
        SourceError, match="this is compressed data inside another compression; unpack it once"
    ):
        read_all(TextReader({}), file("a.txt.gz", gzip.compress(pack(b"hello"))))


WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize(
    "text",
    [
        "hello world\n",
        "hello\n",
        "hi",
        "né\r\n",
        "Größe, naïve: “quoted” … " * 200,
        "Съешь же ещё этих мягких французских булок, да выпей чаю\r\n" * 9,
        "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία\n" * 9,
        "עטלף אבק נס דרך מזגן שהתפוצץ כי חם\n" * 9,
    ],
)
@pytest.mark.parametrize("format", ["txt", "jsonl", "csv"])
def test_wide_text_without_a_byte_order_mark_is_named(file, read_all, encoding, text, format):
    name = encoding[:6].upper() + encoding[-2:].upper()
    with pytest.raises(SourceError, match=rf"without a byte order mark; .*iconv -f {name} -t UTF-8"):
        read_all(READERS[format]({}), file(f"a.{format}", text.encode(encoding)))


@given(st.text(max_size=300))
def test_text_without_many_control_characters_is_text(text):
    data = "".join(c for c in text if c > "\x08" or c == "\0").encode()
    if data.count(b"\0") < 8 and data[::2].strip(b"\0") and data[1::2].strip(b"\0"):
        assert other_than_text(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 5000,
        b"\0" * 4000 + b"hello",
        b"one\0two\0three\0four\0" * 100,
        b"a\0\0b" * 500,
        b"a\0",
        b"\0a\0",
        b"a\0b\0c",
        b"\1\0\2\0",
        b"a\0b\0cd",
        b"hello\0" * 9000,
        "日本\0".encode() * 900,
        b"x" * 257 + b"ustar is a word",
        b"PK is no archive, PAR1 no table, %PDF-1 no document",
        b"version https://example.org/spec/v1\n",
        bytes(range(128)) * 40,
    ],
)
def test_text_with_some_zeros_stays_text(file, read_all, data):
    assert other_than_text(data[:HEAD_BYTES]) is None
    assert other_than_stored(data[:HEAD_BYTES]) is None
    result = read_all(TextReader({}), file("a.txt", data))
    assert b"".join(result.texts) == data
