"""Samplers along phases of block sizes."""

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SamplerContext, Spans, SpanSampler
from corpuskit.samplers.phased import PhasedDraws, PhasedSpans, PhasedWindows, open_phased
from corpuskit.samplers.phases import Phases

PHASES = Phases(8, (0, 8, 11), (2, 8, 4))


class Ends(Sampler):
    """Windows end to end, the same ones in each epoch."""

    cuts = True
    samples_per_epoch = 5

    def starts(self, samples):
        return samples % 5 * 8


class Halves(SpanSampler):
    """Rows of two spans of three and five tokens."""

    cuts, seeded = True, False
    samples_per_epoch = 5

    def spans(self, samples):
        first = 2 * np.arange(len(samples) + 1)
        starts = np.stack([100 * samples, 100 * samples + 50], axis=1).ravel()
        return Spans(first, starts, np.tile([3, 5], len(samples)))


class Counts(Sampler):
    """A sampler without epochs, whose starts say its block size."""

    cuts = True

    def __init__(self, context):
        self._size = context.block_size

    def starts(self, samples):
        return 100 * self._size + samples


def context():
    return SamplerContext(
        num_tokens=1000, block_size=8, seed=3, document_ends=lambda: np.array([1000]), phases=PHASES
    )


def test_pieces_are_mixed_among_the_windows_that_a_phase_has_of_an_epoch():
    sampler = open_phased("ends", context(), lambda _: Ends())
    assert isinstance(sampler, PhasedWindows)
    starts = sampler.starts(np.arange(21))
    assert sorted(starts[:8].tolist()) == [*range(0, 16, 2)]
    assert starts[:8].tolist() != sorted(starts[:8].tolist())
    assert starts[8:11].tolist() == [16, 24, 32]  # the epoch's end, at the border
    assert sorted(starts[11:21].tolist()) == [*range(0, 40, 4)]
    assert (sampler.samples_per_epoch, sampler.epoch_begin(2), sampler.epoch_of(20)) == (11, 21, 1)
    assert sampler.drawn_tokens(9) == [24]
    shuffled = np.random.default_rng(0).permutation(21)
    assert sampler.starts(shuffled).tolist() == starts[shuffled].tolist()


def test_rows_of_spans_are_cut_where_pieces_end():
    sampler = open_phased("halves", context(), lambda _: Halves())
    assert isinstance(sampler, PhasedSpans)
    spans = sampler.spans(np.array([0, 1, 2, 3, 8, 11, 12]))
    assert spans.first.tolist() == [0, 1, 3, 4, 5, 7, 9, 10]
    assert spans.starts.tolist() == [0, 2, 50, 51, 53, 200, 250, 500, 550, 551]
    assert spans.lengths.tolist() == [2, 1, 1, 2, 2, 3, 5, 3, 1, 4]


def test_a_sampler_without_epochs_draws_each_row_at_its_size():
    sampler = open_phased("counts", context(), Counts)
    assert isinstance(sampler, PhasedDraws)
    assert sampler.starts(np.array([0, 7, 8, 11])).tolist() == [200, 207, 808, 411]
    assert sampler.samples_per_epoch is None


def test_a_sampler_that_does_not_say_that_it_can_is_refused():
    class Fixed(Ends):
        cuts = False

    with pytest.raises(ConfigError, match="sampler 'fixed' cannot change its block_size along a run"):
        open_phased("fixed", context(), lambda _: Fixed())
