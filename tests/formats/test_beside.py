"""Calls in another thread, and the digests that are made there."""

from __future__ import annotations

import contextlib
import hashlib
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpuskit.errors import CorpusFormatError
from corpuskit.formats.beside import Beside, InputDigests


def test_calls_are_made_in_order_in_another_thread_and_each_is_over_before_the_next_but_one_is_asked_for():
    made, last = [], threading.Event()
    with Beside() as beside:
        for number in range(5):
            beside.run(made.append, (number, threading.current_thread()))
            assert len(made) >= number
        beside.run(last.wait)
        last.set()
    assert [number for number, _ in made] == [0, 1, 2, 3, 4]


def test_what_a_call_raises_is_raised_at_the_next_one_or_at_the_end():
    def fail():
        raise ValueError("from there")

    with Beside() as beside:
        beside.run(fail)
        with pytest.raises(ValueError, match="from there"):
            beside.run(print)
    with pytest.raises(ValueError, match="from there"), Beside() as beside:
        beside.run(fail)


def test_the_last_call_is_over_when_an_error_leaves_the_block():
    done = []
    with contextlib.suppress(KeyError), Beside() as beside:
        beside.run(lambda: done.append(1))
        raise KeyError
    assert done == [1]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=4), shares=st.lists(st.floats(0, 1), max_size=6)
)
def test_digests_are_those_of_whole_files_however_they_are_followed(tmp_path, monkeypatch, sizes, shares):
    monkeypatch.setattr("corpuskit.formats.beside._HASH_BYTES", 7)
    paths = [tmp_path / f"{number}" for number in range(len(sizes))]
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        path.write_bytes(bytes([number]) * size)
    with Beside() as beside:
        digests = InputDigests(dict(zip(paths, sizes, strict=True)), beside)
        for share in sorted(shares):
            digests.follow(paths[:2], share)
        found = digests.finished()
    assert found == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_a_file_that_is_shorter_by_now_is_named(tmp_path):
    path = tmp_path / "train.bin"
    path.write_bytes(b"12345")
    with Beside() as beside:
        digests = InputDigests({path: 10}, beside)
        with pytest.raises(CorpusFormatError, match=r"train\.bin: 5 bytes, and 10 are expected"):
            digests.finished()
