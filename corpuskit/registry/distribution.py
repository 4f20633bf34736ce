"""The distribution that corpuskit is installed as, for messages that say how to add to it."""

from __future__ import annotations

import importlib.metadata
import json
from urllib.parse import unquote, urlsplit

#: What pip calls it. The name of the import package belongs to somebody else on the package index.
NAME = "corpuskit-core"


def install_command(extra: str) -> str:
    """The command that adds an extra, such as "fast", to the corpuskit that is installed.

    A distribution that came from a checkout or a wheel is installed from there again (PEP 610).
    """
    url, editable = _origin()
    if url is None:
        return f"pip install '{NAME}[{extra}]'"
    if editable:
        return f"pip install -e '{unquote(urlsplit(url).path)}[{extra}]'"
    return f"pip install '{NAME}[{extra}] @ {url}'"


def _origin() -> tuple[str | None, bool]:
    """The file URL that the distribution was installed from, if any, and whether it is used in place."""
    try:
        told = json.loads(importlib.metadata.distribution(NAME).read_text("direct_url.json") or "{}")
        url = told.get("url")
        if not isinstance(url, str) or not url.startswith("file:"):
            return None, False
        return url, bool(told.get("dir_info", {}).get("editable"))
    except (importlib.metadata.PackageNotFoundError, ValueError, AttributeError):
        return None, False


__all__ = ["NAME", "install_command"]
