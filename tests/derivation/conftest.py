"""Tests of this room import `listed_corpora`, and write hundreds of small corpora nobody keeps."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)


@pytest.fixture(autouse=True, scope="package")
def no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda fd: None)
        yield
