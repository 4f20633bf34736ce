"""Batch sizes and block sizes that change along a run."""

import itertools
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.batches import Batches
from corpuskit.batches.schedule import Schedule
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.selection import Selection

BLOCKS = [(0, 8), (10, 32), (14, 16)]
OPTIONS = {"batch_size": [(0, 4), (6, 8)], "block_size": BLOCKS, "output": "numpy"}
#: Samplers with epochs whose block size may change, and whether all targets come once or some are left over.
CUTTABLE = [
    ("shuffled", {}),
    ("sequential", {}),
    ("sequential", {"tail": "pad"}),
    ("shard_shuffled", {"group_tokens": 600}),
]


def shape(phase):
    return phase.step, phase.sample, phase.tokens, phase.batch_size, phase.block_size


def endless(batches):
    while True:
        yield from batches


def first(batches, count):
    return list(itertools.islice(endless(batches), count))


def same(one, other):
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        np.testing.assert_array_equal(mine[1], theirs[1])


def test_places_are_steps_or_the_first_step_after_so_many_tokens():
    schedule = Schedule([(0, 4), ("100 tokens", 8)], [(0, 8), ("1e3 tokens", 32)])
    assert [shape(phase) for phase in schedule.phases] == [
        (0, 0, 0, 4, 8),
        (4, 16, 128, 8, 8),
        (18, 128, 1024, 8, 32),
    ]
    assert schedule.sizes("batch_size") == [[0, 4], [4, 8]]
    assert schedule.sizes("block_size") == [[0, 8], [18, 32]]


def test_a_place_in_tokens_moves_on_to_whole_windows_of_the_largest_size():
    schedule = Schedule(3, [(0, 8), ("100 tokens", 32)])
    assert [shape(phase) for phase in schedule.phases] == [(0, 0, 0, 3, 8), (8, 24, 192, 3, 32)]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 6)), max_size=4),
    st.integers(1, 5),
    st.integers(0, 60),
)
def test_steps_and_samples_agree_with_a_list_of_all_batches(changes, size, step):
    steps = itertools.accumulate(hop for hop, _ in changes)
    said = [(0, size), *((at, of) for at, (_, of) in zip(steps, changes, strict=True))]
    schedule = Schedule(said, 4)
    sizes = [next(of for at, of in reversed(said) if at <= one) for one in range(61)]
    assert schedule.first_sample(step) == sum(sizes[:step])
    assert schedule.at_step(step).batch_size == sizes[step]
    for row in range(sizes[step]):
        assert schedule.step_of(sum(sizes[:step]) + row) == step
    assert schedule.next_step(sum(sizes[:step])) == step
    assert schedule.tokens(sum(sizes[:step])) == 4 * sum(sizes[:step])


