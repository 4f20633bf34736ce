"""The executors that come with corpuskit."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import ExecutorSpec


@hookimpl
def corpuskit_executors() -> list[ExecutorSpec]:
    """The built-in executors."""
    return [
        ExecutorSpec("local", "This machine", factory="corpuskit.preparation.executors.local:LocalExecutor"),
    ]
