"""A small corpus, from which torchtitan's dataloader draws."""

from __future__ import annotations

import pytest

import corpuskit


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """300 short documents as bytes, a fifth of them for validation."""
    folder = tmp_path_factory.mktemp("torchtitan")
    lines = (f'{{"text": "document {number} {"ab" * (number % 13)}"}}\n' for number in range(300))
    (folder / "lines.jsonl").write_text("".join(lines))
    return corpuskit.prepare(
        str(folder / "lines.jsonl"), encoding="bytes", output=folder / "corpus", split="valid=0.2"
    )
