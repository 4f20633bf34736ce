"""Why one of the engines of tiktoken's encodings is taken on this machine, in words."""

from __future__ import annotations

import importlib.metadata
from importlib.util import find_spec

from corpuskit.registry.distribution import install_command
from corpuskit.tokenizers.base import EngineChoice
from corpuskit.tokenizers.engine import COMPARED_ONE_IN, FIRST_COMPARED, Engine, GigatokenEngine

#: As many as an engine compares when it is new, of several kinds.
_SAMPLE = (
    "To be, or not to be: that is the question.\n\nIt's 1,234.50!",
    "def f(x):\n    return [x ** 2 for _ in range(10)]  # squares\r\n",
    "Le cœur déçu mais l'âme plutôt naïve; Привет, мир; 日本語、한국어。",
    "\t  \u3000🙂👩‍👩‍👧 ____----====  e\u0301\xa0\n \n",
)


def explain(engine: Engine) -> EngineChoice:
    """Why an engine was taken; gigatoken is compared with tiktoken now.

    Raises:
        TokenizerError: If they give different ids.
    """
    versions = {name: version_of(name) for name in ("tiktoken", "gigatoken")}
    if not isinstance(engine, GigatokenEngine):
        reason = (
            f"gigatoken is 20 to 30 times faster and not installed: {install_command('fast')}"
            if versions["gigatoken"] is None
            else "gigatoken is not known to give tiktoken's ids for this vocabulary and pattern"
        )
        return EngineChoice(engine.name, versions, ["tiktoken defines the ids", reason])
    engine.encode([text.encode() for text in _SAMPLE])
    both = f"tiktoken {versions['tiktoken']} and gigatoken {versions['gigatoken']}"
    reasons = [
        "gigatoken is installed, and known to give tiktoken's ids for this vocabulary and pattern",
        f"texts with one of {engine.num_suspects:,} code points go to tiktoken, as {both} put these into "
        "different classes of Unicode",
        f"{len(_SAMPLE)} sample texts were encoded by both just now, with the same ids; so are the first "
        f"{FIRST_COMPARED} texts of a process and about one in {COMPARED_ONE_IN:,} of all others",
    ]
    return EngineChoice(engine.name, versions, reasons)


def version_of(name: str) -> str | None:
    """The installed version of a library; None without it."""
    return None if find_spec(name) is None else importlib.metadata.version(name)


__all__ = ["explain", "version_of"]
