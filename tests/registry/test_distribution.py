"""What messages say to run is what adds to the corpuskit that is installed."""

from __future__ import annotations

import importlib.metadata
import json

import pytest

from corpuskit.registry.distribution import NAME, install_command


class Installed:
    """A distribution as installers leave it."""

    def __init__(self, direct_url):
        self._direct_url = direct_url

    def read_text(self, name):
        assert name == "direct_url.json"
        return self._direct_url


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (None, "pip install 'corpuskit-core[fast]'"),
        ("not json", "pip install 'corpuskit-core[fast]'"),
        ('["a list"]', "pip install 'corpuskit-core[fast]'"),
        (json.dumps({"url": "https://elsewhere.example/x.whl"}), "pip install 'corpuskit-core[fast]'"),
        (
            json.dumps({"url": "file:///tmp/a%20b", "dir_info": {"editable": True}}),
            "pip install -e '/tmp/a b[fast]'",
        ),
        (
            json.dumps({"url": "file:///tmp/x.whl", "archive_info": {}}),
            "pip install 'corpuskit-core[fast] @ file:///tmp/x.whl'",
        ),
    ],
)
def test_an_extra_is_installed_from_where_corpuskit_came(monkeypatch, direct_url, expected):
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed(direct_url))
    assert install_command("fast") == expected


def test_a_corpuskit_that_is_not_installed_is_named(monkeypatch):
    def distribution(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    assert install_command("fast") == f"pip install '{NAME}[fast]'"
