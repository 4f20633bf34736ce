"""Logs of the libraries below without the credentials in URLs: they log paths, queries and whole URLs."""

from __future__ import annotations

import logging

from corpuskit.urls import redact_text

_LIBRARIES = frozenset(
    {"urllib3", "requests", "aiohttp", "fsspec", "s3fs", "gcsfs", "adlfs", "botocore", "aiobotocore"}
)
_NAMES = ("urllib3.connection", "urllib3.connectionpool", "fsspec", "fsspec.http", "s3fs", "gcsfs", "adlfs")


class _Redacting(logging.Filter):
    """Removes credentials from a record; a traceback, whose texts nobody can redact, goes with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


_FILTER = _Redacting()


def redact_logs() -> None:
    """Redact what these libraries log from now on.

    A filter holds for its own logger only, and libraries make theirs when they are imported: call this
    before each use.
    """
    for name in (*_NAMES, *list(logging.root.manager.loggerDict)):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_FILTER)
