"""Errors of parts, as JSON values between processes."""

from __future__ import annotations

import json

import pytest

from corpuskit import errors
from corpuskit.errors import CorpuskitError, SourceError, WorkerError
from corpuskit.preparation.executors.base import describe_error, raise_described

OURS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CorpuskitError)]


def sent(error: Exception) -> CorpuskitError:
    """What arrives in another process."""
    description = json.loads(json.dumps(describe_error(7, error)))
    with pytest.raises(CorpuskitError) as caught:
        raise_described(description)
    return caught.value


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.fault("O6")
def test_every_error_of_ours_arrives_as_itself(kind) -> None:
    found = sent(kind("a.txt: broken", path="a.txt", expected=1))
    assert type(found) is kind
    assert str(found) == "a.txt: broken"
    assert (found.path, found.expected, found.found) == ("a.txt", "1", None)


def test_an_error_class_of_a_plugin_arrives_as_the_one_it_derives_from() -> None:
    class Rotten(SourceError):
        def __init__(self, name: str, line: int) -> None:
            super().__init__(f"{name}, line {line}: rotten", path=name)

    found = sent(Rotten("a.txt", 3))
    assert type(found) is SourceError
    assert str(found) == "a.txt, line 3: rotten"


@pytest.mark.fault("O6", "G6")
def test_another_error_names_its_part_in_one_line() -> None:
    found = sent(ValueError("first\nsecond"))
    assert type(found) is WorkerError
    assert str(found) == "part 7: ValueError: first second"
