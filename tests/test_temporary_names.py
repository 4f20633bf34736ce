"""Names of what is unfinished: whose they are, and who is at work there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corpuskit.temporary_names import final_name, host_name, is_temporary_of, may_be_live, temporary_name


@pytest.mark.parametrize("name", ["a.bin", "x" * 180, "x" * 250, "é" * 120, os.fsdecode(b"caf\xe9.txt")])
def test_a_temporary_name_says_whose_it_is_however_long_that_name_is(tmp_path, name):
    path = temporary_name(tmp_path / name)
    path.write_bytes(b"")  # which a name of more bytes than a file system takes cannot be
    assert is_temporary_of(path.name, name)
    assert not is_temporary_of(path.name, "other")
    assert name.encode("utf-8", "surrogateescape").startswith(os.fsencode(final_name(path.name)))
    assert may_be_live(path)


@pytest.mark.parametrize("name", ["a.bin", ".a.tmp", ".a.host.1.aa.tmp", ".out.preparing", "a.host.1.part"])
def test_other_names_are_not_temporary(name):
    assert final_name(name) is None
    assert not is_temporary_of(name, "a")


def test_a_name_that_only_begins_like_another_is_not_its(tmp_path):
    assert not is_temporary_of(temporary_name(tmp_path / "out.v2").name, "out")
    assert not is_temporary_of(temporary_name(tmp_path / "out").name, "out.v2")


@pytest.mark.parametrize("end", [f".{'0' * 16}.tmp", ".part"])
def test_what_a_process_that_is_gone_left_is_not_live(end):
    assert not may_be_live(Path(f".a.{host_name()}.999999999{end}"))
    assert may_be_live(Path(f".a.{host_name()}.{os.getpid()}{end}"))
