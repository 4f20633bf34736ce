"""The samplers that come with corpuskit."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.samplers.opening import open_sampler
from corpuskit.samplers.plugin import corpuskit_samplers


@pytest.mark.parametrize("spec", corpuskit_samplers(), ids=lambda spec: spec.name)
def test_every_sampler_can_be_opened_and_asked(spec, make_context, cache_dir):
    sampler = open_sampler(spec.name, make_context(100, 8, ends=[40, 100]))
    ask = getattr(sampler, "starts", None) or sampler.spans
    assert ask(np.arange(3)) is not None
