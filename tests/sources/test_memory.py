"""Memory follows the options and not the input: measured in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from corpuskit.sources.lookup import open_source
from corpuskit.sources.base import Slice, SourceOptions
from corpuskit.errors import SourceError
import json

def peak_mib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

path, options = sys.argv[1], json.loads(sys.argv[2])
source = open_source(path, SourceOptions(reader=options))
(item,) = source.inputs()
for batch in source.read(item, Slice(0, 17), lambda *bad: None):
    pass
before, error = peak_mib(), None
try:
    for part in source.slices(item, target_bytes=2**24):
        for batch in source.read(item, part, lambda *bad: None):
            pass
except SourceError as found:
    error = str(found)
print(json.dumps([peak_mib() - before, error]))
"""


@pytest.fixture
def measure():
    if not sys.platform.startswith("linux"):
        pytest.skip("the peak is read from /proc")

    def run(path, **options):
        command = [sys.executable, "-c", _PROGRAM, str(path), json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("options", [{}, {"lines": True}, {"separator": "\n\n"}])
@pytest.mark.fault("T8")
def test_a_large_text_is_read_in_little_memory(tmp_path, measure, options):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        for _ in range(48):
            file.write((b"some text of a line, and then some more of it\n" * 11 + b"\n") * 2000)
    grown_mib, error = measure(path, **options)
    assert error is None
    assert grown_mib < 24


@pytest.mark.parametrize("name", ["line.txt", "line.jsonl"])
@pytest.mark.fault("T8")
def test_a_line_that_is_too_long_is_a_cheap_error(tmp_path, measure, name):
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b'{"text": "fine"}\n{"text": "')
        for _ in range(64):
            file.write(b"x" * 2**20)
    options = {"lines": True} if name.endswith(".txt") else {}
    grown_mib, error = measure(path, max_document_bytes=4 * 2**20, **options)
    assert f"{name}:2: a document of more than 4,194,304 bytes begins at byte 17" in error
    assert grown_mib < 24
