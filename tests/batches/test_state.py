"""States that others may have changed, and what loading them may do: go on, or a ResumeError."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, ResumeError

SAMPLERS = ["random", "shuffled", "sequential", "packed"]


@pytest.fixture(params=SAMPLERS)
def batches(request, corpus):
    return corpus.batches(batch_size=4, block_size=8, sampler=request.param, output="numpy")


def changed(batches, **fields):
    return {**batches.state_dict(), **fields}


def kind(value):
    return type(value).__name__


ABSURD = [
    2**64,
    2**63,
    2**62 + 1,
    -1,
    True,
    1.0,
    10**5000,
    -(10**5000),
    None,
    "1",
    [1],
    {},
    float("nan"),
    b"1",
]


@pytest.mark.parametrize("field", ["version", "sample", "batch_size", "block_size", "seed"])
@pytest.mark.parametrize("value", ABSURD, ids=kind)
def test_an_absurd_number_is_a_resume_error(batches, field, value):
    with pytest.raises(ResumeError) as caught:
        batches.load_state_dict(changed(batches, **{field: value}))
    assert len(str(caught.value)) < 400
    assert batches.sample == 0


@pytest.mark.parametrize("field", ["sampler", "sampler_options", "split", "corpus", "last_rows"])
@pytest.mark.parametrize(
    "value", [0, True, None, [], ["x"], {"x": 10**5000}, "\x1b[2J", float("inf")], ids=kind
)
def test_a_value_of_another_kind_is_a_resume_error(batches, field, value):
    with pytest.raises(ResumeError) as caught:
        batches.load_state_dict(changed(batches, **{field: value}))
    assert str(caught.value).isprintable()


def test_a_missing_or_a_surprising_field_is_a_resume_error(batches):
    for field in batches.state_dict():
        state = batches.state_dict()
        del state[field]
        with pytest.raises(ResumeError, match=field if field != "version" else "no version number"):
            batches.load_state_dict(state)
    with pytest.raises(ResumeError, match="no state of these batches has a field 'surprise'"):
        batches.load_state_dict(changed(batches, surprise=1))


@pytest.mark.parametrize("state", [None, 3, "state", [], {}, {"version": 2}, {1: 2}], ids=kind)
def test_what_is_no_state_is_a_resume_error(batches, state):
    for loads in (batches, batches.iterable()):
        with pytest.raises(ResumeError):
            loads.load_state_dict(state)


@pytest.mark.parametrize("field", ["workers", "first", "epoch"])
@pytest.mark.parametrize("value", [2**64, -1, True, 1.0, 10**5000, "1", [1]], ids=kind)
def test_an_absurd_number_in_a_workers_state_is_a_resume_error(batches, field, value):
    iterable = batches.iterable()
    state = {**iterable.state_dict(), field: value}
    with pytest.raises(ResumeError):
        iterable.load_state_dict(state)


def test_the_largest_count_of_samples_goes_on(batches):
    batches.seek(sample=2**62)
    batches.load_state_dict(batches.state_dict())
    assert batches[0][0].shape == next(iter(batches))[0].shape


@pytest.mark.parametrize("number", [-1, 2**62 + 1, 10**5000], ids=kind)
def test_places_beyond_all_samples_are_refused(batches, number):
    with pytest.raises(ConfigError, match="cannot seek to sample"):
        batches.seek(sample=number)
    with pytest.raises(IndexError, match="steps count from 0, and samples up to"):
        batches[number]
    assert batches.sample == 0


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**65)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                "version",
                "sample",
                "sampler",
                "sampler_options",
                "seed",
                "split",
                "corpus",
                "block_size",
                "batch_size",
                "last_rows",
                "x",
            ]
        ),
        VALUES,
        min_size=1,
        max_size=3,
    ),
    data=st.data(),
)
@pytest.mark.fault("R6")
def test_any_state_goes_on_or_is_a_resume_error(state_batches, changes, data):
    state = {**state_batches.state_dict(), **changes}
    for field in data.draw(st.sets(st.sampled_from(sorted(state)), max_size=2)):
        del state[field]
    try:
        state_batches.load_state_dict(state)
    except ResumeError:
        assert state_batches.sample == 0
    else:
        assert state == state_batches.state_dict() | {"batch_size": state["batch_size"]}
        x, _ = next(iter(state_batches))
        assert isinstance(x, np.ndarray)
    state_batches.seek(sample=0)


@pytest.fixture(params=SAMPLERS, scope="module")
def state_batches(request, module_corpus):
    return module_corpus.batches(batch_size=4, block_size=8, sampler=request.param, output="numpy")


@pytest.fixture(scope="module")
def module_corpus(tmp_path_factory):
    import corpuskit

    folder = tmp_path_factory.mktemp("state")
    (folder / "text.txt").write_text("".join(f"line {number}\n" for number in range(300)))
    return corpuskit.prepare(
        str(folder / "text.txt"), output=folder / "corpus", encoding="bytes", lines=True, split="none"
    )


@pytest.fixture
def corpus(module_corpus):
    return module_corpus


def test_of_options_only_those_that_differ_are_told(corpus):
    def packed(**options):
        told = {"documents": "whole", "too_long": "drop", **options}
        return corpus.batches(
            batch_size=4, block_size=8, sampler="packed", sampler_options=told, output="numpy"
        )

    state = packed().state_dict()
    expected = (
        r"saved with sampler_options \{'too_long': 'drop'\}, these batches have \{'too_long': 'truncate'\}"
    )
    with pytest.raises(ResumeError, match=expected):
        packed(too_long="truncate").load_state_dict(state)
