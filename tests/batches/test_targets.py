"""A mask never moves by one: x, y and streams beside a walk over the tokens, one by one."""

from __future__ import annotations

import itertools
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.batches import Batches
from corpuskit.batches.targets import TargetWatch
from corpuskit.errors import ConfigError
from corpuskit.value_streams import LOSS_INFO, StreamInfo

INFOS = {
    "loss": LOSS_INFO,
    "part": StreamInfo("<u2", 7, "input"),
    "row": StreamInfo("<u4", 9, "target"),
    "weight": StreamInfo("<f4", 0.5, "input"),
}
quiet = pytest.mark.filterwarnings("ignore:step .* has a row without a single target")


def walked(split, values, ends, spans, block_size, *, masks_documents, masks_loss):
    """x, y and the values of one row, one place after the other."""
    document = np.searchsorted(ends, np.arange(split.num_tokens), side="right")
    row = {"x": [], "y": [], **{name: [] for name in INFOS}}
    for start, length in spans:
        for at in range(start, start + length):
            is_hidden = masks_loss and values["loss"][at + 1] == 0
            is_foreign = masks_documents and document[at] != document[at + 1]
            row["x"].append(split.tokens[at])
            row["y"].append(-100 if is_hidden or is_foreign else split.tokens[at + 1])
            for name, info in INFOS.items():
                row[name].append(values[name][at + (info.of == "target")])
    for _ in range(block_size - len(row["x"])):
        row["x"].append(0)
        row["y"].append(-100)
        for name, info in INFOS.items():
            row[name].append(info.fill)
    return row


@st.composite
def runs(draw):
    """A split with streams, what they are, and what its batches are told."""
    block_size = draw(st.integers(1, 80))
    sizes = draw(st.lists(st.integers(0, 150), min_size=1, max_size=5))
    sizes.append(max(15 * block_size + 1 - sum(sizes), 1))  # one batch at least
    ends = draw(st.sets(st.integers(1, sum(sizes)), max_size=12))
    without = draw(st.sets(st.integers(0, len(sizes) - 1)))
    world_size = draw(st.integers(1, 3))
    options = {
        "block_size": block_size,
        "batch_size": world_size * draw(st.integers(1, 5)),
        "world_size": world_size,
        "rank": draw(st.integers(0, world_size - 1)),
        "sampler": draw(st.sampled_from(["random", "shuffled", "sequential", "packed"])),
        "documents": draw(st.sampled_from([False, True, "mask"])),
        "loss": draw(st.booleans()),
        "output": draw(st.sampled_from(["numpy", "torch"])),
        "resident": False,
        "prefetch": draw(st.sampled_from([0, 2])),
    }
    if options["output"] == "torch":
        options["resident"] = draw(st.booleans())
    run_length = draw(st.sampled_from([1, 3, 40]))
    return sizes, sorted({*ends, sum(sizes)}), without, run_length, draw(st.booleans()), options


@quiet
@settings(deadline=None, max_examples=150)
@given(run=runs(), seed=st.integers(0, 99), dtype=st.sampled_from([np.uint16, np.uint32]))
def test_batches_are_what_a_walk_over_the_tokens_finds(split_of, make_values, run, seed, dtype):
    sizes, ends, without, run_length, is_streamed, options = run
    total = sum(sizes)
    tokens = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, total, dtype, endpoint=True)
    given_values = make_values(INFOS, total, without, seed)
    loss = np.repeat(np.random.default_rng(seed).integers(0, 2, total), run_length)[:total]
    given_values["loss"] = LOSS_INFO, loss, without
    split = split_of(tokens, shard_sizes=sizes, document_ends=ends, fingerprint="", values=given_values)
    split.is_streamed = is_streamed and not options["resident"]
    cuts = itertools.pairwise(np.concatenate([[0], np.cumsum(sizes)]).tolist())
    shard_of = np.repeat(np.arange(len(sizes)), [b - a for a, b in cuts])
    values = {
        name: np.where(np.isin(shard_of, [*without]), np.array(info.fill, array.dtype), array)
        for name, (info, array, _) in given_values.items()
    }

    batches = Batches(split, streams=[*INFOS], seed=seed, **options)
    for step, batch in enumerate(itertools.islice(batches, 3)):
        rows = options["batch_size"] // options["world_size"]
        first = step * options["batch_size"] + options["rank"] * rows
        spans = batches.order.spans(range(first, first + rows))
        found = {"x": batch[0], "y": batch[1], **batch[-1]}
        assert len(batch) == 3 + bool(options["documents"])
        for row in range(rows):
            a, b = spans.first[row : row + 2]
            expected = walked(
                split,
                values,
                ends,
                [*zip(spans.starts[a:b].tolist(), spans.lengths[a:b].tolist(), strict=True)],
                options["block_size"],
                masks_documents=options["documents"] == "mask",
                masks_loss=options["loss"],
            )
            for name, wanted in expected.items():
                np.testing.assert_array_equal(np.asarray(found[name][row]), wanted, err_msg=name)


def halved(make_split, **options):
    """Batches over 400 tokens of which none from the 200th on is to be learned."""
    loss = np.arange(400) < 200
    split = make_split(400, values={"loss": (LOSS_INFO, loss, set())}, document_ends=[100, 200, 400])
    return Batches(split, batch_size=4, block_size=10, output="numpy", **options)


