"""Fixtures for every test, the plugins' included: an empty cache, a clean environment, loopback only."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
_OURS = ("CORPUSKIT_", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `tests/faults`, which only a conftest at the root can add."""
    group = parser.getgroup("faults", "random faults of tests/faults")
    group.addoption("--rounds", type=int, default=None, help="rounds of each random test; each has a default")
    group.addoption("--seed", default="0", help="what the random faults are drawn from")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole session, so that a vocabulary is derived once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> None:
    """No test sees the user's settings or writes into the user's cache."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(shared_cache))


@pytest.fixture(autouse=True)
def _quiet_library() -> Iterator[None]:
    """What a command set up for its own output does not outlive its test."""
    logger = logging.getLogger("corpuskit")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers = handlers
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that would leave this machine is a failure, not a slow test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]  # type: ignore[index]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise OSError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def shakespeare() -> Path:
    """The text of tinyshakespeare, from beside the checkout."""
    path = ROOT.parent / "shared" / "data" / "tinyshakespeare.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there; it is tinyshakespeare, 1,115,394 bytes")
    return path
