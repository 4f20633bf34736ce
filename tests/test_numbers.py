"""A whole number is one whoever counted it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import orjson
import pytest

import corpuskit
from corpuskit.config import BatchConfig, PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.numbers import as_whole, may_be_rounded, whole

KINDS = (np.int64, np.int32, np.uint8, np.uint64, np.intp)
NO_NUMBERS = (True, np.True_, 4.0, np.float64(4), "4", b"4", None, [4], Fraction(4))


@pytest.mark.parametrize("kind", [int, *KINDS, np.array])
def test_every_kind_of_whole_number_is_one(kind):
    found = whole("n", kind(4), least=1)
    assert (type(found), found) == (int, 4)


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_booleans_fractions_and_text_are_none(value):
    assert as_whole(value) is None
    with pytest.raises(ConfigError, match="n = .*: must be a whole number"):
        whole("n", value)


def test_an_array_is_refused_in_one_line():
    with pytest.raises(ConfigError, match=r"size = array\(\[\[0, 4\], \[1, 8\]\]\): must be a whole number$"):
        whole("size", np.array([[0, 4], [1, 8]]))


def test_a_number_that_is_too_small_is_refused():
    with pytest.raises(ConfigError, match="n = 0: must be a whole number, 1 or more"):
        whole("n", 0, least=1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "text.txt").write_text("".join(f"line {number}\n" for number in range(200)))
    options = {"encoding": "bytes", "lines": True, "split": "none", "output": folder / "corpus"}
    numbers = {"max_tokens": np.int64(10**6), "part_bytes": np.int32(500), "shard_bytes": np.uint64(600)}
    return corpuskit.prepare(str(folder / "text.txt"), workers=np.int64(1), **options, **numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_take_numpy_s_numbers_and_are_the_same(corpus, kind):
    numbers = {"batch_size": 4, "block_size": 8, "seed": 7, "rank": 1, "world_size": 2, "prefetch": 1}
    plain = corpus.batches(output="numpy", **numbers)
    other = corpus.batches(output="numpy", **{name: kind(number) for name, number in numbers.items()})
    assert np.array_equal(plain[3][0], other[kind(3)][0])
    assert other.state_dict() == plain.state_dict()
    assert {type(value) for value in other.state_dict().values()} <= {int, str, dict, type(None)}
    for batches, step in ((plain, 5), (other, kind(5))):
        batches.seek(step=step)
    other.load_state_dict(plain.state_dict())
    assert np.array_equal(next(iter(other))[1], next(iter(plain))[1])
    assert corpus["train"].document(kind(3)).tolist() == corpus["train"].document(3).tolist()
    assert corpus["train"][kind(3)] == corpus["train"][3]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in ("batch_size", "block_size", "rank", "world_size", "prefetch", "seed")
        for value in NO_NUMBERS
        if value is not None or name not in ("rank", "world_size")  # None is what they are by default
    ],
)
def test_batches_take_nothing_else(corpus, name, value):
    options = {"batch_size": 4, "block_size": 8, name: value}
    with pytest.raises(ConfigError, match=f"{name} = .*: must be a whole number"):
        corpus.batches(output="numpy", **options)


@pytest.mark.parametrize(
    ("model", "name"), [(PrepareConfig, "workers"), (PrepareConfig, "part_bytes"), (BatchConfig, "seed")]
)
def test_configurations_take_numpy_s_numbers_and_no_booleans(model, name):
    needed = {"dataset": "x"} if model is PrepareConfig else {}
    made = model.make(needed, {name: np.int64(4)})
    assert type(getattr(made, name)) is int
    for value in (True, np.True_, 4.5):
        with pytest.raises(ConfigError, match=f"{name} = "):
            model.make({"dataset": "x"}, {name: value})


def test_a_seed_of_numpy_s_is_a_seed():
    corpuskit.seed_all(np.int64(3))
    first = np.random.random()
    corpuskit.seed_all(3)
    assert np.random.random() == first
    with pytest.raises(ConfigError, match="expected an integer"):
        corpuskit.seed_all(np.True_)


def test_a_stage_begins_at_any_whole_number(corpus):
    assert corpuskit.Stage({}, tokens=np.int64(100)).first_sample(np.int64(4), np.int64(8)) == 13
    with pytest.raises(ConfigError, match="the place where a stage begins = True"):
        corpuskit.Stage({}, step=True).first_sample(4, 8)


def test_configurations_take_numpy_s_booleans_and_reader_options():
    made = PrepareConfig.make(
        {
            "dataset": "x",
            "eot": np.bool_(True),
            "reader_options": {"max_ratio": np.int64(5), "a": np.float32(0.5), "b": np.bool_(False)},
        }
    )
    assert made.eot is True
    assert made.reader_options == {"max_ratio": 5, "a": 0.5, "b": False}
    assert [type(value) for value in made.reader_options.values()] == [int, float, bool]


def test_whole_numbers_that_a_parser_rounds_are_seen_wherever_they_are():
    assert may_be_rounded(orjson.loads("[9223372036854775808000]"))
    assert may_be_rounded(orjson.loads('{"a": {"b": [-9223372036854775809]}}'))
    assert not may_be_rounded(orjson.loads('{"a": [1.5, 9223372036854775807, "9223372036854775809"]}'))


def test_numbers_are_looked_for_however_deep_a_value_is_nested():
    assert not may_be_rounded(orjson.loads("[" * 1000 + "]" * 1000))
    assert may_be_rounded(orjson.loads("[" * 1000 + "1e19" + "]" * 1000))
