"""Samplers by name."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from corpuskit import registry
from corpuskit.errors import ConfigError, UnknownName
from corpuskit.registry.discovery import Owner
from corpuskit.registry.specs import SamplerSpec
from corpuskit.samplers.guard import GuardedSampler
from corpuskit.samplers.opening import open_sampler
from corpuskit.samplers.random import RandomSampler


def test_a_sampler_of_ours_is_opened_as_it_is(make_context):
    sampler = open_sampler("random", make_context(100, 8))
    assert type(sampler) is RandomSampler


def test_a_sampler_of_a_plugin_is_guarded(make_context, monkeypatch):
    found = registry.default().find(SamplerSpec, "random")
    theirs = dataclasses.replace(found, owner=Owner("mine", "corpuskit-mine", "1"))
    monkeypatch.setattr(registry.default(), "find", lambda *names: theirs)
    sampler = open_sampler("random", make_context(100, 8))
    assert type(sampler) is GuardedSampler
    expected = RandomSampler(make_context(100, 8)).starts(np.arange(9))
    assert sampler.starts(np.arange(9)).tolist() == expected.tolist()


def test_what_cannot_be_is_refused(make_context):
    with pytest.raises(UnknownName, match="unknown sampler 'shufled'; did you mean 'shuffled'"):
        open_sampler("shufled", make_context(100, 8))
    with pytest.raises(ConfigError, match="sampler 'random' has no option 'tail'"):
        open_sampler("random", make_context(100, 8, options={"tail": "pad"}))
