from __future__ import annotations

import dataclasses

import pytest

from corpuskit.inspect import stats_records


@pytest.mark.parametrize("name", stats_records.__all__)
def test_records_are_frozen_values(name):
    record = getattr(stats_records, name)
    assert dataclasses.is_dataclass(record)
    assert record.__dataclass_params__.frozen
