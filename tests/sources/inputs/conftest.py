"""Inputs made from bytes."""

from __future__ import annotations

import pytest


@pytest.fixture
def file(tmp_path, input_of):
    """Make the input of a file of some bytes: `file("a.txt.gz", data)`."""

    def make(name: str, data: bytes):
        path = tmp_path / name
        path.write_bytes(data)
        return input_of(path)

    return make
