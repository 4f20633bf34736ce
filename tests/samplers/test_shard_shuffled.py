import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers.counter import hash_words
from corpuskit.samplers.permutation import Permutation
from corpuskit.samplers.shard_shuffled import ShardShuffledSampler

SIZES = st.lists(st.integers(0, 120), min_size=1, max_size=12).filter(lambda sizes: sum(sizes) > 1)


@pytest.fixture(scope="session")
def make_sampler(make_context):
    def make(sizes, block, seed=0, **options):
        starts = np.concatenate(([0], np.cumsum(sizes)))
        context = make_context(
            int(starts[-1]), block, seed, options=options, shard_starts=lambda: starts.astype(np.int64)
        )
        return ShardShuffledSampler(context)

    return make


def rows_of(sampler, samples):
    """Each row as the list of its pairs: where the token of x is."""
    first, starts, lengths, _ = sampler.spans(np.asarray(samples, np.int64))
    spans = [range(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    return [[at for span in spans[a:b] for at in span] for a, b in itertools.pairwise(first)]


def oracle(sizes, block, seed, epoch, most):
    """The pairs of each row of an epoch, pair by pair."""
    shards = [(sum(sizes[:n]), size) for n, size in enumerate(sizes) if size > 1]
    pairs, group, taken = [], 0, 0
    for number in Permutation(len(shards), "shards", seed, epoch)(np.arange(len(shards))).tolist():
        start, size = shards[number]
        if taken and taken + size > most:
            group, taken = group + 1, 0
        taken += size
        pairs += [(at, group) for at in range(start, start + size - 1)]
    phase = hash_words("shards phase", seed, epoch)[0] * (len(pairs) % block + 1) >> 64
    rows = [pairs[phase + n * block : phase + (n + 1) * block] for n in range(len(pairs) // block)]
    found = []
    for number in range(group + 1):
        own = [row for row in rows if row[0][1] == number]
        last = [row for row in own if row[-1][1] > number]
        mixed = [row for row in own if row not in last]
        if mixed:
            order = Permutation(len(mixed), "rows", seed, epoch, number)(np.arange(len(mixed)))
            found += [mixed[n] for n in order.tolist()]
        found += last
    return [[at for at, _ in row] for row in found]


@given(
    sizes=SIZES,
    block=st.integers(1, 40),
    seed=st.integers(),
    epoch=st.integers(0, 5),
    most=st.integers(1, 400),
)
def test_the_order_is_that_of_an_oracle_that_goes_pair_by_pair(make_sampler, sizes, block, seed, epoch, most):
    num_pairs = sum(size - 1 for size in sizes if size)
    assume(num_pairs >= block)
    sampler = make_sampler(sizes, block, seed, group_tokens=most)
    per_epoch = sampler.samples_per_epoch

    rows = rows_of(sampler, epoch * per_epoch + np.arange(per_epoch))

    assert per_epoch == num_pairs // block
    assert rows == oracle(sizes, block, seed, epoch, most)


@given(sizes=SIZES, block=st.integers(1, 40), seed=st.integers(), most=st.integers(1, 400))
def test_an_epoch_has_each_pair_of_a_shard_once_but_for_less_than_a_row(
    make_sampler, sizes, block, seed, most
):
    pairs = {at for n, size in enumerate(sizes) for at in range(sum(sizes[:n]), sum(sizes[: n + 1]) - 1)}
    assume(len(pairs) >= block)
    sampler = make_sampler(sizes, block, seed, group_tokens=most)

    rows = rows_of(sampler, np.arange(sampler.samples_per_epoch))

    assert {len(row) for row in rows} == {block}
    seen = [at for row in rows for at in row]
    assert len(set(seen)) == len(seen) == len(pairs) - len(pairs) % block
    assert set(seen) <= pairs


@given(
    sizes=SIZES, seed=st.integers(), most=st.integers(1, 400), at=st.lists(st.integers(0, 300), max_size=20)
)
def test_samples_do_not_depend_on_what_else_is_asked(make_sampler, sizes, seed, most, at):
    assume(sum(size - 1 for size in sizes if size) >= 3)
    sampler = make_sampler(sizes, 3, seed, group_tokens=most)

    together = rows_of(sampler, at)

    assert together == [rows_of(make_sampler(sizes, 3, seed, group_tokens=most), [one])[0] for one in at]


def test_shards_are_not_begun_before_a_group_ends(make_sampler):
    sampler = make_sampler([500] * 20, 7, group_tokens=1500)
    rows = rows_of(sampler, np.arange(sampler.samples_per_epoch))

    shards = [{at // 500 for at in row} for row in rows]

    most_open = 0
    for n in range(0, len(rows), 10):
        begun, coming = set().union(*shards[: n + 1]), set().union(*shards[n:])
        most_open = max(most_open, len(begun & coming))
    assert most_open <= 4  # a group, and one that a row crosses into


def test_epochs_group_the_shards_anew(make_sampler):
    sampler = make_sampler([101] * 12, 10, group_tokens=303)
    epochs = [
        [row[0] // 101 for row in rows_of(sampler, epoch * 120 + np.arange(120))] for epoch in range(10)
    ]
    assert len({frozenset(epoch[:30]) for epoch in epochs}) > 5


def test_the_end_of_a_shard_and_the_beginning_of_the_next_visited_are_one_row(make_sampler):
    sampler = make_sampler([8, 8, 8], 5, group_tokens=8)

    first, starts, lengths, _ = sampler.spans(np.arange(4))

    assert np.diff(first).max() == 2
    assert (np.add.reduceat(lengths, first[:-1]) == 5).all()
    assert all(start % 8 + length <= 7 for start, length in zip(starts, lengths, strict=True))


def test_a_split_of_one_shard_has_as_many_rows_as_shuffled_has(make_sampler, make_context):
    assert make_sampler([1001], 10).samples_per_epoch == 100
    assert ShardShuffledSampler(make_context(1001, 10)).samples_per_epoch == 100  # nobody knows the shards


def test_a_sample_far_away_costs_nothing_more(make_sampler):
    sampler = make_sampler([10**12] * 1000, 2048, seed=-3)
    far = np.array([10**12, 0, 10**18, 5])
    assert rows_starts(sampler, far) == [rows_starts(sampler, far[n : n + 1])[0] for n in range(4)]


def test_the_order_is_pinned(make_sampler):
    """These numbers are what saved runs resume by: they must never change."""
    sampler = make_sampler([10**8] * 10, 1024, seed=2024, group_tokens=3 * 10**8)
    assert rows_starts(sampler, np.array([0, 1, 2, 10**12])) == PINNED


def rows_starts(sampler, samples):
    first, starts, *_ = sampler.spans(samples)
    return starts[first[:-1]].tolist()


PINNED = [130250079, 551983969, 166512991, 827641167]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "1G", True, None])
def test_a_group_of_no_whole_number_of_tokens_is_refused(make_sampler, wrong):
    with pytest.raises(ConfigError, match=r"sampler option group_tokens = .*: must be a whole number, 1 or"):
        make_sampler([100], 10, group_tokens=wrong)


def test_shards_without_a_row_are_refused(make_sampler):
    with pytest.raises(
        ConfigError, match="the shards have 8 pairs of tokens that follow each other, and a row needs"
    ):
        make_sampler([5, 5], 9)


@given(sizes=SIZES, block=st.integers(1, 40), seed=st.integers(), most=st.integers(1, 400))
def test_rows_are_in_the_shards_that_were_said_to_be_upcoming(make_sampler, sizes, block, seed, most):
    assume(sum(size - 1 for size in sizes if size) >= block)
    sampler = make_sampler(sizes, block, seed, group_tokens=most)
    shard = np.repeat(np.arange(len(sizes)), sizes)
    for sample in range(2 * sampler.samples_per_epoch):
        now, then = sampler.upcoming(sample)
        (row,) = rows_of(sampler, [sample])
        assert shard[row[0]] in shard[now]
        assert sum(sizes[number] for number in shard[now]) <= most or len(now) == 1
        assert sum(sizes[number] for number in shard[then]) <= most or len(then) == 1
