"""Rows without a target are left out: asked of a context that says which tokens are learned."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers import trained
from corpuskit.samplers.base import Spans
from corpuskit.samplers.packed import PackedSampler
from corpuskit.samplers.random import RandomSampler
from corpuskit.samplers.sequential import open_sequential
from corpuskit.samplers.shuffled import ShuffledSampler
from corpuskit.samplers.trained import TrainedRows, trained_rows, trained_windows


def counter(loss, calls=None):
    """How many targets of spans are learned, one by one."""

    def count(starts, lengths):
        if calls is not None:
            calls.append(len(starts))
        pairs = zip(starts.tolist(), lengths.tolist(), strict=True)
        return np.array([sum(loss[start + 1 : start + length + 1]) for start, length in pairs], np.int64)

    return count


losses = st.integers(2, 60).flatmap(lambda n: st.lists(st.integers(0, 1), min_size=n, max_size=n))


@pytest.mark.parametrize("group", [1, 3, 2**21])
@given(loss=losses, block=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_windows_with_a_target_are_found(make_context, group, loss, block):
    targets = len(loss) - 1
    starts = range(0, targets, block)
    expected = [at for at, start in enumerate(starts) if any(loss[start + 1 : start + block + 1])]
    assume(expected)
    context = make_context(len(loss), block, options={"skip_untrained": True}, count_targets=counter(loss))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained, "GROUP_SPANS", group)
        found = trained_windows(context, targets)
    assert found.skipped == len(starts) - len(expected)
    assert found.number(np.arange(found.count(len(starts)))).tolist() == expected


@given(loss=losses, block=st.integers(1, 12), batch=st.integers(1, 3), tail=st.sampled_from(["drop", "pad"]))
@settings(max_examples=100, deadline=None)
def test_a_sequential_pass_is_the_windows_with_a_target_in_order(make_context, loss, block, batch, tail):
    targets = len(loss) - 1
    whole = targets if tail == "pad" else targets // block * block
    kept = [start for start in range(0, whole, block) if any(loss[start + 1 : start + block + 1])]
    if tail == "drop":
        kept = kept[: len(kept) // batch * batch]
    assume(kept)
    context = make_context(
        len(loss),
        block,
        options={"skip_untrained": True, "tail": tail},
        count_targets=counter(loss),
        batch_size=batch,
    )
    sampler = open_sequential(context)
    samples = np.arange(2 * sampler.samples_per_epoch)
    assert sampler.samples_per_epoch % batch == 0
    if tail == "drop":
        assert sampler.starts(samples).tolist() == kept * 2
    else:
        spans = sampler.spans(samples)
        assert spans.starts.tolist() == kept * 2
        assert spans.lengths.tolist() == [min(block, targets - start) for start in kept] * 2
        assert len(spans.first) == len(samples) + 1


@given(loss=losses, block=st.integers(1, 12), seed=st.integers())
@settings(max_examples=100, deadline=None)
def test_each_shuffled_epoch_is_the_windows_with_a_target(make_context, loss, block, seed):
    windows = (len(loss) - 1) // block
    kept = [k * block for k in range(windows) if any(loss[k * block + 1 : (k + 1) * block + 1])]
    assume(kept)
    context = make_context(
        len(loss), block, seed, options={"skip_untrained": True}, count_targets=counter(loss)
    )
    sampler = ShuffledSampler(context)
    assert sampler.samples_per_epoch == len(kept)
    for epoch in (0, 1, 10**9):
        starts = sampler.starts(epoch * len(kept) + np.arange(len(kept)))
        assert sorted(starts.tolist()) == kept
    assert sampler.counted == ({"rows_skipped": windows - len(kept)} if len(kept) < windows else {})


def test_nothing_is_skipped_where_every_target_is_learned(make_context):
    for count in (None, counter([1] * 100)):
        context = make_context(100, 10, options={"skip_untrained": True}, count_targets=count)
        assert trained_windows(context, 99) == TrainedRows()
        assert ShuffledSampler(context).samples_per_epoch == 9


def test_nothing_is_counted_where_nobody_asks(make_context):
    calls = []
    context = make_context(100, 10, count_targets=counter([0] * 100, calls))
    assert ShuffledSampler(context).samples_per_epoch == 9
    assert not calls


def test_what_was_found_is_kept_in_the_cache_by_what_it_depends_on(make_context, tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    loss, calls = [0] * 50 + [1] * 50, []

    def make(block=10, fingerprint="abc"):
        return make_context(
            100,
            block,
            options={"skip_untrained": True},
            count_targets=counter(loss, calls),
            fingerprint=fingerprint,
        )

    first = ShuffledSampler(make())
    again = ShuffledSampler(make())
    assert len(calls) == 1
    samples = np.arange(20)
    np.testing.assert_array_equal(first.starts(samples), again.starts(samples))
    assert again.counted == first.counted == {"rows_skipped": 4}
    ShuffledSampler(make(block=9))
    ShuffledSampler(make(fingerprint="other"))
    assert len(calls) == 3


def test_rows_without_spans_have_no_targets(make_context):
    spans = Spans(np.array([0, 0, 2, 2]), np.array([0, 5]), np.array([3, 3]))
    context = make_context(20, 8, options={"skip_untrained": True}, count_targets=counter([1] * 20))
    found = trained_rows(context, lambda: iter([spans, spans]), "test")
    assert found.numbers.tolist() == [1, 4]
    assert found.skipped == 4


def test_an_order_of_nothing_is_refused(make_context):
    context = make_context(100, 10, options={"skip_untrained": True}, count_targets=counter([0] * 100))
    with pytest.raises(ConfigError, match="none of the 9 rows has a target that is to be learned"):
        ShuffledSampler(context)


def test_where_what_is_cut_off_has_all_targets_that_is_not_said_of_the_whole_stream(make_context):
    options = {"skip_untrained": True, "documents": "whole", "too_long": "truncate"}
    learned = counter([0] * 90 + [1] * 10)
    context = make_context(100, 10, ends=[100], options=options, count_targets=learned)
    with pytest.raises(ConfigError, match="none of the 1 rows .* 0 at each of theirs; .* larger block_size"):
        PackedSampler(context)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_the_option_is_true_or_false(make_context, value):
    context = make_context(100, 10, ends=[100], options={"skip_untrained": value})
    for sampler in (ShuffledSampler, open_sequential, PackedSampler):
        with pytest.raises(ConfigError, match="skip_untrained = .*: must be true or false"):
            sampler(context)


def test_a_sampler_without_the_option_says_which_have_it(make_context):
    with pytest.raises(ConfigError, match="packed, sequential and shuffled have that option"):
        RandomSampler(make_context(100, 10, options={"skip_untrained": True}))
