"""Targets further ahead, beside targets that are looked up one by one."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from made_corpora import BOS, corpora

from corpuskit.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.selection import Selection

#: Samplers whose rows are made of spans, and their options.
SAMPLERS = {
    "sequential": {"tail": "pad"},
    "packed": {"bos": BOS},
    "packed, padded": {"pad_to_multiple": 4},
    "shuffled": {},
}


def targets_of_window(made, start, block_size, num_targets, *, mask, loss):
    """y of a window of T + n tokens, token by token."""
    tokens = [token for document in made.documents for token in document]
    rows = []
    for ahead in range(1, num_targets + 1):
        row = []
        for at in range(start, start + block_size):
            target = tokens[at + ahead] if at + ahead < len(tokens) else None
            is_hidden = (
                target is None
                or (loss and not target.loss)
                or (mask and target.document != tokens[at].document)
            )
            row.append(-100 if is_hidden else target.id)
        rows.append(row)
    return rows


@pytest.mark.filterwarnings("ignore:step 0 has a row without a single target")
@pytest.mark.parametrize("is_streamed", [False, True])
@given(
    made=corpora(),
    block=st.integers(1, 12),
    num_targets=st.integers(1, 6),
    documents=st.sampled_from([False, True, "mask"]),
    loss=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_windows_are_read_as_far_as_the_last_target(
    split_of, is_streamed, made, block, num_targets, documents, loss
):
    assume(len(made.tokens) > block >= num_targets)
    split = made.split(split_of)
    split.is_streamed = is_streamed
    batches = Batches(
        split,
        batch_size=7,
        block_size=block,
        num_targets=num_targets,
        documents=documents,
        loss=loss,
        output="numpy",
    )
    y = batches[0][1]
    expected = [
        targets_of_window(made, start, block, num_targets, mask=documents == "mask", loss=loss)
        for start in batches.order.sampler.starts(np.arange(7)).tolist()
    ]
    assert y.tolist() == (expected if num_targets > 1 else [one[0] for one in expected])
    assert y.flags.c_contiguous
    assert y.dtype == np.int64


@pytest.mark.filterwarnings("ignore:step 0 has a row without a single target")
@pytest.mark.parametrize("sampler", SAMPLERS)
@given(
    made=corpora(),
    block=st.sampled_from([4, 8, 12]),
    num_targets=st.integers(2, 4),
    mask=st.booleans(),
    loss=st.booleans(),
    is_selected=st.booleans(),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_rows_of_spans_have_what_follows_in_the_document(
    split_of, sampler, made, block, num_targets, mask, loss, is_selected, data
):
    numbers = sorted(data.draw(st.sets(st.integers(0, len(made.documents) - 1), min_size=1)))
    is_selected |= sampler == "shuffled"
    chosen = numbers if is_selected else range(len(made.documents))
    assume(sum(len(made.documents[number]) for number in chosen) > block)
    split = made.split(split_of)
    selection = Selection(numbers, split=split.fingerprint, num_documents=len(made.documents))
    options = {
        "batch_size": 5,
        "block_size": block,
        "sampler": sampler.split(",")[0],
        "sampler_options": SAMPLERS[sampler],
        "selection": selection if is_selected else None,
        "documents": "mask" if mask else False,
        "loss": loss,
        "output": "numpy",
    }
    batches = Batches(split, num_targets=num_targets, **options)
    x, y = batches[0][:2]
    expected = Batches(split, **options)[0]
    np.testing.assert_array_equal(x, expected[0])
    np.testing.assert_array_equal(y[:, 0], expected[1])
    tokens = [token for document in made.documents for token in document]
    first, starts, lengths, bos = batches.order.spans(np.arange(5))
    multiple = batches.order.sampler.pad_to_multiple
    for row in range(5):
        at = 0
        for span in range(first[row], first[row + 1]):
            begin = int(starts[span]) - (bos is not None and bos[span] >= 0)
            last = int(starts[span] + lengths[span])  # its last target
            for place in range(begin, last):
                for ahead in range(2, num_targets + 1):
                    target, between = place + ahead, tokens[max(place, starts[span]) : place + ahead + 1]
                    is_asked = (
                        target < len(tokens)
                        and (target <= last or tokens[target].document == tokens[last].document)
                        and all(one.document in chosen for one in between)
                        and not (mask and between[0].document != between[-1].document)
                        and not (loss and not tokens[target].loss)
                    )
                    assert y[row, ahead - 1, at] == (tokens[target].id if is_asked else -100)
                at += 1
            at += -at % multiple
        assert (y[row, :, at:] == -100).all()


def test_a_corpus_of_a_mixture_ends_where_it_ends(make_split):
    halves = (Fraction(1, 2), Fraction(1, 2))
    splits = [make_split(size, document_ends=[size], fingerprint="") for size in (12, 30)]
    for samplers in [("random", "random"), ("random", "packed")]:
        mixed = MixedStream(("a", "b"), ("a", "b"), splits, samplers, ((0, halves),), (None, None))
        x, y = Batches(mixed, batch_size=8, block_size=10, num_targets=3, output="numpy", sampler="mixture")[
            0
        ]
        assert (y[:, 0] == x + 1)[y[:, 0] != -100].all()
        ends = y[:, 1:, -1]
        last = x[:, -1]
        assert ends[last == 10].tolist() == [[-100, -100]] * (last == 10).sum()


def test_they_come_flat_as_datasets_and_on_torch(make_split):
    split = make_split(500, document_ends=range(10, 501, 10))
    options = {"batch_size": 3, "block_size": 8, "num_targets": 2, "documents": "mask"}
    x, y, _ = Batches(split, **options, output="numpy")[4]
    flat_x, flat_y, documents = Batches(split, **options, layout="flat", output="numpy")[4]
    assert flat_y.shape == (1, 2, 24)
    assert documents.shape == (1, 24)
    np.testing.assert_array_equal(flat_x[0], x.reshape(-1))
    for ahead in range(2):
        np.testing.assert_array_equal(flat_y[0, ahead], y[:, ahead].reshape(-1))
    torch_y = Batches(split, **options)[4][1]
    np.testing.assert_array_equal(torch_y.numpy(), y)
    np.testing.assert_array_equal(Batches(split, **options, layout="flat")[4][1].numpy(), flat_y)
    assert Batches(split, **options, device="meta")[4][1].shape == y.shape
    items = Batches(split, **options).dataset()
    np.testing.assert_array_equal(np.stack([items[n][1] for n in range(12, 15)]), y)
    np.testing.assert_array_equal(items.__getitems__([12])[0][1], y[0])


def test_labels_of_the_trainer_are_refused(make_split):
    with pytest.raises(ConfigError, match="columns: 'labels' has one target a place"):
        Batches(make_split(500), block_size=8, num_targets=2).dataset(columns=("input_ids", "labels"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_targets": 0}, "num_targets = 0: must be a whole number, 1 or more"),
        ({"num_targets": 9}, "num_targets = 9: must be at most block_size, 8"),
        ({"num_targets": 2, "resident": True}, "num_targets cannot be resident: .*; leave resident out"),
    ],
)
def test_impossible_numbers_are_refused(make_split, options, message):
    with pytest.raises(ConfigError, match=message):
        Batches(make_split(500), block_size=8, **options)


def test_a_state_has_their_number(make_split):
    batches = Batches(make_split(500), batch_size=2, block_size=8, num_targets=2, output="numpy")
    state = batches.state_dict()
    batches.load_state_dict(state)
    other = Batches(make_split(500), batch_size=2, block_size=8, output="numpy")
    with pytest.raises(ResumeError, match="saved with num_targets 2, these batches have 1"):
        other.load_state_dict(state)
