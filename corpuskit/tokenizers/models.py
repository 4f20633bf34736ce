"""Names of models, which people say where an encoding is meant; tiktoken's own table knows them."""

from __future__ import annotations

import re


def meaning(name: str) -> str:
    """What a model's name stands for, in words; empty for what is no model of tiktoken's table.

    Args:
        name: What was said; case and hyphens make no difference.
    """
    encoding = encoding_of(name)
    return f"{name} is a model; its encoding is {encoding!r}" if encoding is not None else ""


def encoding_of(model: str) -> str | None:
    """The encoding of a model; None if tiktoken does not know it."""
    from tiktoken.model import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING

    wanted = _plain(model)
    for known, encoding in MODEL_TO_ENCODING.items():
        if _plain(known) == wanted:
            return encoding
    # The longest prefix is the nearest: "gpt-4o-" must not be taken for "gpt-4".
    for prefix in sorted(MODEL_PREFIX_TO_ENCODING, key=len, reverse=True):
        if model.casefold().startswith(prefix):
            return MODEL_PREFIX_TO_ENCODING[prefix]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name.casefold())


__all__ = ["encoding_of", "meaning"]
