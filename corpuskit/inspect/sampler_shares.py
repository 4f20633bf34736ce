"""How many of a split's tokens an epoch of each built-in sampler draws, leaves out and pads with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.inspect.stats_records import SamplerShare
from corpuskit.samplers.base import SamplerContext
from corpuskit.samplers.opening import open_sampler
from corpuskit.samplers.packed import tables

#: The samplers and the options that change what is drawn.
_SAMPLERS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("random", {}),
    ("shuffled", {}),
    ("sequential", {"tail": "drop"}),
    ("sequential", {"tail": "pad"}),
    ("packed", {}),
    ("aligned", {}),
)


def sampler_shares(split: TokenStream, *, block_size: int, batch_size: int) -> Iterator[SamplerShare]:
    """What an epoch of each built-in sampler makes of a split.

    A token is kept if it is a target, so that something is learned of it: the first token of a stream never
    is, nor is that of a packed document. Within an epoch no built-in sampler but `random` draws one twice.

    Args:
        split: The split.
        block_size: T, tokens in a row.
        batch_size: B, rows in a batch; epochs of `sequential` are whole batches.

    Yields:
        One for each sampler and policy for the tail, but for those that have too few tokens or documents.
    """
    num_tokens = split.num_tokens
    if num_tokens < block_size + 1:
        return
    for name, options in _SAMPLERS:
        padded_places = 0
        if name == "random":
            rows = -(-(num_tokens - 1) // block_size)
            targets = _drawn_at_random(num_tokens, block_size, rows)
        elif name == "packed":
            rows = targets = 0
            for table in tables(split.document_ends(), block_size):
                rows += len(table.first)
                targets += int(table.lengths.sum(dtype=np.int64))
            padded_places = rows * block_size - int(targets)
        else:
            try:
                rows = _rows_of(split, name, options, block_size, batch_size)
            except ConfigError:  # its windows do not fill a batch, or its documents no row
                continue
            targets = rows * block_size if name == "aligned" else min(rows * block_size, num_tokens - 1)
            padded_places = rows * block_size - int(targets)
        if rows:
            yield SamplerShare(
                split=split.name,
                sampler=name,
                options=dict(options),
                num_rows=rows,
                kept=targets / num_tokens,
                cropped=1 - targets / num_tokens,
                padded=padded_places / (rows * block_size),
                is_expected=name == "random",
            )


def _rows_of(
    split: TokenStream, name: str, options: Mapping[str, Any], block_size: int, batch_size: int
) -> int:
    """Rows in an epoch, as the sampler itself says."""
    context = SamplerContext(
        num_tokens=split.num_tokens,
        block_size=block_size,
        seed=0,
        document_ends=split.document_ends,
        options=options,
        batch_size=batch_size,
        shard_starts=lambda: split.shard_starts,
    )
    rows = open_sampler(name, context).samples_per_epoch  # of which no row is read
    assert rows is not None
    return rows


def _drawn_at_random(num_tokens: int, block_size: int, rows: int) -> float:
    """How many different targets so many windows are expected to have that begin anywhere.

    W windows can be drawn. A target that is in c of them is in none of n draws with probability
    (1 - c / W)**n; those near the ends of the stream are in fewer than T.
    """
    num_windows = num_tokens - block_size
    inside = np.minimum(block_size, num_windows)
    near = np.arange(1, inside, dtype=np.float64)
    whole = num_tokens - 1 - 2 * len(near)
    seen = whole * -np.expm1(rows * np.log1p(-inside / num_windows)) if inside < num_windows else whole
    return float(seen - 2 * np.expm1(rows * np.log1p(-near / num_windows)).sum())


__all__ = ["sampler_shares"]
