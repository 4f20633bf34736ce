"""Frames of Blosc, written here by its description and, where it is installed, by Blosc itself."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

from corpuskit.formats.foreign_zarr import _zstd, unpacked

lz4 = pytest.importorskip("lz4.block")
zstandard = pytest.importorskip("zstandard")

#: What Blosc calls compressors, and what makes a block of each.
COMPRESSORS = {
    1: lambda part: lz4.compress(part, store_size=False),
    4: zstandard.ZstdCompressor().compress,
}

HEADER = "<4B3I"


def frame(values, *, block_bytes, shuffled=True, split=True, compressor=1):
    """A frame of compressed blocks, by c-blosc's description of its format."""
    size, data = values.itemsize, values.tobytes()
    flags = compressor << 5 | (0 if split else 0x10) | (1 if shuffled else 0)
    blocks = []
    for at in range(0, len(data), block_bytes):
        block = np.frombuffer(data[at : at + block_bytes], np.uint8)
        if shuffled:
            block = block.reshape(-1, size).T.ravel()
        is_whole = len(block) == block_bytes
        parts = np.split(block, size if split and is_whole else 1)
        packed = [COMPRESSORS[compressor](part.tobytes()) for part in parts]
        stored = [
            part.tobytes() if len(one) >= len(part) else one for one, part in zip(packed, parts, strict=True)
        ]
        blocks.append(b"".join(struct.pack("<i", len(one)) + one for one in stored))
    first = 16 + 4 * len(blocks)
    starts = np.cumsum([first, *map(len, blocks)])[:-1].astype("<i4").tobytes()
    body = starts + b"".join(blocks)
    header = struct.pack(HEADER, 2, 1, flags, size, len(data), block_bytes, 16 + len(body))
    return np.frombuffer(header + body, np.uint8)


@pytest.mark.parametrize("dtype", ["<i4", "<i8", "|u1"])
@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 1000])
@pytest.mark.parametrize("compressor", COMPRESSORS)
def test_a_frame_gives_its_items(dtype, split, shuffled, length, compressor):
    values = (np.arange(length) % 7).astype(dtype)
    options = {"shuffled": shuffled, "split": split, "compressor": compressor}
    made = frame(values, block_bytes=64 * values.itemsize, **options)
    assert unpacked(made, values.nbytes).view(dtype).tolist() == values.tolist()


def test_what_blosc_writes_is_read():
    blosc = pytest.importorskip("blosc")
    for values in (np.arange(2**16, dtype="<i4") % 300, np.random.default_rng(0).integers(0, 2**60, 999)):
        for shuffle, name in itertools.product((blosc.NOSHUFFLE, blosc.SHUFFLE), ("lz4", "zstd")):
            packed = blosc.compress(values.tobytes(), values.itemsize, 5, shuffle, name)
            assert unpacked(np.frombuffer(packed, np.uint8), values.nbytes).tobytes() == values.tobytes()


VALUES = np.zeros(256, "<i4")


@pytest.mark.parametrize("says_size", [True, False])
def test_a_frame_of_zstandard_gives_as_many_bytes_as_it_must(says_size):
    packed = zstandard.ZstdCompressor(write_content_size=says_size).compress(b"abcd" * 99)
    assert _zstd(packed, 4 * 99) == b"abcd" * 99
    for other in (4 * 99 - 1, 4 * 99 + 1, 0):
        if says_size or other < 4 * 99:
            with pytest.raises(ValueError, match="are expected|not zstandard's"):
                _zstd(packed, other)
    for cut in (packed[:-1], packed[:3], b""):
        with pytest.raises(ValueError, match="are expected|not zstandard's"):
            _zstd(cut, 4 * 99)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({4: 1}, "a frame of 1,025 bytes"),
        ({12: 0}, "in "),
        ({2: 0x61}, "LZ4, zstandard and shuffled bytes are read"),
        ({2: 0x81}, "not zstandard's"),
        ({2: 0x25}, "LZ4, zstandard and shuffled bytes are read"),
        ({3: 0}, "LZ4, zstandard and shuffled bytes are read"),
        ({8: 0, 9: 0}, "LZ4, zstandard and shuffled bytes are read"),
        ({8: 1, 9: 0}, "a frame that is cut short|behind the end|at "),
        ({16: 255, 17: 255}, "."),
        ({16: 0}, "a block at 0"),
        ({19: 255}, "a block at -"),
        ({20: 255}, "behind the end"),
        ({23: 255}, "behind the end"),
        ({20: 1}, "not LZ4's|are expected"),
    ],
)
def test_a_frame_that_is_damaged_is_refused(changes, message):
    made = frame(VALUES, block_bytes=1024).copy()
    for at, value in changes.items():
        made[at] = value
    with pytest.raises((ValueError, struct.error), match=message):
        unpacked(made, VALUES.nbytes)


def test_no_change_of_a_byte_does_more_than_damage():
    whole, rng = frame(VALUES, block_bytes=256), np.random.default_rng(0)
    for _ in range(500):
        made = whole.copy()
        made[rng.integers(0, len(made), 2)] = rng.integers(0, 256, 2)
        try:
            assert len(unpacked(made, VALUES.nbytes)) >= 0
        except (ValueError, struct.error) as error:
            assert str(error)  # noqa: PT017 - any reason will do
