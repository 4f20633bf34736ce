"""How many segments a batch may have: `max_segments`, checked before the first batch is made."""

from __future__ import annotations

from corpuskit.batches.options import BatchOptions
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
    most, rows = max((most_segments(order, each), each.rows_of_rank) for each in options.phases())
    if most > options.max_segments:
        raise ConfigError(
            f"max_segments = {options.max_segments}: the rows of a batch, {rows:,} a rank, "
            f"may be in {most:,} segments; say max_segments = {most}, or choose fewer rows; 'packed' has "
            "max_pieces",
            expected=most,
            found=options.max_segments,
        )


def most_segments(order: Order, options: BatchOptions | None = None) -> int:
    """How many segments the rows of a rank's batch are in at most, padding included.

    Args:
        order: The order.
        options: Those of another phase than the order's.
    """
    options = options or order.options
    bounds = order.sampler.segment_bounds(
        options.rows_of_rank, options.block_size, options.longest_segment, order.stream.document_ends
    )
    return int(bounds.sum())


__all__ = ["check_segments", "most_segments"]
