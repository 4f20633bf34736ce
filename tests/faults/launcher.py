"""A process that has corpuskit loaded and forks one that runs the command line each time it is asked to.

What it forks is a process of its own, in a session of its own, that runs `corpuskit.cli.main` as the
installed command does; only the second that the imports take is saved. Reads requests on stdin and answers on
stdout, a line of JSON each:

    {"run": [arguments], "environ": {...}, "cwd": path, "limits": {name: n},
     "stdout": path or null, "stderr": path}
        -> {"pid": number}
    {"wait": pid, "stopped": whether being stopped is enough} -> {"status": as os.waitpid's}
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys

WARM = [
    "corpuskit.cli.prepare",
    "corpuskit.cli.commit",
    "corpuskit.cli.export",
    "corpuskit.cli.info",
    "corpuskit.cli.verify",
    "corpuskit.cli.render",
    "corpuskit.preparation.api",
    "corpuskit.preparation.run",
    "corpuskit.preparation.executors.local",
    "corpuskit.preparation.commit",
    "corpuskit.preparation.remote_run",
    "corpuskit.formats",
    "corpuskit.formats.export",
    "corpuskit.formats.nanogpt",
    "corpuskit.formats.megatron",
    "corpuskit.fetching",
    "corpuskit.fetching.http",
    "corpuskit.sources",
    "corpuskit.sources.readers.jsonl",
    "corpuskit.sources.user_files",
    "corpuskit.sources.inputs.files",
    "corpuskit.tokenizers.bytes",
    "corpuskit.preparation.publish",
    "corpuskit.stores.base",
    "rich.progress",
    "filelock",
    "numpy",
    "requests",
]


def become(request: dict) -> list[str]:
    """Be the process that a request describes; returns the command's arguments."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.environ.update(request["environ"])
    os.chdir(request["cwd"])
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.close(devnull)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if request[name] is None:
            os.close(number)
            continue
        fd = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(fd, number)
        os.close(fd)
    for name, limit in request["limits"].items():
        resource.setrlimit(getattr(resource, name), (limit, limit))
    return request["run"]


def serve() -> list[str]:
    """Answer requests in the first process for ever; returns in each new one, with its arguments."""
    while line := sys.stdin.readline():
        request = json.loads(line)
        if "run" in request:
            pid = os.fork()
            if pid == 0:
                return become(request)
            answer = {"pid": pid}
        else:
            answer = {"status": os.waitpid(request["wait"], os.WUNTRACED if request["stopped"] else 0)[1]}
        os.write(1, json.dumps(answer).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    for module in WARM:
        importlib.import_module(module)
    arguments = serve()
    from corpuskit.cli import main

    sys.argv = ["corpuskit", *arguments]
    main()
