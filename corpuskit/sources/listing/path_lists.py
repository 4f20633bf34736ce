"""Lists of paths: what a user writes into a file to name many (`@paths.txt`)."""

from __future__ import annotations

import codecs
import os

from corpuskit import reading
from corpuskit.errors import SourceError
from corpuskit.paths import user_path
from corpuskit.sources.inputs.files import unreadable

#: The most that a list may have.
_MAX_BYTES = 64 * 2**20


def path_list(path: str) -> list[str]:
    """The paths that a list holds: one a line; empty ones and # comments are left out.

    Args:
        path: The list: a file in UTF-8, or a pipe, which gives it once.

    Raises:
        SourceError: If there is no such list, or it is none.
        StorageError: If it cannot be read.
    """
    try:
        data = reading.read_named(user_path(path), max_bytes=_MAX_BYTES)
    except OSError as error:
        hint = ""
        if os.path.lexists(f"@{path}"):
            hint = f"the file @{path} is there, and is written ./@{path}"
        what = f"@{path}: the list of paths {path!r}"
        raise unreadable(what, "read", error, path=path, remedy=hint) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        raise SourceError(
            f"@{path}: the list of paths {path!r} must be UTF-8, and this is UTF-16 or no text; write it "
            "anew, as with 'iconv -f UTF-16 -t UTF-8'",
            path=path,
        )
    text = os.fsdecode(data.removeprefix(codecs.BOM_UTF8)).replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    for line in lines:
        if line.startswith("@"):
            raise SourceError(f"@{path}: a list cannot hold another list ({line})", path=path)
    return lines
