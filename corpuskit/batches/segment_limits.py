"""How many segments a batch may have: `max_segments`, checked before the first batch is made."""

from __future__ import annotations

from corpuskit.batches.order import Order
from corpuskit.errors import ConfigError
from corpuskit.samplers.base import SpanSampler


def check_segments(order: Order) -> None:
    """Refuse a `max_segments` that is too few for some batch, and a `max_segment` that cuts into padding.

    Raises:
        ConfigError: Naming a number that is enough.
    """
    options = order.options
    multiple = order.sampler.pad_to_multiple if isinstance(order.sampler, SpanSampler) else 1
    if options.max_segment is not None and options.max_segment % multiple:
        raise ConfigError(
            f"max_segment = {options.max_segment}: must be a multiple of the sampler's pad_to_multiple, "
            f"{multiple}, such as {-(-options.max_segment // multiple) * multiple}",
            expected=multiple,
            found=options.max_segment,
        )
    if options.max_segments is None:
        return
    most = most_segments(order)
    if most > options.max_segments:
        raise ConfigError(
            f"max_segments = {options.max_segments}: the rows of a batch, {options.rows_of_rank:,} a rank, "
            f"may be in {most:,} segments; say max_segments = {most}, or choose fewer rows; 'packed' has "
            "max_pieces",
            expected=most,
            found=options.max_segments,
        )


def most_segments(order: Order) -> int:
    """How many segments the rows of a rank's batch are in at most, padding included."""
    options = order.options
    bounds = order.sampler.segment_bounds(
        options.rows_of_rank, options.block_size, options.longest_segment, order.stream.document_ends
    )
    return int(bounds.sum())


__all__ = ["check_segments", "most_segments"]
