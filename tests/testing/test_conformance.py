"""One installed component under the suite of its kind."""

from __future__ import annotations

import pytest

from corpuskit.registry.distribution import NAME
from corpuskit.testing.conformance import conformance_tests
from corpuskit.testing.samplers import SamplerSuite
from corpuskit.testing.tokenizers import TokenizerSuite


@pytest.mark.parametrize(
    ("kind", "name", "suite"), [("sampler", "random", SamplerSuite), ("tokenizer", "bytes", TokenizerSuite)]
)
def test_a_component_gets_the_suite_of_its_kind(kind, name, suite):
    making, tests = conformance_tests(kind, name, owner=NAME, argument=None, without=())
    making().test_it_can_be_made()
    assert issubclass(tests, suite)


def test_a_kind_without_a_suite_is_made_and_no_more():
    making, tests = conformance_tests("reader", "jsonl", owner=NAME, argument=None, without=())
    making().test_it_can_be_made()
    assert not [name for name in dir(tests) if name.startswith("test_")]


def test_a_promise_that_is_left_out_is_false():
    _, tests = conformance_tests("sampler", "random", owner=NAME, argument=None, without=["seeded"])
    assert tests.seeded is False
    assert SamplerSuite.seeded is True


def test_what_the_distribution_has_not_is_no_component_of_it():
    with pytest.raises(StopIteration):
        conformance_tests("sampler", "random", owner="another", argument=None, without=())


def test_a_sampler_of_spans_is_left_to_its_own_tests():
    making, _ = conformance_tests("sampler", "packed", owner=NAME, argument=None, without=())
    with pytest.raises(pytest.skip.Exception, match="its rows are made of spans"):
        making().test_it_can_be_made()
