"""Arrays of zarr 3 of one dimension, as Levanter's caches have them: read a chunk at a time.

`corpuskit.formats.zarr_array` says how the files are. Chunks are as they are, or frames of zstandard or of
Blosc, whose blocks are stored or compressed with LZ4 or zstandard.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.foreign_bytes import opened, read_json, truncated, unreadable
from corpuskit.formats.zarr_array import crc32c
from corpuskit.registry.distribution import install_command

_TYPES = {"uint8": "|u1", "int32": "<i4", "uint32": "<u4", "int64": "<i8"}
_ABSENT = 2**64 - 1
#: The largest chunk in bytes, and the most chunks in a file.
_MAX_CHUNK_BYTES, _MAX_CHUNKS = 2**26, 2**16
#: Of a Blosc frame's flags: its bytes are shuffled, stored, their bits shuffled, blocks are not split.
_SHUFFLED, _STORED, _BITS, _WHOLE = 0x1, 0x2, 0x4, 0x10
_HEADER_BYTES = 16


class ForeignArray:
    """An array.

    Args:
        folder: Its folder, with a `zarr.json`.
        sparse: Whether a file that is not there is one of zeros, as zarr has it; else it is missing.

    Attributes:
        paths: Its files.

    Raises:
        CorpusFormatError: If it is not there, or of another kind.
        StorageError: If it cannot be read.
    """

    def __init__(self, folder: Path, *, sparse: bool = False) -> None:
        self._folder, self._is_sparse = folder, sparse
        self._known: tuple[int, list[list[int]]] | None = None
        about = read_json(folder / "zarr.json")
        try:
            (sharding,) = about["codecs"]
            inner = sharding["configuration"]
            (self._file_items,) = about["chunk_grid"]["configuration"]["chunk_shape"]
            (self._chunk_items,) = inner["chunk_shape"]
            self._dtype = np.dtype(_TYPES[about["data_type"]])
            codecs = [codec["name"] for codec in inner["codecs"]]
            self._unpacked = _UNPACKED.get(tuple(codecs))
            index = [codec["name"] for codec in inner["index_codecs"]]
            is_known = (
                (about["zarr_format"], sharding["name"]) == (3, "sharding_indexed")
                and self._unpacked is not None
                and inner["codecs"][0]["configuration"]["endian"] == "little"
                and (index, inner.get("index_location", "end")) == (["bytes", "crc32c"], "end")
                and type(self._file_items) is type(self._chunk_items) is int
                and 1 <= self._chunk_items * self._dtype.itemsize <= _MAX_CHUNK_BYTES
                and 1 <= self._file_items <= self._chunk_items * _MAX_CHUNKS
                and self._file_items % self._chunk_items == 0
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._refused(f"says {error!r:.60}") from error
        if not is_known:
            raise self._refused("is another kind of array")
        self.paths = [folder / "zarr.json"]
        try:
            numbers = sorted(int(path.name) for path in (folder / "c").iterdir() if path.name.isdecimal())
        except OSError as error:
            if not (sparse and isinstance(error, FileNotFoundError)):
                raise unreadable(folder / "c", error) from error
            numbers = []
        self.paths += map(self._file, numbers)

    def _refused(self, found: str) -> CorpusFormatError:
        return CorpusFormatError(
            f"{self._folder / 'zarr.json'}: {found}; expected a sharded array of zarr 3 of one dimension, as "
            "it is, or compressed with Blosc or zstd, as Levanter makes it: make the cache again, or choose "
            "another --format",
            path=self._folder / "zarr.json",
        )

    def _file(self, number: int) -> Path:
        return self._folder / "c" / str(number)

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """Some items, those of a chunk at a time.

        Args:
            start: The first.
            stop: The one after the last.

        Raises:
            CorpusFormatError: If a file is not there, cut or damaged.
            ConfigError: If lz4 or zstandard is needed and not installed.
        """
        while start < stop:
            number, within = divmod(start, self._file_items)
            path, places = self._file(number), self._places(number)
            for chunk in range(within // self._chunk_items, len(places)):
                at = number * self._file_items + chunk * self._chunk_items
                items = self._chunk(path, *places[chunk])
                yield items[start - at : stop - at]
                start = min(at + self._chunk_items, stop)
                if start == stop:
                    return

    def _places(self, number: int) -> list[list[int]]:
        """Where each chunk of a file begins and how many bytes it has; those of the last file are kept."""
        if self._known is None or self._known[0] != number:
            self._known = number, self._read_places(self._file(number))
        return self._known[1]

    def _read_places(self, path: Path) -> list[list[int]]:
        num_chunks = self._file_items // self._chunk_items
        if self._is_sparse and not path.exists():
            return [[_ABSENT, _ABSENT]] * num_chunks
        index_bytes = 16 * num_chunks + 4
        with opened(path) as file:
            if file.size_bytes < index_bytes:
                raise truncated(path, expected=index_bytes, found=file.size_bytes)
            index = file.read(file.size_bytes - index_bytes, index_bytes)
        if struct.pack("<I", crc32c(index[:-4].tobytes())) != index[-4:].tobytes():
            raise self._damaged(path, "its index has another checksum")
        places: list[list[int]] = index[:-4].view("<u8").reshape(-1, 2).tolist()
        return places

    def _chunk(self, path: Path, start: int, size: int) -> NDArray[Any]:
        num_bytes = self._chunk_items * self._dtype.itemsize
        if start == size == _ABSENT:
            return np.zeros(self._chunk_items, self._dtype)
        with opened(path) as file:
            found = file.read(start, size)
        try:
            assert self._unpacked is not None
            items = self._unpacked(found, num_bytes)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error
        except (ValueError, struct.error) as error:
            raise self._damaged(path, f"{error!s:.80}") from error
        if len(items) != num_bytes:
            raise self._damaged(path, f"a chunk of {len(items):,} bytes, and {num_bytes:,} are expected")
        return items.view(self._dtype)

    def _damaged(self, path: Path, found: str) -> CorpusFormatError:
        return CorpusFormatError(f"{path}: damaged: {found}; get it again", path=path)


def unpacked(frame: NDArray[np.uint8], num_bytes: int) -> NDArray[np.uint8]:
    """The bytes of a Blosc frame, uint8[num_bytes].

    Args:
        frame: The frame.
        num_bytes: How many it must say that it has; no more are ever made.

    Raises:
        ValueError: If it is damaged, or compressed with something else than LZ4 or zstandard.
        ConfigError: If it is compressed and lz4 or zstandard is not installed.
    """
    _, _, flags, item_bytes, said, block_bytes, size = struct.unpack("<4B3I", frame[:_HEADER_BYTES].tobytes())
    if said != num_bytes or size != len(frame):
        raise ValueError(f"a frame of {said:,} bytes in {size:,}")
    if flags & _STORED:
        return frame[_HEADER_BYTES:]
    decompressed = _BLOCKS.get(flags >> 5)
    if decompressed is None or flags & _BITS or not item_bytes or not block_bytes:
        raise ValueError(f"a frame with the flags {flags:#x}; LZ4, zstandard and shuffled bytes are read")
    made = np.empty(num_bytes, np.uint8)
    num_blocks = -(-num_bytes // block_bytes)
    starts = frame[_HEADER_BYTES : _HEADER_BYTES + 4 * num_blocks].view("<i4").tolist()
    if len(starts) != num_blocks:
        raise ValueError("a frame that is cut short")
    for number, at in enumerate(starts):
        block = made[number * block_bytes : (number + 1) * block_bytes]
        is_split = not flags & _WHOLE and len(block) == block_bytes and block_bytes % item_bytes == 0
        for part in block.reshape(item_bytes if is_split else 1, -1):
            at = _unpack_part(frame, at, part, decompressed)
        if flags & _SHUFFLED and item_bytes > 1:
            whole = len(block) // item_bytes * item_bytes
            block[:whole] = block[:whole].reshape(item_bytes, -1).T.ravel()
    return made


def _unpack_part(
    frame: NDArray[np.uint8], at: int, part: NDArray[np.uint8], decompressed: Callable[[bytes, int], bytes]
) -> int:
    """Unpack a part of a block into its place, and say where the next one begins."""
    if at < _HEADER_BYTES:
        raise ValueError(f"a block at {at:,}")
    (size,) = struct.unpack("<i", frame[at : at + 4].tobytes())
    packed = frame[at + 4 : at + 4 + size]
    if size < 0 or len(packed) != size:
        raise ValueError("a block that lies behind the end")
    if size == len(part):
        part[:] = packed
    else:
        found = np.frombuffer(decompressed(packed.tobytes(), len(part)), np.uint8)
        if len(found) != len(part):
            raise ValueError(f"a block of {len(found):,} bytes, and {len(part):,} are expected")
        part[:] = found
    return at + 4 + int(size)


def _lz4(data: bytes, num_bytes: int) -> bytes:
    try:
        from lz4 import block
    except ImportError as error:
        raise _not_installed() from error
    try:
        return bytes(block.decompress(data, uncompressed_size=num_bytes))
    except block.LZ4BlockError as error:
        raise ValueError(f"a block that is not LZ4's ({error})") from error


def _zstd(data: bytes, num_bytes: int) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise _not_installed() from error
    try:
        if (said := zstandard.frame_content_size(data)) not in (-1, num_bytes):  # it would be made as it says
            raise ValueError(f"a frame of {said:,} bytes, and {num_bytes:,} are expected")
        return bytes(zstandard.ZstdDecompressor().decompress(data, max_output_size=num_bytes))
    except zstandard.ZstdError as error:
        raise ValueError(f"a frame that is not zstandard's ({error})") from error


def _not_installed() -> ConfigError:
    return ConfigError(
        f"reading compressed chunks needs a package that is not installed; run: {install_command('formats')}"
    )


#: What Blosc calls the compressors of its blocks.
_BLOCKS: dict[int, Callable[[bytes, int], bytes]] = {1: _lz4, 4: _zstd}
#: What gives the bytes of a chunk, by the codecs that it was made with.
_UNPACKED: dict[tuple[str, ...], Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]] = {
    ("bytes",): lambda chunk, num_bytes: chunk,
    ("bytes", "blosc"): unpacked,
    ("bytes", "zstd"): lambda chunk, num_bytes: np.frombuffer(_zstd(chunk.tobytes(), num_bytes), np.uint8),
}

__all__ = ["ForeignArray", "unpacked"]
