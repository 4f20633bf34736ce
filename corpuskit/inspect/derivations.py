"""What a corpus was made of, in words."""

from __future__ import annotations

import re
from typing import Any

from corpuskit.corpus.manifest import Manifest
from corpuskit.derivation.making import DERIVED

_DIGEST = re.compile("[0-9a-f]{64}")
#: So many digits of a digest are said.
_DIGITS = 12


def derived_of(manifest: Manifest) -> str:
    """What a corpus was made of, step by step: "concat of a (1c7c3af8eed5), b (05828dddcd14), then ...".

    Empty if it was made of text.
    """
    words = []
    for step in _objects(manifest.options.get(DERIVED)):
        parents = _objects(step.get("parents"))
        rule = _words({name: value for name, value in step.items() if name not in ("rule", "parents")})
        names = [f"{_words(one.get('dataset'))} ({_words(one.get('fingerprint'))})" for one in parents]
        words.append(f"{step.get('rule')}{rule and f' ({rule})'} of {', '.join(names)}")
    return ", then ".join(words)


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none of what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _words(value: Any) -> str:
    """A value as people write it; the beginning of a digest."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    text = str(value)
    return text[:_DIGITS] if _DIGEST.fullmatch(text) else text


__all__ = ["derived_of"]
