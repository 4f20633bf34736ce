from __future__ import annotations

import dataclasses

import pytest

from corpuskit.inspect import stats, stats_records


@pytest.mark.parametrize("name", stats_records.__all__)
def test_records_are_values_that_users_find_beside_the_statistics(name):
    record = getattr(stats_records, name)
    assert dataclasses.is_dataclass(record)
    assert record.__dataclass_params__.frozen
    assert getattr(stats, name) is record
