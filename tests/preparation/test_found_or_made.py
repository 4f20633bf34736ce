"""Finding or making, whoever is faster; nothing here waits for a clock."""

from __future__ import annotations

import contextlib

import pytest

from corpuskit import locks
from corpuskit.errors import ConfigError, SourceError, StorageError, WorkerError
from corpuskit.preparation.found_or_made import found_or_made


class Place:
    """Where something is or is not; `looks` are what each look finds, the last one for ever."""

    def __init__(self, folder, *looks):
        self.lock = folder / "lock"
        self.looks = list(looks)
        self.made = 0
        self.waited = 0

    def find(self):
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found

    def make(self):
        self.made += 1
        return "made"

    def wait(self):
        self.waited += 1

    def go(self, make=None, *, is_taken=lambda error: True, replaces=False):
        return found_or_made(
            self.find,
            make or self.make,
            replaces=replaces,
            lock=self.lock,
            on_wait=self.wait,
            is_taken=is_taken,
        )


def test_what_is_there_is_found_and_no_lock_is_touched(tmp_path):
    place = Place(tmp_path, "there")
    assert place.go() == "there"
    assert place.made == 0
    assert not place.lock.exists()


def test_what_may_be_replaced_is_looked_at_once(tmp_path):
    place = Place(tmp_path, None, "there by now")
    assert place.go(replaces=True) == "made"
    assert place.find() == "there by now"


def test_what_is_not_there_is_made_while_the_lock_is_held(tmp_path):
    place = Place(tmp_path, None)

    def make():
        with pytest.raises(StorageError, match="another process holds"), locks.lock(place.lock, timeout_s=0):
            pass
        return "made"

    assert place.go(make) == "made"


def test_what_another_one_made_while_this_one_waited_for_the_lock_is_found(tmp_path):
    place = Place(tmp_path, None, "there")
    assert place.go() == "there"
    assert place.made == 0


@pytest.mark.parametrize("kind", [OSError, StorageError, ConfigError, WorkerError])
def test_what_another_one_made_while_this_one_failed_is_found(tmp_path, kind):
    place = Place(tmp_path, None, None, "there")

    def make():
        raise kind("gone")

    assert place.go(make) == "there"


@pytest.mark.parametrize(
    ("looks", "is_taken"),
    [((None,), True), ((None, None, "there"), False), ((None, None, StorageError("later")), True)],
    ids=["nothing is there", "nobody can have been faster", "the look fails too"],
)
def test_the_first_error_is_told(tmp_path, looks, is_taken):
    def make():
        raise StorageError("first")

    with pytest.raises(StorageError, match="first"):
        Place(tmp_path, *looks).go(make, is_taken=lambda error: is_taken)


def test_an_error_that_no_race_explains_is_told_whatever_is_there(tmp_path):
    def make():
        raise SourceError("bad text")

    with pytest.raises(SourceError, match="bad text"):
        Place(tmp_path, None, None, "there").go(make)


def test_without_a_lock_it_is_made_all_the_same(tmp_path):
    place = Place(tmp_path, None)
    place.lock.symlink_to("elsewhere")
    assert place.go() == "made"


def test_whoever_waits_is_told_once(tmp_path, monkeypatch):
    place = Place(tmp_path, None)

    def held(path, *, on_wait):
        on_wait()
        return contextlib.nullcontext()

    monkeypatch.setattr("corpuskit.preparation.found_or_made.lock_or_go_on", held)
    assert place.go() == "made"
    assert place.waited == 1
