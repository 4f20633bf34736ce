"""Distributions that are not installed, as far as Python can tell."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

from corpuskit.testing import fake_distribution


def test_a_fake_is_found_as_an_installed_distribution_is(tmp_path, monkeypatch):
    info = fake_distribution(
        tmp_path,
        "corpuskit-made-up",
        version="3.1",
        entry_points={"made-up": "made_up_module:plugin"},
        modules={"made_up_module": "plugin = 7\n"},
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert info.name == "corpuskit_made_up-3.1.dist-info"
    found = importlib.metadata.distribution("corpuskit-made-up")
    assert found.version == "3.1"
    (entry_point,) = found.entry_points
    assert (entry_point.group, entry_point.name, entry_point.load()) == ("corpuskit", "made-up", 7)
    del sys.modules["made_up_module"]


def test_a_fake_may_declare_nothing(tmp_path):
    info = fake_distribution(tmp_path, "plain")
    assert (info / "entry_points.txt").read_text() == "[corpuskit]\n"
