"""A warning where a sampler reads more at a time than the shard cache holds, so that shards come again."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

from corpuskit.batches.streamed import PASS_TOKENS
from corpuskit.batches.window_plan import BLOCK_SAMPLES
from corpuskit.corpus.remote.shard_cache import MIN_SHARDS
from corpuskit.samplers.base import AnySampler, SamplerContext
from corpuskit.samplers.shard_shuffled import GROUP_TOKENS
from corpuskit.urls import RemotePath

log = logging.getLogger(__name__)

#: Fewer downloads of each shard are not worth a line.
_LEAST_TIMES = 1.5

#: What this process has warned of: an order is opened more than once.
_warned: set[tuple[str, str]] = set()


def room(limit_bytes: int) -> int:
    """How many bytes of shards a cache with a limit holds at once, with room for more to arrive."""
    return limit_bytes * (MIN_SHARDS - 1) // MIN_SHARDS


def times_fetched(
    sampler: AnySampler, context: SamplerContext, *, limit_bytes: int, size_bytes: int
) -> float:
    """How often each shard is fetched while as many tokens are drawn as the split has, or a little more.

    Where what is read for some time does not fit into the cache, a pass over its shards reads the tokens of
    many steps, and fetches what the cache does not hold. The first pass of an epoch is for one step, and each
    has twice as many as the one before until they are as long as may be.

    Args:
        sampler: The sampler.
        context: What it was told.
        limit_bytes: The cache's limit.
        size_bytes: The size of what is read for some time, which is the split if that may be anywhere.
    """
    if sampler.in_order or size_bytes <= room(limit_bytes):
        return 1.0
    pass_tokens = min(PASS_TOKENS, BLOCK_SAMPLES * (context.block_size + 1))
    short = max(math.log2(pass_tokens / (context.rows_read * (context.block_size + 1))) - 1, 0)
    passes = context.num_tokens / pass_tokens + short
    return max(passes * (1 - room(limit_bytes) / size_bytes), 1.0)


def warn_of_small_cache(
    name: str,
    sampler: AnySampler,
    context: SamplerContext,
    *,
    place: RemotePath,
    limit_bytes: int,
    shard_bytes: Sequence[int],
    num_tokens: int,
) -> None:
    """Say once in a process that a sampler will fetch the shards again and again, and what to do.

    Args:
        name: The sampler's name.
        sampler: The sampler.
        context: What it was told.
        place: The corpus.
        limit_bytes: The cache's limit.
        shard_bytes: The size of each shard of the split, streams of values included.
        num_tokens: Tokens of the split.
    """
    total, largest = sum(shard_bytes), max(shard_bytes, default=0)
    at_once = total
    if sampler.group_tokens is not None:
        at_once = min(total, max(largest, sampler.group_tokens * total // num_tokens))
    times = times_fetched(sampler, context, limit_bytes=limit_bytes, size_bytes=at_once)
    key = (context.fingerprint, name)
    if times < _LEAST_TIMES or key in _warned:
        return
    _warned.add(key)
    fitting = max((limit_bytes - largest) // 2 * num_tokens // total, 1)
    group = f"sampler_options={{'group_tokens': {fitting}}}"
    if sampler.group_tokens is None:
        advice = "sampler 'shard_shuffled'" + (f" with {group}" if fitting < GROUP_TOKENS else "")
    else:
        advice = group
    log.warning(
        "%s: the order of sampler %r fetches each shard some %s times an epoch or more: it reads %s bytes at "
        "a time, and the shard cache may take %s; choose %s, or cache_bytes of at least %s",
        place,
        name,
        f"{times:,.1f}",
        f"{at_once:,}",
        f"{limit_bytes:,}",
        advice,
        f"{-(-at_once * MIN_SHARDS // (MIN_SHARDS - 1)):,}",
    )


__all__ = ["room", "times_fetched", "warn_of_small_cache"]
