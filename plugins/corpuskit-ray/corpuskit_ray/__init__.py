"""Parts of corpora made on a Ray cluster: `--executor ray`."""

from __future__ import annotations

import corpuskit

__version__ = "0.1.0"

__all__ = ["corpuskit_executors"]


@corpuskit.hookimpl
def corpuskit_executors() -> list[corpuskit.ExecutorSpec]:
    """One executor, which finds the cluster by itself."""
    return [
        corpuskit.ExecutorSpec(
            "ray",
            "A Ray cluster: the one at hand, else one of this machine",
            factory="corpuskit_ray.executor:RayExecutor",
        )
    ]
