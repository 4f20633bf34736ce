"""Splits that are shorter than a row: what has padding anyway takes them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.batches import Batches
from corpuskit.batches.lengthened import LengthenedStream, lengthened
from corpuskit.errors import ConfigError
from corpuskit.selection import Selection
from corpuskit.value_streams import LOSS_INFO

T = 32
OPTIONS = {"batch_size": 2, "block_size": T, "output": "numpy"}
PADDED = {"sampler": "sequential", "sampler_options": {"tail": "pad"}}
SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 1)


def stream_of(split_of, sizes, cut=None, loss=None):
    """Tokens 1, 2, 3, ... in documents of these sizes, in one shard or two."""
    ends = [*itertools.accumulate(sizes)]
    tokens = np.arange(1, ends[-1] + 1, dtype=np.uint16)
    shards = None if cut is None else [cut, ends[-1] - cut]
    values = None if loss is None else {"loss": (LOSS_INFO, np.array(loss, np.uint8), set())}
    return split_of(tokens, shard_sizes=shards, document_ends=ends, fingerprint="", values=values)


def filled(values, padding):
    return [*values, *[padding] * (T - len(values))]


@pytest.mark.filterwarnings("ignore:.*without a single target:UserWarning")
@given(SIZES, st.data())
def test_a_pass_over_a_short_split_is_one_row_and_padding(split_of, sizes, data):
    num_tokens = sum(sizes)
    cut = data.draw(st.none() | st.integers(1, num_tokens - 1))
    loss = data.draw(st.none() | st.lists(st.integers(0, 1), min_size=num_tokens, max_size=num_tokens))
    batches = Batches(stream_of(split_of, sizes, cut, loss), **OPTIONS, **PADDED)
    assert len(batches) == 1
    x, y = batches[0]
    learned = [1] * num_tokens if loss is None else loss
    targets = [token if learned[token - 1] else -100 for token in range(2, num_tokens + 1)]
    assert x.tolist() == [filled(range(1, num_tokens), 0), [0] * T]
    assert y.tolist() == [filled(targets, -100), [-100] * T]


@given(SIZES.filter(lambda sizes: max(sizes) > 1), st.data())
def test_documents_of_a_short_split_are_packed_into_one_row(split_of, sizes, data):
    cut = data.draw(st.none() | st.integers(1, sum(sizes) - 1))
    x, y, documents = Batches(stream_of(split_of, sizes, cut), **OPTIONS, sampler="packed", documents=True)[0]
    first = [*itertools.accumulate(sizes, initial=0)]
    expected = {
        (token, token + 1)
        for start, size in zip(first, sizes, strict=False)
        for token in range(start + 1, start + size)
    }
    places = y[0] != -100
    pairs = [*zip(x[0, places].tolist(), y[0, places].tolist(), strict=True)]
    assert len(pairs) == len(expected)
    assert set(pairs) == expected
    assert (x[0, ~places] == 0).all()
    assert (x[1] == x[0]).all()  # an epoch is one row, and the batch goes on with the next one
    begins = documents.cu_seqlens[:-1]
    assert set(documents.position_ids.reshape(-1)[begins].tolist()) == {0}


@pytest.mark.parametrize(
    "options",
    [
        {"num_targets": 3},
        {"layout": "flat", "max_segments": 8},
        {"fim": {"rate": 1, "prefix": 100, "suffix": 101, "middle": 102}},
        {"streams": ["loss"]},
        {"output": "torch", "resident": True, "streams": ["loss"]},
        {"sampler_options": {"pad_to_multiple": 2}},
    ],
    ids=str,
)
def test_all_that_batches_can_do_goes_with_a_short_split(split_of, options):
    """A row of 16 places and its padding up to 32 are a row of 32 places."""
    sizes = [5, 1, 7, 6]
    stream = stream_of(split_of, sizes, 9, [n % 3 > 0 for n in range(sum(sizes))])
    told = {**OPTIONS, "sampler": "packed", **options}
    short = Batches(stream, **{**told, "block_size": 18})[0]
    long = Batches(stream, **told)[0]
    for one, other in zip(short[:2], long[:2], strict=True):
        if options.get("layout") == "flat":
            one, other = np.asarray(one).reshape(2, -1), np.asarray(other).reshape(2, -1)
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other)[..., :18])
    np.testing.assert_array_equal(np.asarray(long[1])[..., 18:T], -100)


def test_a_selection_and_a_schedule_may_be_shorter_than_a_row(split_of):
    stream = stream_of(split_of, [5, 1, 7, 6])
    some = Selection([2], split=stream.fingerprint, num_documents=4)
    x, _ = Batches(stream, **OPTIONS, sampler="packed", selection=some)[0]
    assert x[0].tolist() == filled(range(7, 13), 0)
    x, _ = Batches(stream, **OPTIONS, sampler="packed", sampler_options={"bos": 99})[0]
    assert x[0].tolist() == filled([99, *range(1, 5), 99, 99, *range(7, 13), 99, *range(14, 19)], 0)
    batches = Batches(stream, **{**OPTIONS, "block_size": [(0, 8), (8, T)]}, **PADDED)
    assert sorted(y for _, ys in batches for y in ys[ys != -100].tolist()) == [*range(2, 20)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {},
            "split 'train' has 19 tokens, a window of block_size 32 needs 33; choose a block_size",
        ),
        ({"sampler": "aligned"}, "a window of block_size 32 needs 33"),
        (
            {"sampler": "sequential"},
            "0 windows of block_size 32 do not fill a batch of 2; choose a smaller block",
        ),
    ],
)
def test_samplers_without_padding_take_no_short_split(split_of, options, message):
    with pytest.raises(ConfigError, match=message):
        Batches(stream_of(split_of, [5, 1, 7, 6]), **OPTIONS, **options)


@pytest.mark.parametrize("options", [PADDED, {"sampler": "packed"}])
def test_one_token_has_no_target(make_split, options):
    with pytest.raises(ConfigError, match="has 1 tokens, a window of block_size 32 needs 2; take more text"):
        Batches(make_split(1), **OPTIONS, **options)


def test_room_is_behind_a_stream_that_is_too_short_and_no_other(split_of):
    stream = stream_of(split_of, [5, 1], 2)
    assert lengthened(stream, 6) is stream
    longer = lengthened(stream, 9)
    assert isinstance(longer, LengthenedStream)
    assert longer[:].tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 0]
    assert [part.num_tokens for part, _ in longer.parts()] == [6, 6, 9]
    assert longer.noun == stream.noun
