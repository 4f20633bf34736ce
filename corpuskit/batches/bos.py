"""The id that stands before documents: the option `bos` of samplers and of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.near import hint
from corpuskit.numbers import as_whole

#: Tokens whose documents are looked at first, without reading where all others end.
_FIRST_TOKENS = 2**12
#: Ids that are read at a time.
_PART_PLACES = 2**16


def bos_resolver(stream: TokenStream) -> Callable[[Any], int]:
    """What `SamplerContext.bos_id` is for a stream."""

    def resolve(value: Any) -> int:
        return bos_id(stream, value, option="sampler option bos", remedy="leave bos out")

    return resolve


def bos_id(stream: TokenStream, value: Any, *, option: str, remedy: str) -> int:
    """The id that a value of the option means.

    Args:
        stream: The stream.
        value: An id, or a control token's name.
        option: What the option is called in an error.
        remedy: What to do where documents begin with the id.

    Raises:
        ConfigError: If it means none of this stream, or each document begins with it already.
    """
    number = _id_of(stream, value, option)
    if _begin_with(stream, number):
        raise ConfigError(
            f"{option} = {value!r}: each document of split {stream.name!r} begins with id {number:,} "
            f"already, and would have it twice; {remedy}",
            found=value,
        )
    return number


def _id_of(stream: TokenStream, value: Any, option: str) -> int:
    if isinstance(value, str):
        names = stream.control_ids
        if value not in names:
            known = hint(value, sorted(names)) if names else "its tokenizer has none; say an id"
            raise ConfigError(
                f"{option} = {value!r:.80}: split {stream.name!r} has no control token of this name; {known}",
                expected=sorted(names),
                found=value,
            )
        return names[value]
    most = stream.num_ids or int(np.iinfo(stream.dtype).max) + 1
    number = None if isinstance(value, bool) else as_whole(value)
    if number is None or not 0 <= number < most:
        raise ConfigError(
            f"{option} = {value!r:.80}: must be an id below {most:,}, or a control token's name",
            expected=most,
            found=value,
        )
    return number


def _begin_with(stream: TokenStream, number: int) -> bool:
    """Whether each document that has a token begins with an id; the first few documents usually say it."""
    some = stream.pieces(0, min(stream.num_tokens, _FIRST_TOKENS))
    if any(stream[piece.start] != number for piece in some):
        return False
    ends = stream.document_ends()
    starts = np.concatenate(([0], ends))[:-1]
    starts = starts[starts < ends]
    return len(starts) > 0 and all((ids == number).all() for ids in ids_at(stream, starts))


def ids_at(stream: TokenStream, places: Ints) -> Iterator[NDArray[Any]]:
    """The ids at some places, a part of them at a time; a shard is read from only once a part.

    Args:
        stream: The stream.
        places: int64[n], ascending.
    """
    for at in range(0, len(places), _PART_PLACES):
        part = places[at : at + _PART_PLACES]
        shards = np.searchsorted(stream.shard_starts, part, side="right") - 1
        for shard in np.unique(shards).tolist():
            yield np.asarray(stream.shard(shard)[part[shards == shard] - stream.shard_starts[shard]])


__all__ = ["bos_id", "bos_resolver", "ids_at"]
