"""Near misses: what was probably meant by a name that nobody has."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence

#: Where a kind's names have other names as well, what knows them: it says what a name stands for, or "".
_MEANINGS = {"tokenizer": "corpuskit.tokenizers.models", "template": "corpuskit.chat.opening"}


def near(name: str, known: Sequence[str], *, most: int = 3) -> list[str]:
    """The known names that are like one, the nearest first; case makes no difference.

    Args:
        name: What was said.
        known: What there is.
        most: How many to name at most.
    """
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    if name.casefold() in folded:
        return [folded[name.casefold()]]
    return [folded[one] for one in difflib.get_close_matches(name.casefold(), [*folded], n=most)]


def hint(name: str, known: Sequence[str], *, kind: str = "", most: int = 3) -> str:
    """What to say of a name that nobody has: what it stands for elsewhere, what is like it, or what there is.

    Args:
        name: What was said.
        known: What there is.
        kind: The kind of component that is meant.
        most: How many names to show at most.
    """
    found = near(name, known, most=most)
    is_same = [one.casefold() for one in found] == [name.casefold()]
    if kind in _MEANINGS and not is_same:
        meaning: str = importlib.import_module(_MEANINGS[kind]).meaning(name)
        if meaning:
            return meaning
    return f"did you mean {' or '.join(map(repr, found))}?" if found else f"known: {', '.join(known)}"


__all__ = ["hint", "near"]
