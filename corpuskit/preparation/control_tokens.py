"""The control tokens that documents may hold, and those of them that a tokenizer lacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from corpuskit.errors import ConfigError
from corpuskit.near import near
from corpuskit.registry.blame import blame
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.base import Tokenizer

#: Of a vocabulary with many control tokens, and none that is alike, so many are named.
_NAMED = 5


def lacking_tokens(
    tokenizer: Tokenizer, source: Source, inputs: Sequence[Input], *, may_add: bool, bos: str | None = None
) -> list[str]:
    """The control tokens that a source's documents may hold and a tokenizer lacks, as they are first named.

    Args:
        tokenizer: The tokenizer, which need not be fitted yet.
        source: The source.
        inputs: Its inputs in order.
        may_add: Whether they may be added to the tokenizer.
        bos: The one in front of each document, if there is one.

    Raises:
        ConfigError: If there are some and they may not be added; or if documents ask for the end-of-text id
            of a tokenizer without one.
    """
    lacking: dict[str, Input] = {}
    for item in inputs:
        with blame(f"source {source.name!r}", source.owner, partial(str, item.name)):
            names = source.control_tokens(item)
        for name in names if bos is None else [*names, bos]:
            if tokenizer.eot_id is None if name == "" else name not in tokenizer.control_ids:
                lacking.setdefault(name, item)
    if "" in lacking:
        raise ConfigError(
            f"tokenizer {tokenizer.name!r} has no end-of-text id, which documents of {lacking[''].name} end "
            "with; choose an --encoding that has one, such as gpt2 or bytes",
            found=tokenizer.name,
        )
    if lacking and not may_add:
        raise _lacks(tokenizer, lacking)
    return [*lacking]


def _lacks(tokenizer: Tokenizer, lacking: dict[str, Input]) -> ConfigError:
    there = [*tokenizer.control_ids]
    alike = [*dict.fromkeys(found for name in lacking for found in near(name, there, most=1))]
    shown = ", ".join(map(repr, alike or there[:_NAMED])) or "none"
    more = ", ..." if not alike and len(there) > _NAMED else ""
    has = f"alike are {shown}" if alike else f"it has {shown}{more}"
    names = ", ".join(map(repr, lacking))
    first = next(iter(lacking.values())).name
    return ConfigError(
        f"tokenizer {tokenizer.name!r} lacks control tokens that documents of {first} may hold: {names} "
        f"({has}); put them behind its last id with --add-tokens, or choose an --encoding that has them",
        found=[*lacking],
    )


__all__ = ["lacking_tokens"]
