"""Fixtures for every test, the plugins' included: an empty cache, a clean environment, loopback only.

The tests of a plugin that is not installed are left out; the last lines of a run say so, and how many tests
were skipped and why.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from corpuskit.fetching import packaged

_OURS = ("CORPUSKIT_", "TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_PLUGINS = sorted(path.name for path in Path(__file__).parent.glob("plugins/corpuskit-*"))
_ABSENT = [name for name in _PLUGINS if importlib.util.find_spec(name.replace("-", "_")) is None]

# A machine that is busy with other things is slow, and no example is wrong for it. The same examples each
# time: a change is not refused by chance. `--hypothesis-profile searching` draws others.
settings.register_profile("searching", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("searching"), derandomize=True)
settings.load_profile("repeatable")

collect_ignore = [f"plugins/{name}" for name in _ABSENT]


def pytest_configure() -> None:
    """Hear SIGINT in a run that a shell began in the background, too: tests interrupt what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped, by reason, and which plugins' tests were left out."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section(f"{sum(reasons.values())} tests were skipped")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:5}  {reason}")
    for name in _ABSENT:
        terminalreporter.line(f"The tests of {name} were left out: it is not installed.")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much tests that draw try, and what they draw from; only a conftest at the root can add options."""
    group = parser.getgroup("random", "tests that draw: faults, kills and strings")
    group.addoption("--rounds", type=int, default=None, help="rounds of each random test; each has a default")
    group.addoption("--seed", default="0", help="what they draw from")


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
def shakespeare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the text of tinyshakespeare, which corpuskit brings."""
    data = packaged.read("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")
    assert data is not None
    path = tmp_path_factory.mktemp("texts") / "tinyshakespeare.txt"
    path.write_bytes(data)
    return path
