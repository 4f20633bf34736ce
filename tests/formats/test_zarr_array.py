from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from corpuskit.formats.zarr_array import crc32c, write_array
from corpuskit.storage import FileWriter


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_the_checksum_is_castagnoli_s(data, expected):
    assert crc32c(data) == expected  # of RFC 3720, B.4, and of everybody's "123456789"


@pytest.mark.parametrize("length", [1, 7, 8, 9, 24, 25, 48, 50])
@pytest.mark.parametrize("dtype", ["<i4", "<i8"])
def test_files_have_whole_chunks_and_an_index_with_its_checksum(tmp_path, monkeypatch, length, dtype):
    monkeypatch.setattr("corpuskit.formats.zarr_array._CHUNK_ITEMS", 8)
    monkeypatch.setattr("corpuskit.formats.zarr_array._FILE_CHUNKS", 3)

    @contextlib.contextmanager
    def open_file(name):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with FileWriter(tmp_path / name) as file:
            yield file

    values = np.arange(1, length + 1, dtype="<u2")
    pieces = iter([values[:3], values[3:20], values[20:]])
    write_array(SimpleNamespace(file=open_file), "made", dtype, pieces, length)
    files = sorted((tmp_path / "made" / "c").iterdir())
    assert len(files) == -(-length // 24)
    found, frame = [], 16 + 8 * np.dtype(dtype).itemsize
    for path in files:
        data = path.read_bytes()
        index = data[-52:-4]
        assert crc32c(index) == int.from_bytes(data[-4:], "little")
        for number, (start, size) in enumerate(np.frombuffer(index, "<u8").reshape(3, 2).tolist()):
            if start != 2**64 - 1:
                assert (start, size) == (number * frame, frame)
                found.append(np.frombuffer(data[start + 16 : start + size], dtype))
        assert len(data) == 52 + frame * sum(start != 2**64 - 1 for start in np.frombuffer(index, "<u8")[::2])
    joined = np.concatenate(found)
    assert joined[:length].tolist() == values.tolist()
    assert not joined[length:].any()
