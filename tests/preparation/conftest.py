from __future__ import annotations

import filecmp
import random
from pathlib import Path

import pytest


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    """A text of about 200 kB in several scripts, of which no line is empty, the same every time."""
    words = [
        "the",
        "of",
        "and",
        "Wörter",
        "слова",
        "単語",
        "emoji",
        "🙂",
        "2024",
        "don't",
        "e.g.",
        "x+y=z",
        "https://example.org",
    ]
    generator = random.Random(7)
    lines = []
    for _ in range(3000):
        lines.append(" ".join(generator.choices(words, k=generator.randint(1, 16))))
    path = tmp_path / "prose.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def differences(one: Path, other: Path) -> list[str]:
    """The files in which two corpora differ, run.json aside."""
    names = {path.name for folder in (one, other) for path in folder.iterdir()} - {"run.json"}
    _, different, missing = filecmp.cmpfiles(one, other, sorted(names), shallow=False)
    return different + missing


@pytest.fixture
def assert_same():
    def check(one: Path, other: Path) -> None:
        assert differences(one, other) == []

    return check
