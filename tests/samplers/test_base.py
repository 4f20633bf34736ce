"""What every sampler is."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.samplers.base import Sampler, SpanSampler, check_options, window_spans


class First(Sampler):
    """Gives the first window, always."""

    def starts(self, samples):
        return np.zeros(len(samples), np.int64)


def test_a_sampler_that_says_nothing_has_no_epochs_and_no_order():
    sampler = First()
    assert (sampler.samples_per_epoch, sampler.resizable, sampler.in_order) == (None, False, False)
    assert sampler.part_epochs == (None,)
    assert sampler.drawn(7) == [7]


@pytest.mark.parametrize("kind", [Sampler, SpanSampler])
def test_what_gives_nothing_is_no_sampler(kind):
    with pytest.raises(TypeError, match="abstract"):
        kind()


def test_options_that_a_sampler_has_not_are_refused_with_those_it_has(make_context):
    context = make_context(100, 8, options={"tale": "pad"})
    with pytest.raises(ConfigError, match="sampler 'first' has no option 'tale'; it has tail, seed"):
        check_options("first", context, "tail", "seed")
    with pytest.raises(ConfigError, match="sampler 'first' has no option 'tale'; it has none"):
        check_options("first", context)
    check_options("first", context, "tale")


def test_a_window_is_one_span():
    spans = window_spans(np.array([5, 0]), 8)
    assert [array.tolist() for array in spans[:3]] == [[0, 1, 2], [5, 0], [8, 8]]
    assert spans.bos is None
