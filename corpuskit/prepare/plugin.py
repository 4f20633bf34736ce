"""The executors that come with corpuskit."""

from __future__ import annotations

from corpuskit.hookspecs import hookimpl
from corpuskit.specs import ExecutorSpec


@hookimpl
def corpuskit_executors() -> list[ExecutorSpec]:
    """The built-in executors."""
    return [
        ExecutorSpec("local", "This machine", factory="corpuskit.prepare.local:LocalExecutor"),
    ]
