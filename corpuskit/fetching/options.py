"""What a caller says about a fetch, and what a fetch answers."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable
from pathlib import Path

from corpuskit.errors import HashMismatch


@dataclasses.dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that is on this machine and has been checked.

    Args:
        path: Where it is; in the cache, or where it was if it was local.
        sha256: The hexadecimal digest of its bytes.
        size_bytes: Its size.
        url: What to record as its origin: the URL that has these bytes, without credentials; or the name of a
            local file that was given for another one.
        unverified: True where it was given for another one and nothing says what that one's bytes are.
    """

    path: Path
    sha256: str
    size_bytes: int
    url: str
    unverified: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class FetchOptions:
    """Limits of a fetch. Times are in seconds.

    Args:
        connect_timeout_s: The longest time for a connection to be made.
        read_timeout_s: The longest time for the next bytes to arrive.
        total_timeout_s: The longest time for everything: waits, retries and other mirrors included.
        min_bytes_per_s: The lowest rate, in bytes a second; a slower transfer counts as stalled.
        rate_window_s: How long a transfer may be slower than that.
        max_attempts: How many attempts for one URL may bring nothing new, one after the other.
        backoff_base_s: The longest wait after the first attempt; the longest wait doubles with each attempt,
            and each wait is drawn from 0 to it.
        backoff_cap_s: The longest wait after any attempt.
        max_retry_after_s: The longest wait that a server may ask for.
        max_bytes: The largest file to accept where no size is known.
        max_redirects: Redirects to follow for one request.
        checkpoint_bytes: How much a killed process may lose of what it downloaded.
        authorization: A server's URL, and what the header Authorization says to it: to no mirror, and to no
            other server that it redirects to.
        offline_by: What forbids the network, beside CORPUSKIT_OFFLINE; None if nothing does.
        clock: Seconds that only grow, for the limits.
        now: Seconds since 1970, for dates that servers send.
        sleep: Waits for a number of seconds.
        random: Draws from 0 to 1, for the backoff.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    total_timeout_s: float = 24 * 3600.0
    min_bytes_per_s: float = 100.0
    rate_window_s: float = 60.0
    max_attempts: int = 5
    backoff_base_s: float = 0.5
    backoff_cap_s: float = 30.0
    max_retry_after_s: float = 120.0
    max_bytes: int = 2**40
    max_redirects: int = 10
    checkpoint_bytes: int = 8 * 2**20
    authorization: tuple[str, str] | None = dataclasses.field(default=None, repr=False)
    offline_by: str | None = None
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def backoff_s(self, attempt: int) -> float:
        """How long to wait after an attempt, in seconds: drawn from 0 to a limit that doubles each time.

        Args:
            attempt: Which attempt it was, from 1.
        """
        return self.random() * min(self.backoff_cap_s, self.backoff_base_s * 2.0 ** (attempt - 1))


class Transient(Exception):
    """An attempt failed in a way that another one may not.

    Args:
        reason: What happened, without a URL.
        retry_after_s: How long the server asks to wait, if it does.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


def too_long(max_bytes: int, found: int) -> HashMismatch:
    """The error for a body that goes on beyond what the file can be."""
    return HashMismatch(f"it has more than {max_bytes:,} bytes", expected=max_bytes, found=found)
