"""What a long run tells whoever watches it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Args:
        stage: "fetch", "fit", "plan", "encode", "commit", "upload", "verify", "export", "import",
            "derive", "pack", "unpack", "search", "measure" or "stats".
        label: What it is busy with: a file's name, or the corpus's.
        done_bytes: Bytes done in this stage.
        total_bytes: Bytes in all, or None where nobody knows.
        num_tokens: Tokens made so far.
        num_documents: Documents encoded so far.
        parts_done: Parts that are finished, those of earlier runs included.
        num_parts: Parts in all.
        parts_kept: How many of them an earlier run had finished.
        kept_bytes: How many of the bytes done those are.
        left_out: Documents left out or repaired so far.
    """

    stage: str
    label: str = ""
    done_bytes: int = 0
    total_bytes: int | None = None
    num_tokens: int = 0
    num_documents: int = 0
    parts_done: int = 0
    num_parts: int = 0
    parts_kept: int = 0
    kept_bytes: int = 0
    left_out: int = 0


#: Called again and again as a run goes on.
OnProgress = Callable[[Progress], None]
