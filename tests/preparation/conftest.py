"""Texts that several tests prepare."""

from __future__ import annotations

import pytest


@pytest.fixture
def records(tmp_path):
    """Two documents of two letters."""
    path = tmp_path / "records.jsonl"
    path.write_text('{"text": "ab"}\n{"text": "cd"}\n')
    return path
