"""The stores that come with corpuskit; URLs of other schemes go through fsspec as they are."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import StoreSpec


@hookimpl
def corpuskit_stores() -> list[StoreSpec]:
    """The built-in stores."""
    return [
        StoreSpec(name, summary, factory="corpuskit.stores.s3:S3Store")
        for name, summary in (
            ("s3", "Amazon S3, and stores that speak its protocol"),
            ("s3a", "The same, as Hadoop spells it"),
        )
    ]
