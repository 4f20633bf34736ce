"""Ranks that are said, found and forgotten."""

import pytest

from corpuskit.batches import Batches, ranks
from corpuskit.batches.options import options_of
from corpuskit.errors import ConfigError

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


@pytest.fixture(autouse=True)
def no_ranks(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


@pytest.fixture
def in_group(monkeypatch):
    """Has the process be a rank of a group."""

    def be(rank, world_size):
        monkeypatch.setattr(ranks, "process_group", lambda: (rank, world_size))

    return be


def said(**options):
    found = options_of(batch_size=840, **options)
    return found.rank, found.world_size


def test_auto_is_the_group_else_the_environment_else_alone(in_group, monkeypatch):
    auto = {"rank": "auto", "world_size": "auto"}
    assert said(**auto) == (0, 1)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert said() == (0, 1)
    assert said(**auto) == (1, 4)
    in_group(2, 3)
    assert said() == (0, 1)
    assert said(**auto) == (2, 3)
    assert said(rank="auto", world_size=8) == (2, 8)
    assert said(rank=1, world_size="auto") == (1, 3)
    assert said(rank=1, world_size=5) == (1, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": "first"}, "rank = 'first': must be a whole number, 0 or more, or 'auto'"),
        ({"world_size": "all"}, "world_size = 'all': must be a whole number, 1 or more, or 'auto'"),
        ({"rank": -1}, "rank = -1: must be a whole number, 0 or more"),
        ({"world_size": 0}, "world_size = 0: must be a whole number, 1 or more"),
    ],
)
def test_what_is_no_rank_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        options_of(**options)


@pytest.mark.parametrize(("rank", "world_size"), [("1", None), (None, "2"), ("x", "2"), ("1", "-2")])
def test_half_an_environment_is_refused(monkeypatch, rank, world_size):
    for name, value in (("RANK", rank), ("WORLD_SIZE", world_size)):
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="the environment has RANK=.* and WORLD_SIZE=.*; set both"):
        options_of(rank="auto")
    assert said() == (0, 1)


@pytest.mark.parametrize(
    "use", [lambda b: b[0], lambda b: next(iter(b)), lambda b: b.iterable()], ids=["step", "loop", "iterable"]
)
def test_ranks_that_share_nothing_are_warned_of_once(make_split, in_group, use):
    in_group(0, 4)
    batches = Batches(make_split(1000), **OPTIONS)
    batches.dataset()  # its trainer shares it out
    with pytest.warns(UserWarning, match=r"each of the 4 ranks .* say rank='auto', world_size='auto'"):
        use(batches)
    use(batches)
    use(Batches(make_split(1000), **OPTIONS, rank=0, world_size=1))
    use(Batches(make_split(1000), **OPTIONS, rank="auto", world_size="auto"))
    in_group(1, 4)
    use(Batches(make_split(1000), **OPTIONS))  # one of them says it
