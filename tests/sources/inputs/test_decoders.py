"""Decoders of one member, and what its header may ask for."""

from __future__ import annotations

import lzma
import zlib

import lz4.frame
import pytest
import zstandard

from corpuskit.errors import SourceError
from corpuskit.sources.readers.text import TextReader

TEXT = "".join(f"line {number} é {number * 7919 % 1013}\n" for number in range(4000)).encode()


@pytest.mark.fault("T12")
def test_skippable_frames_are_skipped(file, read_all):
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"stuff"
    item = file("a.txt.zst", skippable + zstandard.compress(b"text") + skippable)
    assert read_all(TextReader({}), item).texts == [b"text"]


def test_gzip_output_that_fills_a_buffer_exactly_loses_nothing(file, read_all):
    data = b"x" * 4096
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    item = file("a.txt.gz", packer.compress(data) + packer.flush())
    for size in (1, 2, 4095, 4096, 4097):
        reader = TextReader({})
        reader.piece_bytes = size
        assert read_all(reader, item).texts == [data]


def long_frame(window_log: int, *texts: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(
        window_log=window_log, enable_ldm=True, write_content_size=False, write_checksum=True
    )
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    pieces = [packer.compress(text) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for text in texts]
    return b"".join([*pieces, packer.flush()])


@pytest.mark.parametrize("window_log", [27, 28])
def test_long_windows_are_read(file, read_all, window_log):
    item = file("a.txt.zst", long_frame(window_log, b"hello ", b"world") + zstandard.compress(b"!"))
    assert read_all(TextReader({}), item).texts == [b"hello world!"]


def test_the_longest_window_is_read(file, read_all):
    frame = bytearray(long_frame(27, b"hello ", b"world"))
    frame[5] = (31 - 10) << 3  # the header asks for 2 GiB, of which the text fills 11 bytes
    assert read_all(TextReader({}), file("a.txt.zst", bytes(frame))).texts == [b"hello world"]
    frame[5] += 1
    with pytest.raises(
        SourceError,
        match=r"a\.txt\.zst: its zstandard data needs a window of 2,415,919,104 bytes, and the limit is "
        r"2,147,483,648; compress it again with a smaller one \(zstd --long=27\)$",
    ):
        read_all(TextReader({}), file("a.txt.zst", bytes(frame)))


@pytest.mark.parametrize("data", [long_frame(28, TEXT), zstandard.compress(b"x" * 60_000)])
def test_a_window_above_the_limit_is_named_with_the_option(file, read_all, data):
    item = file("a.txt.zst", data)
    limit = 50_000
    with pytest.raises(
        SourceError, match=r"a window of [0-9,]+ bytes, and the limit is 50,000; raise the"
    ) as e:
        read_all(TextReader({"max_window_bytes": limit}), item)
    assert "--reader-option max_window_bytes=2147483648" in str(e.value)
    assert "damaged" not in str(e.value)


def test_an_xz_window_above_the_limit_is_named_with_the_option(file, read_all):
    item = file("a.txt.xz", lzma.compress(TEXT, preset=6))
    assert read_all(TextReader({}), item).texts == [TEXT]
    with pytest.raises(
        SourceError, match=r"its xz data needs a window of .* --reader-option max_window_bytes="
    ):
        read_all(TextReader({"max_window_bytes": 1000}), item)


def test_a_frame_that_needs_a_dictionary_is_named_as_such(file, read_all):
    samples = [b"hello world %d " % number * 20 for number in range(500)]
    dictionary = zstandard.train_dictionary(2000, samples)
    data = zstandard.ZstdCompressor(dict_data=dictionary).compress(samples[7])
    with pytest.raises(SourceError, match=r"compressed with a dictionary \(id \d+\)"):
        read_all(TextReader({}), file("a.txt.zst", data))
    lz4_frame = bytearray(lz4.frame.compress(b"hello"))
    lz4_frame[4] |= 1
    with pytest.raises(SourceError, match="its lz4 data was compressed with a dictionary"):
        read_all(TextReader({}), file("a.txt.lz4", bytes(lz4_frame)))
