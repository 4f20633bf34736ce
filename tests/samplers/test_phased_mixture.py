"""Mixtures along phases of block sizes."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.samplers.base import SamplerContext
from corpuskit.samplers.mixture import MixtureSampler, Part, Turns
from corpuskit.samplers.phased import open_phased
from corpuskit.samplers.phased_mixture import PhasedMixtureSampler, open_phased_mixture
from corpuskit.samplers.phases import Phases
from corpuskit.samplers.shuffled import ShuffledSampler

#: Tokens of a whole window, and of each part's stream.
LARGEST, SIZES = 8, (81, 57, 41)
OFFSETS = (0, 1000, 2000)


def context(part, phases):
    return SamplerContext(
        num_tokens=SIZES[part],
        block_size=LARGEST,
        seed=part,
        document_ends=lambda: np.array([SIZES[part]]),
        phases=phases,
    )


def opened(stages, caps, phases):
    turns = Turns(stages, caps)
    whole = [ShuffledSampler(context(part, None)) for part in range(len(caps))]
    mixture = MixtureSampler(turns, [*map(Part, whole, OFFSETS)], batch_size=1)

    def open_parts(own):
        samplers = [
            open_phased("shuffled", context(part, its), ShuffledSampler) for part, its in enumerate(own)
        ]
        return [*map(Part, samplers, OFFSETS)]

    return mixture, open_phased_mixture(mixture, turns, phases, open_parts)


@st.composite
def phases(draw):
    sizes = draw(st.lists(st.sampled_from([2, 4, 8]), min_size=1, max_size=4))
    firsts = [0]
    for size in sizes[:-1]:
        firsts.append(firsts[-1] + draw(st.integers(1, 25)) * (LARGEST // size))
    return Phases(LARGEST, tuple(firsts), tuple(sizes))


STAGES = [
    (0, (Fraction(1), Fraction(2), Fraction(0))),
    (13, (Fraction(3), Fraction(1), Fraction(2))),
]


@given(phases(), st.sampled_from([(None,) * 3, (10, 14, 5), (20, 3, 5)]))
def test_rows_are_the_whole_windows_of_the_mixture_in_pieces(found, caps):
    mixture, phased = opened(STAGES, caps, found)
    assert isinstance(phased, PhasedMixtureSampler)
    count = 70
    stop = found.sample_of(count)
    samples = np.arange(stop)
    starts, sizes = phased.starts(samples), found.sizes(samples)
    order = np.random.default_rng(0).permutation(stop)
    assert phased.starts(order).tolist() == starts[order].tolist()
    # Each whole window's rows are of the part whose turn it is.
    parts, _ = mixture.whose(found.windows(samples))
    assert (starts // 1000).tolist() == parts.tolist()
    # No target comes twice in an epoch of a part, in one pass of the mixture.
    per_pass = mixture.samples_per_epoch or count
    drawn = [0, 0, 0]
    for begin, end in itertools.pairwise([*range(0, count, per_pass), count]):
        here = range(found.sample_of(begin), found.sample_of(end))
        for part, size in enumerate(SIZES):
            epoch = (size - 1) // LARGEST * LARGEST
            of_part = [at for at in here if parts[at] == part]
            tokens = np.cumsum([0, *(sizes[at] for at in of_part)])
            seen = Counter()
            for at, before in zip(of_part, tokens.tolist(), strict=False):
                seen.update((before // epoch, starts[at] + place) for place in range(sizes[at]))
            assert not seen or max(seen.values()) == 1
            drawn[part] += int(tokens[-1])
    assert phased.drawn_tokens(stop) == drawn
    assert phased.drawn(stop) == np.bincount(parts, minlength=3).tolist()


@pytest.mark.parametrize("caps", [(None,) * 3, (10, 14, 5)])
def test_what_was_drawn_is_counted_at_every_sample(caps):
    found = Phases(LARGEST, (0, 60, 80), (2, 8, 4))
    _, phased = opened(STAGES, caps, found)
    samples = np.arange(200)
    owners, sizes = phased.starts(samples) // 1000, found.sizes(samples)
    for stop in range(200):
        assert phased.drawn(stop) == np.bincount(owners[:stop], minlength=3).tolist()
        tokens = np.bincount(owners[:stop], weights=sizes[:stop], minlength=3)
        assert phased.drawn_tokens(stop) == tokens.tolist()


def test_counting_what_was_drawn_asks_once_for_epochs_that_are_alike(monkeypatch):
    change = 10**9
    found = Phases(LARGEST, (0, change * LARGEST // 2), (2, LARGEST))
    mixture, phased = opened(STAGES, (10, 14, 5), found)
    asked = []
    count = type(phased._pass(0)).drawn
    monkeypatch.setattr(type(phased._pass(0)), "drawn", lambda *said: asked.append(said) or count(*said))
    stop = found.sample_of(2 * change)
    pieces = LARGEST // 2
    drawn = np.array(mixture.drawn(2 * change)) + (pieces - 1) * np.array(mixture.drawn(change))
    assert phased.drawn(stop) == drawn.tolist()
    assert len(asked) < 10


def test_a_single_size_is_the_mixture_itself():
    mixture, phased = opened(STAGES, (20, 14, None), Phases(LARGEST, (0,), (LARGEST,)))
    assert phased.starts(np.arange(90)).tolist() == mixture.starts(np.arange(90)).tolist()
    assert phased.part_epochs == mixture.part_epochs
    assert phased.part_counted == mixture.part_counted