@pytest.mark.parametrize("sampler", ["sequential", "shuffled"])
def test_rows_without_a_target_are_counted_and_told_once(make_split, sampler):
    batches = halved(make_split, sampler=sampler)
    with pytest.warns(UserWarning, match="has a row without a single target") as caught:
        expected = sum(int((y == -100).all(axis=1).sum()) for _, y in batches)
    assert len(caught) == 1
    assert batches.rows_without_targets == expected > 10
    first = next(step for step in range(99) if (batches[step][1] == -100).all(axis=1).any())
    assert f"step {first:,} has" in str(caught[0].message)
    assert "sampler_options={'skip_untrained': True}" in str(caught[0].message)


def test_a_row_has_no_target_where_documents_take_the_last_one(make_split):
    loss = np.zeros(100, np.uint8)
    loss[11] = 1  # the first token of a document: what is before it is another's
    split = make_split(100, values={"loss": (LOSS_INFO, loss, set())}, document_ends=[11, 100])
    options = {"batch_size": 1, "block_size": 20, "sampler": "sequential", "output": "numpy"}
    kept, masked = Batches(split, **options), Batches(split, **options, documents="mask")
    assert (kept[0][1] >= 0).sum() == 1
    assert kept.rows_without_targets == 0
    with pytest.warns(UserWarning, match="step 0 "):
        assert (masked[0][1] == -100).all()
    assert masked.rows_without_targets == 1


def test_without_a_mask_no_row_is_counted(make_split):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unmasked = halved(make_split, sampler="sequential", loss=False)
        assert all((y >= 0).all() for _, y in unmasked)
        assert unmasked.rows_without_targets == 0
        assert Batches(make_split(100), batch_size=4, block_size=10)[0][1].min() >= 0


@quiet
def test_a_trace_and_another_process_count_nothing(make_split):
    batches = halved(make_split, sampler="sequential")
    batches.trace(5)
    assert batches.rows_without_targets == 0
    batches[5]
    assert batches.rows_without_targets == 4
    assert pickle.loads(pickle.dumps(batches)).rows_without_targets == 0


def test_a_trace_shows_what_is_not_learned_and_the_tokens_all_the_same(make_split):
    [row, *_] = halved(make_split, sampler="sequential").trace(5).rows
    assert row.y.tolist() == [-100] * 10
    assert row.ids.tolist() == list(range(200, 210))


@quiet
def test_any_number_but_0_is_to_be_learned(make_split):
    loss = np.arange(400) % 5 * 51
    split = make_split(400, values={"loss": (LOSS_INFO, loss, set())})
    x, y, values = Batches(split, batch_size=4, block_size=10, output="numpy", streams=["loss"])[0]
    assert ((y == -100) == (values["loss"] == 0)).all()
    assert (y[y >= 0] == (x + 1)[y >= 0]).all()
    assert values["loss"].max() == 204


@pytest.mark.parametrize(
    "info",
    [
        StreamInfo("|u1", 1, "input"),
        StreamInfo("|u1", 0, "target"),
        StreamInfo("<u2", 1, "target"),
        StreamInfo("<f4", 1, "target"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"loss": False}, {"streams": ["loss"]}])
def test_a_stream_named_loss_that_is_of_another_kind_masks_nothing_and_is_refused(make_split, info, options):
    split = make_split(400, values={"loss": (info, np.ones(400), set())})
    with pytest.raises(
        ConfigError, match="^stream 'loss' of split 'train' is of .*, expected uint8 with fill 1"
    ):
        Batches(split, batch_size=4, block_size=10, output="numpy", **options)


@pytest.mark.parametrize("skip_untrained", [False, True])
@pytest.mark.parametrize("output", ["numpy", "torch"])
def test_rows_of_padding_alone_are_not_rows_without_targets(make_split, skip_untrained, output):
    loss = np.arange(96) < 91  # the last of 10 windows has none
    split = make_split(96, values={"loss": (LOSS_INFO, loss, set())})
    tail = {"tail": "pad", "skip_untrained": skip_untrained}
    options = {"batch_size": 7, "block_size": 10, "sampler": "sequential", "output": output}
    batches = Batches(split, **options, sampler_options=tail)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = [row.tolist() for _, y in batches for row in y]
    assert rows[10:] == [[-100] * 10] * 4
    assert sum(set(row) == {-100} for row in rows) == 5
    assert batches.rows_without_targets == len(caught) == int(not skip_untrained)


def test_rows_are_counted_by_several_threads():
    watch = TargetWatch(batch_size=8)
    with pytest.warns(UserWarning, match=r"step 2 has a row .*, of sample 17, "):
        watch.saw([17, 18])
    watch.saw(np.array([3]))
    assert watch.rows == 3


def test_the_warning_of_a_row_without_targets_names_the_users_line(make_split):
    split = make_split(400, values={"loss": (LOSS_INFO, np.zeros(400, np.uint8), set())})
    batches = Batches(split, batch_size=4, block_size=10, output="numpy")
    with pytest.warns(UserWarning, match="the mean loss is NaN") as seen:
        batches[0]
    assert [one.filename for one in seen] == [__file__]
