"""Finding a Ray cluster, or starting one that nobody else can reach."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TextIO, cast

import ray
from ray._private import ray_constants, services
from ray.exceptions import RayError

from corpuskit.errors import WorkerError, reason_of
from corpuskit.plugin import usable_cores

log = logging.getLogger(__name__)

#: Bytes of a local cluster's object store, which results of a few bytes never fill: about Ray's minimum.
_OBJECT_STORE_BYTES = 80 * 2**20
#: How long a cluster may take to answer at all.
_ANSWER_S = 5.0


@contextlib.contextmanager
def connected(*, workers: int | None) -> Iterator[None]:
    """Be connected to a Ray cluster.

    It is the one that this process is connected to already, or the one at RAY_ADDRESS, or one that runs on
    this machine, or else a local one that is stopped afterwards.

    Args:
        workers: The CPUs of a cluster that is started here; by default those that this process may use.

    Raises:
        WorkerError: If there is no cluster at RAY_ADDRESS, or none can be started.
    """
    with contextlib.redirect_stdout(cast(TextIO, _OwnStdout(sys.stdout))), _own_sigterm() as keep:
        if ray.is_initialized():
            yield
            return
        try:
            if not _join():
                _start(workers or usable_cores())
            keep()
            yield
        finally:
            ray.shutdown()


def _join() -> bool:
    """Connect to a cluster that runs; False if there is none."""
    try:
        address: str = services.get_ray_address_from_environment("auto", None)  # RAY_ADDRESS goes first
    except ConnectionError:
        return False
    if address == "local":
        return False
    said = os.environ.get("RAY_ADDRESS", "auto") != "auto"
    try:
        if not _answers(address):
            if not said:  # left behind by a cluster that was killed
                return False
            raise ConnectionError("nothing answers there")
        _init(address=address)
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise WorkerError(
            f"cannot connect to the Ray cluster at {address!r}: {reason_of(error)}; set RAY_AUTH_MODE=token "
            "if it has a token, RAY_ADDRESS to find another one, or RAY_ADDRESS=local to start one",
            found=address,
        ) from error
    log.info("parts are made on the Ray cluster at %s", address)
    return True


def _answers(address: str) -> bool:
    """Whether somebody listens at HOST:PORT; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "//" in host:
        return True
    # Where the host is the loopback interface, Ray asks at the machine's own address.
    own: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    for name in (host.strip("[]"), own):
        with contextlib.suppress(OSError), socket.create_connection((name, int(port)), _ANSWER_S):
            return True
    return False


def _start(num_cpus: int) -> None:
    """Start a cluster of this machine, of which every port is on the loopback interface.

    Ray gives no parameter for that on Linux: it takes 127.0.0.1 for a mistake, puts the machine's address in
    its place and listens on all interfaces. It does what is wanted on macOS and Windows, and everywhere
    without this constant.
    """
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        _init(
            address="local",
            num_cpus=num_cpus,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
        )
    except (OSError, ValueError, RuntimeError, RayError) as error:
        raise WorkerError(f"cannot start Ray on this machine: {reason_of(error)}") from error
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
    for node in ray.nodes():  # type: ignore[no-untyped-call]
        address = node["NodeManagerAddress"]
        if not ipaddress.ip_address(address).is_loopback:
            raise WorkerError(
                f"Ray {ray.__version__} listens on {address} and not only on this machine; "
                "start a cluster yourself, with `ray start --head`, and run the same command again",
                found=address,
            )


def _init(**options: Any) -> None:
    ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)


class _OwnStdout:
    """A stdout for the thread that makes it: Ray's threads print there what happens on nodes, at length.

    Args:
        stdout: The real one; what other threads print goes to the log.
    """

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        """Print, or log."""
        if threading.get_ident() == self._thread:
            return self._stdout.write(text)
        if text.strip():
            log.debug("%s", text.strip())
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stdout, name)


@contextlib.contextmanager
def _own_sigterm() -> Iterator[Callable[[], None]]:
    """Let this process end on SIGTERM in its own way.

    Ray replaces the handler when it connects, and what a handler raises while Ray waits arrives as another
    exception. Yields a function to call after connecting.
    """
    handler = signal.getsignal(signal.SIGTERM)
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    raised: list[BaseException] = []

    def remembering(number: int, frame: FrameType | None) -> None:
        assert callable(handler)
        try:
            handler(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    ours = remembering if callable(handler) else handler

    def keep() -> None:
        signal.signal(signal.SIGTERM, ours)

    keep()
    try:
        yield keep
    except BaseException:
        if raised:
            raise raised[0] from None
        raise
    finally:
        if not raised:  # else the handler has decided what a second SIGTERM does
            signal.signal(signal.SIGTERM, handler)
