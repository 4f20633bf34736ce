"""The batch page of a report: rows of steps with their documents, masks and padding."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from corpuskit.batches.order import Order
from corpuskit.batches.segments import IGNORED
from corpuskit.batches.trace import TracedRow, trace
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report.places import places_of
from corpuskit.inspect.report.token_markup import TokenMarkup, box
from corpuskit.markup import escape

#: Rows of a step that are shown, and tokens of all rows together.
_MAX_ROWS, _MAX_TOKENS = 16, 16_000
#: A row's map is so many units wide.
_MAP_WIDTH = 1000


def steps_html(order: Order, steps: Sequence[int], markup: TokenMarkup, lines: InputLines) -> str:
    """The rows of some steps.

    Args:
        order: The order of the run.
        steps: The numbers of the steps.
        markup: What writes their tokens.
        lines: Finds where their documents are from.
    """
    batch_size, block_size = order.options.batch_size, order.options.block_size
    shown = min(_MAX_ROWS, batch_size)
    limit = max(32, _MAX_TOKENS // (shown * max(len(steps), 1)))
    parts = []
    traces = [trace(order, range(step * batch_size, step * batch_size + shown), step=step) for step in steps]
    places = iter(places_of([piece for one in traces for row in one.rows for piece in row.pieces], lines))
    for step, traced in zip(steps, traces, strict=True):
        parts.append(f'<h3 id="step-{step}">Step {step:,}</h3>')
        shown_rows = "".join(
            _row(row, [*itertools.islice(places, len(row.pieces))], block_size, limit, markup)
            for row in traced.rows
        )
        parts.append(f'<div class="rows">{shown_rows}</div>')
        if shown < batch_size:
            parts.append(f'<p class="note">and {batch_size - shown:,} more rows</p>')
    return "".join(parts)


def _row(row: TracedRow, places: Sequence[str], block_size: int, limit: int, markup: TokenMarkup) -> str:
    masked = row.y == IGNORED
    pieces, at = [], 0
    for number, (piece, said) in enumerate(zip(row.pieces, places, strict=True)):
        if at >= limit:
            break
        stop = min(at + len(piece), limit)
        place, kind = escape(said), f"d{number % 2}"
        chip = f'<b title="{place}">{piece.document:,}</b>'
        tokens = markup.tokens(row.x[at:stop], masked[at:stop])
        pieces.append(f'<span class="{kind}" data-place="{place}">{chip}{tokens}</span>')
        at = stop
    more = len(row.x) - at
    ends = [f'<span class="more">… {more:,} more</span>'] if more else []
    if padding := block_size - len(row.x):
        ends.append(f'<span class="padding" title="padding">{padding:,} of padding</span>')
    counts = f"{len(row.x):,} tokens, {_documents(len(row.pieces))}, {int(masked.sum()):,} masked"
    title = f"<h4>Row {row.row:,} <small>sample {row.sample:,}: {counts}</small></h4>"
    tokens = box(f"Tokens of row {row.row:,}", "".join([*pieces, *ends]))
    return f'<article class="row">{title}{_map(row, places, block_size)}{tokens}</article>'


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count:,} documents"


def _map(row: TracedRow, places: Sequence[str], block_size: int) -> str:
    """All of a row as a strip: its documents in turns of two colours, and its padding."""
    edges = [0, *itertools.accumulate(len(piece) for piece in row.pieces)]
    rects = [
        _rect(f"d{number % 2}", start, stop, block_size, said)
        for number, (said, (start, stop)) in enumerate(zip(places, itertools.pairwise(edges), strict=True))
    ]
    if edges[-1] < block_size:
        rects.append(_rect("padding", edges[-1], block_size, block_size, "padding"))
    box = f'viewBox="0 0 {_MAP_WIDTH} 10" preserveAspectRatio="none"'
    return f'<svg class="map" {box} aria-hidden="true">{"".join(rects)}</svg>'


def _rect(kind: str, start: int, stop: int, block_size: int, title: str) -> str:
    x, width = (_MAP_WIDTH * size / block_size for size in (start, stop - start))
    place = f'x="{x:.2f}" width="{width:.2f}" height="10"'
    return f'<rect class="{kind}" {place}><title>{escape(title)}</title></rect>'


__all__ = ["steps_html"]
