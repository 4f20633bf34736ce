"""What run.json says of how a corpus was made; see `corpuskit.preparation.run_record`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corpuskit import reading
from corpuskit.corpus.corpus import Corpus

_MAX_BYTES = 2**24
_KINDS = {"plugins": list, "license": str, "num_tokens": int, "text_bytes": int, "inputs_folder": str}


def run_of(corpus: Corpus) -> dict[str, Any]:
    """What the run said that made a corpus on this machine; nothing where it is not there."""
    try:
        run: dict[str, Any] = json.loads(
            reading.read_file(Path(str(corpus.path)) / "run.json", max_bytes=_MAX_BYTES)
        )
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    if not isinstance(run, dict):
        return {}
    return {name: run[name] for name, kind in _KINDS.items() if isinstance(run.get(name), kind)}


__all__ = ["run_of"]
