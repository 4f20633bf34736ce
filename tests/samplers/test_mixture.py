"""Whose turn a sample is, and which of that corpus's own samples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SpanSampler, window_spans
from corpuskit.samplers.mixture import MixtureSampler, MixtureSpanSampler, Part, Turns

weights = st.lists(st.integers(1, 50).map(Fraction), min_size=3, max_size=3)
caps_of_parts = st.none() | st.integers(1, 60)


class Counting(Sampler):
    """Sample n starts at n."""

    def starts(self, samples):
        return samples


class CountingSpans(SpanSampler):
    """Sample n is one span of 4 tokens at n."""

    def spans(self, samples):
        return window_spans(samples, 4)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(weights, min_size=1, max_size=3),
    st.lists(caps_of_parts, min_size=3, max_size=3),
)
def test_no_sample_of_a_corpus_is_lost_or_repeated_over_stages_and_caps(stages, caps):
    turns = Turns([(40 * number, stage) for number, stage in enumerate(stages)], caps)
    end = 200 if turns.num_samples is None else min(turns.num_samples, 200)
    parts, own = turns.turns(np.arange(end))
    for part, cap in enumerate(caps):
        of_part = own[parts == part]
        assert of_part.tolist() == list(range(len(of_part)))
        assert cap is None or len(of_part) <= cap
        assert turns.drawn(end)[part] == len(of_part)
    if turns.num_samples is not None:
        assert turns.drawn(turns.num_samples) == caps


def test_each_corpus_reads_its_own_stream():
    turns = Turns([(0, [Fraction(1), Fraction(1)])], [None, None])
    sampler = MixtureSampler(turns, [Part(Counting(), 0), Part(Counting(), 1000)], batch_size=2)
    starts = sampler.starts(np.arange(6))
    assert sorted(starts.tolist()) == [0, 1, 2, 1000, 1001, 1002]
    assert sampler.drawn(6) == [3, 3]
    assert sampler.part_epochs == (None, None)


def test_a_mixture_that_ends_begins_again_after_its_last_whole_batch():
    turns = Turns([(0, [Fraction(1)])], [7])
    sampler = MixtureSampler(turns, [Part(Counting(), 0)], batch_size=3)
    assert sampler.samples_per_epoch == 6
    assert sampler.starts(np.array([5, 6, 13])).tolist() == [5, 0, 1]
    assert sampler.drawn(13) == [13]
    with pytest.raises(ConfigError, match="ends after 7 samples, which do not fill a batch of 8"):
        MixtureSampler(turns, [Part(Counting(), 0)], batch_size=8)


def test_windows_beside_spans_are_rows_of_one_span():
    turns = Turns([(0, [Fraction(1), Fraction(1)])], [None, None])
    parts = [Part(Counting(), 0), Part(CountingSpans(), 1000)]
    mixture = MixtureSampler(turns, parts, batch_size=2)
    spans = MixtureSpanSampler(mixture, parts, block_size=4).spans(np.arange(6))
    whose, own = turns.turns(np.arange(6))
    assert spans.first.tolist() == list(range(7))
    assert spans.starts.tolist() == (own + 1000 * whose).tolist()
    assert spans.lengths.tolist() == [4] * 6
