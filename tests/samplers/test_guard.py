"""Samplers of plugins: what they give is checked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from corpuskit.errors import PluginError
from corpuskit.registry import default
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.base import Sampler, ShardGroups, Spans, SpanSampler
from corpuskit.samplers.guard import guarded


@pytest.fixture
def guard(make_context):
    """Guards a sampler over 100 tokens, windows of 8, as one of a plugin."""
    owner = Owner("mine", "corpuskit-mine", "1.2")
    component = dataclasses.replace(default().find(SamplerSpec, "random"), owner=owner)
    return lambda sampler: guarded(sampler, component, make_context(100, 8))


class Gives(Sampler):
    samples_per_epoch, resizable, in_order = 5, True, True

    def __init__(self, give):
        self._give = give

    def starts(self, samples):
        return self._give(samples)


class GivesSpans(SpanSampler):
    def __init__(self, *spans):
        self._spans = spans

    def spans(self, samples):
        return self._spans


def test_a_sound_sampler_is_as_it_was(guard):
    sampler = guard(Gives(lambda samples: samples.astype(np.uint8) * 2))
    assert (sampler.samples_per_epoch, sampler.resizable, sampler.in_order) == (5, True, True)
    found = sampler.starts(np.array([0, 45]))
    assert (found.tolist(), found.dtype) == ([0, 90], np.int64)
    spans = guard(GivesSpans(*map(np.array, ([0, 2], [0, 50], [3, 5])))).spans(np.array([0]))
    assert isinstance(spans, Spans)
    assert spans.lengths.tolist() == [3, 5]


def test_what_is_read_for_some_time_is_passed_on_and_checked(guard):
    class Ahead(GivesSpans):
        group_tokens = 50

        def upcoming(self, sample):
            return ShardGroups(np.array([sample]), np.array([0, 50]))

    class AheadOfWindows(Gives):
        upcoming = Ahead.upcoming

    assert guard(Gives(None)).upcoming(3) is None
    for ahead in (Ahead(), AheadOfWindows(None)):
        now, then = guard(ahead).upcoming(99)
        assert (now.tolist(), then.tolist()) == ([99], [0, 50])
        with pytest.raises(PluginError, match=r"upcoming\(\) must stay inside the stream of 100 tokens"):
            guard(ahead).upcoming(100)
    assert guard(Ahead()).group_tokens == 50


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda samples: samples + 92, r"stay inside the stream of 100 tokens, .* reads 92 to 101"),
        (lambda samples: samples - 1, "found one that reads -1 to 8"),
        (lambda samples: samples / 2, r"starts\(\) must give int64\[1\], found float64\[1\]"),
        (lambda samples: samples[:0], r"must give int64\[1\], found int64\[0\]"),
        (lambda samples: [0], r"must give int64\[1\], found list"),
        (lambda samples: {}["x"], "KeyError: 'x'"),
    ],
)
def test_a_wrong_answer_is_the_plugins_fault(guard, give, message):
    with pytest.raises(PluginError, match=message) as caught:
        guard(Gives(give)).starts(np.array([0]))
    assert "sampler 'random' of mine (corpuskit-mine 1.2) failed at samples 0 to 0" in str(caught.value)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        (([0], [0], [8]), r"spans\(\).first must give int64\[2\]"),
        (([0, 1], [0], [8, 1]), r"spans\(\).lengths must give int64\[1\]"),
        (([0, 1], [95], [8]), "found one that reads 95 to 104"),
        (([1, 2], [0, 50], [3, 5]), "must ascend from 0 to the number of spans, 2"),
        (([0, 1], [0, 50], [3, 5]), "must ascend from 0 to the number of spans, 2"),
        (([0, 3], [0, 50], [3, 5]), "must ascend from 0 to the number of spans, 2"),
        (([0, 2], [0, 50], [8, 0]), r"spans\(\).lengths must be 1 or more, found 0"),
        (([0, 2], [0, 50], [9, -1]), r"spans\(\).lengths must be 1 or more, found -1"),
        (([0, 2], [0, 50], [4, 5]), "at most block_size 8 tokens together, found 9"),
    ],
)
def test_wrong_spans_are_the_plugins_fault(guard, spans, message):
    with pytest.raises(PluginError, match=message):
        guard(GivesSpans(*map(np.array, spans))).spans(np.array([0]))


def test_ids_in_front_of_spans_take_places(guard):
    spans = [np.array(each) for each in ([0, 2], [0, 50], [3, 0], [-1, 5])]
    assert guard(GivesSpans(*spans)).spans(np.array([0])).places.tolist() == [3, 1]
    spans[2] = np.array([8, 0])
    with pytest.raises(PluginError, match="at most block_size 8 tokens together, found 9"):
        guard(GivesSpans(*spans)).spans(np.array([0]))
    with pytest.raises(PluginError, match=r"spans\(\).bos must give int64\[2\]"):
        guard(GivesSpans(*spans[:3], np.array([5]))).spans(np.array([0]))


@pytest.mark.parametrize(("length", "found"), [(9, None), (8, 8), (10, 10)])
def test_joined_rows_have_one_token_more_than_x(guard, length, found):
    sampler = GivesSpans(*map(np.array, ([0, 1], [100 - length], [length])))
    sampler.joined = True
    if found is None:
        assert guard(sampler).spans(np.array([0])).lengths.tolist() == [9]
        return
    with pytest.raises(PluginError, match=f"a joined row's spans have block_size .* found {found}"):
        guard(sampler).spans(np.array([0]))


def test_rows_may_have_no_spans(guard):
    found = guard(GivesSpans(*map(np.array, ([0, 0, 1, 1], [50], [8])))).spans(np.arange(3))
    assert found.first.tolist() == [0, 0, 1, 1]


def test_what_a_sampler_cannot_say_of_itself_is_the_plugins_fault(guard):
    class Asks(Gives):
        resizable = property(lambda sampler: {}["resizable"])

    with pytest.raises(PluginError, match="KeyError: 'resizable'"):
        guard(Asks(None))


@pytest.mark.parametrize("epoch", [0, -3, 1.5, "x", 2**63, property(lambda sampler: 1 // 0)])
def test_an_epoch_that_cannot_be_is_the_plugins_fault(guard, epoch):
    kind = type("Wrong", (Gives,), {"samples_per_epoch": epoch})
    with pytest.raises(PluginError, match=r"of mine \(corpuskit-mine 1\.2\) failed"):
        guard(kind(lambda samples: samples))
