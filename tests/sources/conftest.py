"""Inputs made from files, and readers read to the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpuskit.sources.base import Input, Slice
from corpuskit.sources.inputs.files import local_version
from corpuskit.sources.readers.base import Reader


@dataclasses.dataclass
class Read:
    """What a reader gave: documents joined from their pieces, their starts, and what was left out."""

    texts: list[bytes] = dataclasses.field(default_factory=list)
    starts: list[int] = dataclasses.field(default_factory=list)
    bad: list[tuple[str, int, str]] = dataclasses.field(default_factory=list)
    largest_batch_bytes: int = 0

    @property
    def kinds(self) -> list[tuple[str, int]]:
        return [(kind, start) for kind, start, _ in self.bad]


@pytest.fixture(scope="session")
def input_of() -> Callable[..., Input]:
    """Make the input that a file is: `input_of(path, format="text")`."""

    def make(path: Path, **facts: Any) -> Input:
        status = path.stat()
        return Input(
            path.name, status.st_size, "", location=str(path), version=local_version(status), **facts
        )

    return make


@pytest.fixture(scope="session")
def read_all() -> Callable[..., Read]:
    """Read slices of an input to the end: `read_all(reader, item, *slices)`; by default all of it."""

    def read(reader: Reader, item: Input, *slices: Slice) -> Read:
        result = Read()
        for part in slices or [Slice()]:
            continues = False
            for batch in reader.read(item, part, lambda *bad: result.bad.append(bad)):
                assert len(batch.texts) == len(batch.starts) > 0
                result.largest_batch_bytes = max(result.largest_batch_bytes, sum(map(len, batch.texts)))
                texts, starts = list(batch.texts), list(batch.starts)
                if continues:
                    assert starts[0] == result.starts[-1]
                    result.texts[-1] += texts.pop(0)
                    del starts[0]
                result.texts += texts
                result.starts += starts
                continues = batch.continues
        return result

    return read
