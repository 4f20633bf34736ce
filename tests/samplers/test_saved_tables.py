"""Tables in the cache; what becomes of damaged ones is tested with those of the packed sampler."""

from itertools import chain

import numpy as np
import pytest

from corpuskit.samplers.saved_tables import open_table

FIELDS = {"rows": "<i8", "sizes": "<i4"}


def making(groups, calls):
    def make(counted):
        calls.append(groups)
        for group in groups:
            counted["rows_seen"] += len(group)
            yield np.array(group), np.array(group) * 2

    return make


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    return tmp_path / "tables"


@pytest.mark.parametrize("name", ["", "a-table"])
@pytest.mark.parametrize("groups", [[], [[]], [[1, 2], [], [3]]])
def test_the_groups_come_one_after_another_and_are_counted(name, groups):
    calls = []
    for _ in range(2):
        table = open_table(name, FIELDS, making(groups, calls))
        rows, sizes = table.arrays
        assert rows.tolist() == [*chain(*groups)]
        assert sizes.tolist() == [2 * row for row in chain(*groups)]
        assert (rows.dtype, sizes.dtype) == (np.int64, np.int32)
        assert table.counted.get("rows_seen", 0) == len(rows)
    assert len(calls) == (1 if name else 2)


def test_an_error_while_a_table_is_made_leaves_nothing(folder):
    def make(counted):
        yield np.array([1]), np.array([1])
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        open_table("a-table", FIELDS, make)
    assert list(folder.iterdir()) == []


def test_what_was_counted_is_under_the_seal(folder):
    calls = []
    open_table("a-table", FIELDS, making([[1]], calls))
    path = folder / "a-table" / "digests.json"
    path.write_bytes(path.read_bytes().replace(b'"rows_seen": 1', b'"rows_seen": 9').replace(b'":1', b'":9'))
    assert open_table("a-table", FIELDS, making([[1]], calls)).counted == {"rows_seen": 1}
