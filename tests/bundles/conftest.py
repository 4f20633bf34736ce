from __future__ import annotations

import pytest

import corpuskit


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A corpus of two splits, some shards and kept fields, in the folder `made`."""
    monkeypatch.chdir(tmp_path)
    lines = "".join(f'{{"text": "document {n} of many", "url": "u{n}"}}\n' for n in range(120))
    (tmp_path / "mine.jsonl").write_text(lines)
    corpuskit.prepare(
        "mine.jsonl",
        encoding="bytes",
        output="made",
        split="valid=0.3",
        keep="url",
        shard_bytes=1500,
        progress=False,
    )
    return tmp_path / "made"
