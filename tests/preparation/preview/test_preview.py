"""Making a preview."""

from __future__ import annotations

import corpuskit


def test_a_plan_is_the_same_every_time_and_whatever_the_workers(prose):
    plans = [corpuskit.plan(str(prose), encoding="bytes", workers=workers) for workers in (1, 2, 64, 64)]
    assert len({plan.fingerprint for plan in plans}) == 1
    assert len({(plan.estimate.tokens, plan.estimate.documents) for plan in plans}) == 1


def test_a_plan_writes_nothing(prose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    corpuskit.plan(str(prose), encoding="bytes")
    assert [path.name for path in tmp_path.iterdir()] == ["prose.txt"]
