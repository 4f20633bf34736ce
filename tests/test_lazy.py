"""Names that are imported when they are first used."""

from __future__ import annotations

import sys
import types

import pytest

from corpuskit.lazy import lazy_attributes


@pytest.fixture
def package(monkeypatch):
    module = types.ModuleType("lazy_package")
    monkeypatch.setitem(sys.modules, "lazy_package", module)
    module.__getattr__, module.__dir__ = lazy_attributes("lazy_package", {"Fraction": "fractions:Fraction"})
    return module


def test_a_name_is_imported_when_it_is_used_and_kept(package):
    from fractions import Fraction

    assert "Fraction" not in vars(package)
    assert package.Fraction is Fraction
    assert vars(package)["Fraction"] is Fraction


def test_names_are_listed_before_they_are_used(package):
    assert "Fraction" in dir(package)


def test_another_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="module 'lazy_package' has no attribute 'Friction'"):
        _ = package.Friction
