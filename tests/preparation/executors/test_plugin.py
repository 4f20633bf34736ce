"""The executors that come with corpuskit."""

from __future__ import annotations

import pytest

from corpuskit.preparation.executors.base import Executor
from corpuskit.preparation.executors.plugin import corpuskit_executors
from corpuskit.registry import default
from corpuskit.registry.specs import ExecutorSpec


@pytest.mark.parametrize("spec", corpuskit_executors(), ids=lambda spec: spec.name)
def test_every_executor_can_be_made_for_a_number_of_workers(spec):
    executor = default().find(ExecutorSpec, spec.name).load()(workers=3)
    assert isinstance(executor, Executor)