@pytest.mark.parametrize(
    ("batch_size", "block_size", "message"),
    [
        ([], 4, r"batch_size = \[\]: must be a whole number, 1 or more, or a schedule of \(place, size\)"),
        ("64", 4, "batch_size = '64': must be a whole number"),
        ([(0, 4), 8], 4, "must be a whole number, 1 or more, or a schedule"),
        ([(1, 4)], 4, r"batch_size: the schedule begins at 1; its first place must be 0, such as \[\(0, 4\)"),
        ([(0, 4), (0, 8)], 4, "batch_size 8 from step 0 on: that is not after step 0"),
        ([(0, 4), (9, 8), (5, 2)], 4, "batch_size 2 from step 5 on: that is not after step 9"),
        (
            [(0, 4), (-3, 8)],
            4,
            "batch_size: -3 is no place of a schedule; expected a step, 0 or more, or text",
        ),
        ([(0, 4), ("5e9", 8)], 4, "'5e9' is no place of a schedule; .* such as \"5e9 tokens\""),
        ([(0, 4), ("nan tokens", 8)], 4, "'nan tokens' is no place"),
        ([(0, 4), (2, 0)], 4, "batch_size from 2 on = 0: must be a whole number, 1 or more"),
        (4, [(0, 8), (4, 12)], "block_size 8 of the schedule does not divide its largest, 12"),
        (
            4,
            [(0, 2), (3, 16)],
            "block_size 16 from step 3 on: by then the batches have drawn 24 tokens, no whole number of "
            "windows of 16; say step 4",
        ),
        ([(0, 1), (1, 2)], [(0, 2), (3, 8)], "windows of 8; choose batch sizes that are powers of 2"),
        ([(0, 1), (1, 2)], [(0, 2), ("9 tokens", 8)], "choose batch sizes that are multiples of 4"),
        ([(0, 1), (2**70, 2)], 4, "tokens count from 0 to 2"),
    ],
)
def test_impossible_schedules_are_one_line(batch_size, block_size, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Schedule(batch_size, block_size)
    assert "\n" not in str(caught.value)


def test_one_size_in_a_list_is_that_size(make_split):
    plain = Batches(make_split(500), batch_size=4, block_size=8, output="numpy")
    listed = Batches(make_split(500), batch_size=[(0, 4)], block_size=[(0, 8)], output="numpy")
    assert listed.schedule is None
    assert listed.state_dict() == plain.state_dict()


@pytest.mark.parametrize("sampler", ["sequential", "shuffled"])
def test_a_size_that_does_not_change_is_no_schedule(make_split, sampler):
    options = {"block_size": 8, "sampler": sampler, "output": "numpy"}
    plain = Batches(make_split(500), batch_size=8, **options)
    listed = Batches(make_split(500), batch_size=[(0, 8), (5, 8)], **options)
    assert listed.schedule is None
    assert listed.state_dict() == plain.state_dict()
    last = len(plain)  # the first step of the second epoch, which begins where its batches do
    np.testing.assert_array_equal(listed[last][0], plain[last][0])
    again = Schedule([(0, 4), (3, 4), (5, 8), (9, 8)], 8)
    assert [shape(phase) for phase in again.phases] == [(0, 0, 0, 4, 8), (5, 20, 160, 8, 8)]


def test_options_of_a_phase_are_those_of_the_run_with_its_sizes(make_split):
    batches = Batches(make_split(500), **OPTIONS)
    for phase in batches.schedule.phases:
        sizes = {"batch_size": phase.batch_size, "block_size": phase.block_size}
        assert batches.options.at(phase) == batches.options.replace(**sizes)


def test_every_phase_must_be_shared_by_the_ranks(make_split):
    with pytest.raises(ConfigError, match="batch_size 6 from step 9 on cannot be shared by 4 ranks"):
        Batches(make_split(500), batch_size=[(0, 4), (9, 6)], block_size=8, rank=0, world_size=4)


def test_a_split_must_have_a_window_of_the_largest_size(make_split):
    with pytest.raises(ConfigError, match="a window of block_size 32 needs 33"):
        Batches(make_split(30), **OPTIONS)


@pytest.mark.parametrize(
    "sampler", ["random", "shuffled", "sequential", "packed", "aligned", "shard_shuffled"]
)
def test_a_schedule_of_batch_sizes_cuts_the_order_elsewhere_and_changes_no_row(make_split, sampler):
    split = make_split(2000, document_ends=range(7, 2001, 7), fingerprint="")
    options = {"block_size": 16, "output": "numpy", "sampler": sampler}
    batches = Batches(split, batch_size=[(0, 4), (3, 8), (5, 2)], **options)
    plain = Batches(split, batch_size=1, **options)
    row = 0
    for step, size in enumerate([4, 4, 4, 8, 8, 2, 2]):
        x, y = batches[step]
        assert x.shape == (size, 16)
        same([(x[n : n + 1], y[n : n + 1]) for n in range(size)], [plain[row + n] for n in range(size)])
        row += size


@settings(max_examples=40, deadline=None)
@given(
    sampler=st.sampled_from(CUTTABLE),
    num_tokens=st.integers(65, 900),
    batch=st.sampled_from([2, 4, 8]),
    changes=st.lists(st.tuples(st.integers(1, 12), st.sampled_from([8, 16, 32])), max_size=3),
    seed=st.integers(0, 3),
)
def test_no_target_comes_twice_in_an_epoch_and_all_come_by_its_end(
    make_split, sampler, num_tokens, batch, changes, seed
):
    name, more = sampler
    steps = itertools.accumulate((4 * hop for hop, _ in changes), initial=0)
    sizes = [8, *(size for _, size in changes), 32]
    schedule = [*zip(steps, sizes, strict=False)]
    schedule.append((schedule[-1][0] + 8, 32))
    split = make_split(num_tokens, shard_sizes=[num_tokens // 2, num_tokens - num_tokens // 2])
    batches = Batches(
        split,
        batch_size=batch,
        block_size=schedule,
        sampler=name,
        sampler_options=more,
        seed=seed,
        output="numpy",
    )
    whole = Batches(
        split, batch_size=1, block_size=32, sampler=name, sampler_options=more, seed=seed, output="numpy"
    )
    expected = [set() for _ in range(3)]
    for sample in range(3 * whole.samples_per_epoch):  # the same epochs, in windows of the largest size
        y = whole[sample][1]
        expected[sample // whole.samples_per_epoch] |= set(y[y != -100].tolist())
    order = batches.order
    begins = [order.sampler.epoch_begin(epoch) for epoch in range(4)]
    for epoch, (begin, end) in enumerate(itertools.pairwise(begins)):
        found = np.concatenate([row[1][0] for row in map(order.row, range(begin, end))])
        found = found[found != -100].tolist()
        assert len(found) == len(set(found))
        assert set(found) == expected[epoch]
        assert order.epoch_end(begin) == order.epoch_end(end - 1) == end


def test_rows_in_order_look_no_further_than_their_phase(make_split):
    schedule = [(0, 8), (4, 16), (8, 8), (16, 32)]
    batches = Batches(make_split(65), batch_size=2, block_size=schedule, sampler="shuffled", output="numpy")
    sizes = [batches.order.row(sample)[0].shape[1] for sample in range(40)]
    assert sizes == [8] * 8 + [16] * 8 + [8] * 16 + [32] * 8


def test_pieces_of_one_window_are_far_apart(make_split):
    options = {"batch_size": 64, "block_size": [(0, 8), (50, 64)], "sampler": "shuffled", "output": "numpy"}
    batches = Batches(make_split(40_000), **options)
    x, _ = batches[0]
    assert len({*(x[:, 0] // 64).tolist()}) > 50  # of 64 rows; where pieces follow each other it is 8 or 9


@pytest.mark.parametrize("sampler", ["random", "shuffled", "sequential", "shard_shuffled"])
@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("cut", [5, 10, 19])
def test_a_run_goes_on_across_borders_with_other_ranks(make_split, sampler, prefetch, cut):
    split = make_split(1000, shard_sizes=[400, 600], document_ends=range(7, 1001, 7))
    options = {**OPTIONS, "sampler": sampler, "documents": "mask"}
    whole = first(Batches(split, **options), 24)
    one = Batches(split, **options, prefetch=prefetch)
    same(first(one, cut), whole[:cut])
    state = json.loads(json.dumps(one.state_dict()))
    assert state["block_size"] == [list(pair) for pair in BLOCKS]
    ranks = [Batches(split, **options, prefetch=prefetch, rank=rank, world_size=4) for rank in range(4)]
    parts = []
    for rank in ranks:
        rank.load_state_dict(state)
        assert (rank.step, rank.sample) == (cut, one.sample)
        parts.append(first(rank, 24 - cut))
    same(
        [
            [np.concatenate(columns) for columns in zip(*((x, y) for x, y, _ in each), strict=True)]
            for each in zip(*parts, strict=True)
        ],
        whole[cut:],
    )
    same([one[step] for step in reversed(range(24))], whole[::-1])


def test_sizes_are_those_of_the_next_batch(make_split):
    batches = Batches(make_split(3000), **OPTIONS)
    shapes = []
    for step in range(18):
        batches.seek(step=step)
        shapes.append((batches.batch_size, batches.block_size))
    assert shapes == [(4, 8)] * 6 + [(8, 8)] * 4 + [(8, 32)] * 4 + [(8, 16)] * 4


def test_seek_goes_to_steps_samples_where_steps_begin_and_epochs(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")
    batches.seek(sample=24)
    assert (batches.step, batches.batch_size) == (6, 8)
    with pytest.raises(ConfigError, match="cannot seek to sample 25: .* next one is at sample 32, step 7"):
        batches.seek(sample=25)
    batches.seek(epoch=1)
    begin = batches.sample
    batches.seek(step=0)
    list(batches)
    assert batches.sample == begin  # where the second loop begins
    with pytest.raises(ConfigError, match="cannot seek to step .* 2"):
        batches.seek(step=2**62)
    with pytest.raises(IndexError, match="steps count from 0"):
        batches[2**62]


@pytest.mark.parametrize(
    ("saved", "here", "message"),
    [
        ({"block_size": 8}, {}, r"saved with block_size 8, these batches have \[\[0, 8\], \[10, 32\]"),
        ({}, {"block_size": 8}, r"saved with block_size \[\[0, 8\], .*, these batches have 8"),
        (
            {"batch_size": 4},
            {},
            r"saved with batch_size 4, these batches have \[\[0, 4\], \[6, 8\]\]; a schedule",
        ),
        (
            {},
            {"batch_size": [(0, 4), (2, 8)]},
            r"batch_size \[\[0, 4\], \[6, 8\]\], .* \[\[0, 4\], \[2, 8\]\]",
        ),
    ],
)
def test_a_state_of_another_schedule_is_refused(make_split, saved, here, message):
    split = make_split(1000)
    state = Batches(split, **{**OPTIONS, **saved}).state_dict()
    with pytest.raises(ResumeError, match=message):
        Batches(split, **{**OPTIONS, **here}).load_state_dict(state)


def test_damaged_states_are_refused(make_split):
    batches = Batches(make_split(1000), **OPTIONS)
    batches.seek(step=7)
    state = batches.state_dict()
    for wrong in ({"batch_size": None}, {"block_size": "8"}, {"sample": 33}, {"last_rows": "0"}):
        with pytest.raises(ResumeError):
            batches.load_state_dict({**state, **wrong})
    for missing in ("batch_size", "block_size"):
        with pytest.raises(ResumeError, match=f"it has no '{missing}'"):
            batches.load_state_dict({name: value for name, value in state.items() if name != missing})


@pytest.mark.parametrize("sampler", ["packed", "aligned"])
def test_rows_that_are_made_for_one_size_have_no_schedule_of_block_sizes(make_split, sampler):
    split = make_split(1000, document_ends=range(7, 1001, 7), fingerprint="")
    message = f"sampler '{sampler}' cannot change its block_size along a run.*choose 'shuffled'"
    with pytest.raises(ConfigError, match=message):
        Batches(split, **OPTIONS, sampler=sampler)


def test_random_windows_reach_the_streams_last_tokens_in_every_phase(make_split):
    options = {"batch_size": 64, "block_size": [(0, 8), (50, 64)], "output": "numpy"}
    batches = Batches(make_split(80), **options)
    for steps in (range(3), range(60, 63)):
        assert max(int(batches[step][1].max()) for step in steps) == 79


def test_selected_documents_are_cut_as_a_stream_of_their_own(make_split):
    split = make_split(2000, document_ends=range(50, 2001, 50))
    selection = Selection(np.arange(0, 40, 2), split=split.fingerprint, num_documents=40)
    batches = Batches(split, **OPTIONS, sampler="shuffled", selection=selection)
    begin, end = batches.order.sampler.epoch_begin(0), batches.order.sampler.epoch_begin(1)
    rows = [batches.order.row(sample) for sample in range(begin, end)]
    targets = np.concatenate([y[0] for _, y in rows])
    targets = targets[targets != -100].tolist()
    assert len(targets) == len(set(targets))
    assert all(target // 50 % 2 == 0 for target in targets)


def test_streams_and_masks_are_at_the_places_of_their_rows(with_loss):
    loss = np.arange(1200) % 3 > 0
    split = with_loss(loss)
    batches = Batches(split, **OPTIONS, sampler="shuffled", streams=["loss"])
    for step in (0, 9, 10, 13, 14):
        x, y, values = batches[step]
        assert values["loss"].shape == x.shape == y.shape
        places = x + 1  # ids are their places
        assert values["loss"].tolist() == loss[places].tolist()
        assert ((y == -100) == ~loss[places]).all()


def test_trace_says_where_the_rows_of_each_phase_are(make_split):
    batches = Batches(make_split(3000), **OPTIONS)
    for step in (0, 9, 10, 17):
        x, _ = batches[step]
        traced = batches.trace(step)
        assert [row.x.tolist() for row in traced.rows] == x.tolist()
        assert [row.pieces[0].start for row in traced.rows] == x[:, 0].tolist()


def test_what_was_drawn_is_counted_in_tokens(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")
    (drawn,) = batches.drawn(batches.order.first_sample(11)).values()
    tokens = (6 * 4 + 4 * 8) * 8 + 8 * 32
    assert (drawn.samples, drawn.tokens, drawn.share) == (6 * 4 + 5 * 8, tokens, 1.0)
    assert drawn.epochs == pytest.approx(tokens / 32 / 31)


def test_batches_pickle_with_their_schedule(make_split):
    batches = Batches(make_split(1000), **OPTIONS, sampler="shuffled")
    batches.seek(step=8)
    again = pickle.loads(pickle.dumps(batches))
    assert again.schedule == batches.schedule
    assert hash(again.schedule) == hash(batches.schedule)
    same(first(again, 9), first(batches, 9))


def test_samples_of_two_block_sizes_are_not_one_array(make_split):
    order = Batches(make_split(1000), **OPTIONS).order
    with pytest.raises(ConfigError, match="samples 0 to 60 have rows of 8 and 32 tokens"):
        order.rows([0, 60])


def test_the_segments_of_every_phase_are_counted(make_split):
    split = make_split(1000, document_ends=range(5, 1001, 5))
    options = {**OPTIONS, "documents": True}
    with pytest.raises(ConfigError, match="may be in .* segments; say max_segments = "):
        Batches(split, **options, max_segments=9)
    with pytest.raises(ConfigError) as caught:
        Batches(split, **options, max_segments=9)
    enough = caught.value.expected
    batches = Batches(split, **options, max_segments=enough)
    assert {len(batches[step][2].cu_seqlens) for step in (0, 9, 10, 17)} == {enough + 1}


def test_phases_of_one_block_size_share_what_reads_them(make_split):
    order = Batches(make_split(3000), **OPTIONS).order
    one, two, three = (order.at(order.first_sample(step)) for step in (0, 6, 10))
    assert one.source is two.source
    assert three.source is not two.source
    assert order.at(1) is one
    assert one.sampler is two.sampler is three.sampler
    assert one.watch is two.watch is three.watch
