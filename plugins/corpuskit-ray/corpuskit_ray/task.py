"""What runs on the cluster's nodes: `make_part`, a Ray task that gets and returns one line of JSON.

Nothing else crosses the network: no object is unpickled, and an error comes home as its class's name, its
message and its facts, because Ray does not bring every exception home as what it was. Everything that makes
a part is read from the job's folder, which all nodes share, but for URLs with credentials: those are in no
file, and come with the request.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import corpuskit
import corpuskit_ray
from corpuskit.errors import FetchError, PluginError, StorageError
from corpuskit.plugin import Job, Worker, describe_error, load_job, plugin_versions

#: The run that this process works for, its job, and its worker, whose source and tokenizer are open.
_current: tuple[str, Job, Worker] | None = None


def make_part(request: str) -> str:
    """Make one part of a job.

    Args:
        request: A JSON object: `folder`, `fingerprint`, `part` and `private` (URLs with credentials) say what
            to do, `run` which run of the executor asks, `directory` and `versions` what the driver has.

    Returns:
        A JSON object: `{}` once the part's record is saved, else what `describe_error` says.
    """
    asked: dict[str, Any] = json.loads(request)
    try:
        job, worker = _worker(asked)
        _check_inputs(job, asked["part"])
        worker.run(asked["part"])
    except Exception as error:
        return json.dumps(describe_error(asked["part"], error))
    return "{}"


def versions() -> dict[str, str]:
    """The versions of what decides a part's bytes here: corpuskit's and those of its plugins."""
    own = {"corpuskit": corpuskit.__version__, "corpuskit-ray": corpuskit_ray.__version__}
    return {**own, **plugin_versions()}


def _worker(asked: Mapping[str, Any]) -> tuple[Job, Worker]:
    """The job and the worker of a run, opened when this process gets the run's first part."""
    global _current
    if _current is None or _current[0] != asked["run"]:
        _check_versions(asked["versions"], versions())
        with contextlib.suppress(OSError):  # paths of the dataset may be relative to it, and may not be
            os.chdir(asked["directory"])
        job = _job(Path(asked["folder"]), asked["fingerprint"], asked["private"])
        _current = asked["run"], job, Worker(job)
    return _current[1:]


def _job(folder: Path, fingerprint: str, private: Mapping[str, Any]) -> Job:
    """The job, if this node sees the same folder as the driver.

    Raises:
        StorageError: If it does not.
    """
    try:
        job = load_job(folder, private)
    except StorageError as error:
        raise StorageError(
            f"{folder} of the driver is not on node {socket.gethostname()}; "
            "the output must be in a folder that all nodes of the cluster share, under the same path",
            path=folder,
        ) from error
    if job.fingerprint != fingerprint:
        raise StorageError(
            f"{folder} on node {socket.gethostname()} holds another job than on the driver; "
            "the output must be in a folder that all nodes of the cluster share",
            path=folder,
            expected=fingerprint,
            found=job.fingerprint,
        )
    return job


def _check_inputs(job: Job, number: int) -> None:
    """See that this node has the files that a part reads.

    Raises:
        FetchError: Naming the first one that it has not.
    """
    for piece in job.parts[number].pieces:
        location = job.inputs[piece.input].location
        if location and "://" not in location and not Path(location).exists():
            raise FetchError(
                f"{location} of the driver is not on node {socket.gethostname()}; inputs must be in a folder "
                "that all nodes of the cluster share; downloads go to CORPUSKIT_CACHE_DIR of the driver",
                path=location,
            )


def _check_versions(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Refuse to work where something that both have is of another version here.

    What only one of them has does no harm: a plugin that is needed and not there is an error of its own.

    Raises:
        PluginError: Naming what differs.
    """
    different = [
        f"{name} is {found[name]} there and {version} on the driver"
        for name, version in wanted.items()
        if name in found and found[name] != version
    ]
    if different:
        raise PluginError(
            f"node {socket.gethostname()} cannot take part: {', '.join(different)}; "
            "install the same versions everywhere",
            expected=dict(wanted),
            found=dict(found),
        )
