"""Compressed inputs: whole, cut, damaged, padded, lying, exploding."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import io
import json
import lzma
import sys
from collections import deque

import lz4.frame
import pytest
import zstandard

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.inputs.compression import COMPRESSIONS, Decompressed, by_extension
from corpuskit.sources.readers.csv import CsvReader
from corpuskit.sources.readers.jsonl import JsonlReader
from corpuskit.sources.readers.text import TextReader

COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    ".lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
TEXT = "".join(f"line {number} é {number * 7919 % 1013}\n" for number in range(4000)).encode()


def test_every_compression_is_tested():
    assert set(COMPRESS) == {compression.extension for compression in COMPRESSIONS}


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.parametrize("block_bytes", [1000, 2**20])
def test_all_members_are_read(file, read_all, extension, block_bytes):
    compress = COMPRESS[extension]
    item = file(f"a.txt{extension}", compress(TEXT[:20_000]) + compress(b"") + compress(TEXT[20_000:]))
    reader = TextReader({"lines": True})
    reader.block_bytes = block_bytes
    assert reader.slices(item, target_bytes=100) == [Slice(size_bytes=item.size_bytes)]
    result = read_all(reader, item)
    assert result.texts == TEXT.split(b"\n")[:-1]
    assert result.starts == [TEXT.find(b"line %d " % number) for number in range(4000)]


@pytest.mark.parametrize("extension", ["", *COMPRESS])
@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_every_format_is_read_from_every_compression(file, read_all, extension, format):
    texts = ["one", "zwei\nZeilen", "trois, 'quatre'", "日本"]
    reader, data = {
        "text": (TextReader({"separator": "\n--\n"}), "\n--\n".join(texts)),
        "jsonl": (JsonlReader({}), "".join(json.dumps({"text": text}) + "\n" for text in texts)),
        "csv": (CsvReader({}), "id,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(texts))),
    }[format]
    item = file(f"a.{format}{extension}", COMPRESS.get(extension, bytes)(data.encode()))
    assert [text.decode() for text in read_all(reader, item).texts] == texts


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.fault("T10", "T12")
def test_a_file_that_is_cut_anywhere_is_an_error(file, read_all, extension):
    data = COMPRESS[extension](TEXT[:30_000])
    reader = TextReader({})
    for number in range(50):
        with pytest.raises(
            SourceError, match=r"a\.txt\.\w+: (the \w+ data is cut off|an empty file|something)"
        ):
            read_all(reader, file(f"a.txt{extension}", data[: len(data) * number // 50 + 1]))
    with pytest.raises(SourceError, match=r"cut off"):
        read_all(reader, file(f"a.txt{extension}", data[:-1]))
    with pytest.raises(SourceError, match="an empty file is not "):
        read_all(reader, file(f"a.txt{extension}", b""))


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.fault("T10")
def test_what_follows_the_last_member_is_an_error(file, read_all, extension):
    item = file(f"a.txt{extension}", COMPRESS[extension](b"hello") + b"garbage after it")
    with pytest.raises(SourceError, match=r"something that is not \w+ at byte \d+; get the file again"):
        read_all(TextReader({}), item)


@pytest.mark.parametrize("extension", [".gz", ".xz"])
@pytest.mark.fault("T10")
def test_zero_padding_is_none_of_the_data(file, read_all, extension):
    compress = COMPRESS[extension]
    item = file(f"a.txt{extension}", compress(b"one ") + bytes(512) + compress(b"two") + bytes(4))
    assert read_all(TextReader({}), item).texts == [b"one two"]


@pytest.mark.parametrize("extension", COMPRESS)
def test_a_flipped_byte_is_noticed(file, read_all, extension):
    data = bytearray(COMPRESS[extension](TEXT[:30_000]))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(SourceError, match=r"damaged|cut off|something that is not"):
        read_all(TextReader({}), file(f"a.txt{extension}", bytes(data)))


@pytest.mark.parametrize("extension", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.fault("T13")
def test_a_bomb_is_stopped(file, extension):
    bomb = COMPRESS[extension](bytes(64 * 2**20))
    reader = TextReader({"max_ratio": 100})
    batches = reader.read(file(f"a.txt{extension}", bomb), Slice(), lambda *bad: None)
    with pytest.raises(
        SourceError, match=r"became more than .*raise the limit with --reader-option max_ratio=200$"
    ):
        deque(batches, maxlen=0)


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.fault("T16")
def test_a_name_that_lies_is_an_error_that_says_both(file, read_all, extension):
    name = by_extension(extension).name
    with pytest.raises(
        SourceError, match=f"its name says not compressed but its bytes are {name}; rename it"
    ):
        read_all(TextReader({}), file("a.txt", COMPRESS[extension](TEXT)))
    with pytest.raises(
        SourceError, match=f"its name says {name} but its bytes are not compressed; rename it"
    ):
        read_all(TextReader({}), file(f"a.txt{extension}", TEXT))
    other = ".gz" if extension != ".gz" else ".zst"
    with pytest.raises(SourceError, match="its name says .* but its bytes are "):
        read_all(TextReader({}), file(f"a.txt{other}", COMPRESS[extension](TEXT)))


@pytest.mark.parametrize(("extension", "module"), [(".zst", "zstandard"), (".lz4", "lz4.frame")])
def test_a_missing_package_is_named_with_what_to_type(file, read_all, monkeypatch, extension, module):
    item = file(f"a.txt{extension}", COMPRESS[extension](b"x"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"run: pip install .*\[formats\]"):
        read_all(TextReader({}), item)


def test_a_range_of_a_compressed_text_is_read(file, read_all):
    item = file("a.txt.gz", gzip.compress(TEXT))
    assert read_all(TextReader({}), item, Slice(1000, 2000)).texts == [TEXT[1000:2000]]
    with pytest.raises(SourceError, match="ends 5 bytes before a place to be read"):
        read_all(TextReader({}), item, Slice(len(TEXT) + 5, None))


@pytest.mark.parametrize("extension", COMPRESS)
@pytest.mark.parametrize("size", [0, 1, 40, 3000])
def test_many_members_cost_no_more_than_one(file, extension, size):
    """Each member's bytes are handed to decoders about once, however many members follow it."""
    count = 3000 if size < 100 else 300
    data = COMPRESS[extension](TEXT[:size]) * count
    compression = by_extension(extension)
    given = []

    class Counting:
        def __init__(self, decoder):
            self.decoder = decoder

        def __getattr__(self, name):
            return getattr(self.decoder, name)

        def decompress(self, data, max_length=-1):
            given.append(len(data))
            return self.decoder.decompress(data, max_length)

    def decoders(limits):
        new_decoder = compression.decoders(limits)
        return lambda: Counting(new_decoder())

    stream = Decompressed(io.BytesIO(data), dataclasses.replace(compression, decoders=decoders), name="x")
    assert b"".join(iter(lambda: stream.read(2**20), b"")) == TEXT[:size] * count
    assert sum(given) < 3 * len(data) + count * 1024 + 2**18


@pytest.mark.parametrize("extension", COMPRESS)
def test_reads_are_full_however_small_members_are(file, extension):
    stream = Decompressed(io.BytesIO(COMPRESS[extension](b"12345") * 1000), by_extension(extension), name="x")
    sizes = [len(data) for data in iter(lambda: stream.read(1000), b"")]
    assert sum(sizes) == 5000
    assert min(sizes[:-1]) >= 500
    assert max(sizes) <= 1000


def test_too_little_memory_is_not_damage(file, read_all, monkeypatch):
    def decompress(self, data, max_length=-1):
        raise MemoryError

    monkeypatch.setattr("corpuskit.sources.inputs.decoders.Gzip.decompress", decompress)
    with pytest.raises(SourceError, match="there is not enough memory for the window of the gzip data"):
        read_all(TextReader({}), file("a.txt.gz", gzip.compress(b"x")))
