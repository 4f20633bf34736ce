"""The charts of a report: what each shows, as specifications of Vega-Lite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from corpuskit.inspect.report.coverage import Coverage
from corpuskit.inspect.report.drawing import Chart, Spec, chart
from corpuskit.inspect.stats import Stats
from corpuskit.inspect.stats_records import Lengths, RankCount, SamplerShare
from corpuskit.markup import spell

#: Rows of a chart of names, and the pixels that each takes.
_MAX_NAMES, _ROW_HEIGHT = 20, 22
_SIGNS = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})


def of_stats(stats: Stats) -> list[Chart]:
    """The charts of statistics.

    Args:
        stats: The statistics.
    """
    frequent = [(f"{_label(one.text)} ({one.id})", one.count) for one in stats.most_frequent]
    ranks = [one for one in stats.rank_counts if one.count]
    charts = [
        chart(
            "lengths",
            "How long documents are",
            "Tokens of a document, end of text included.",
            _lengths(stats.lengths, stats),
        ),
        chart(
            "frequent", "The most frequent tokens", "Each with its id.", _names(frequent, stats.num_tokens)
        ),
    ]
    if len(ranks) > 1:
        note = "Of most text, this is close to a straight line."
        charts.append(chart("ranks", "How often the token of each rank occurs", note, _ranks(ranks)))
    if stats.scripts and len(stats.scripts) > 1:
        scripts = _names(((one.script, one.num_tokens) for one in stats.scripts), stats.num_tokens)
        charts.append(
            chart(
                "scripts", "Scripts", "Each token counts for the script of most of its characters.", scripts
            )
        )
    if len(stats.inputs) > 1:
        inputs = _names(((one.name, one.num_tokens) for one in stats.inputs), stats.num_tokens)
        charts.append(chart("inputs", "The largest inputs", f"Of {stats.num_inputs:,}.", inputs))
    return charts


def of_samplers(stats: Stats, split: str) -> list[Chart]:
    """What an epoch of each sampler makes of a split; nothing if the split is too short for one.

    Args:
        stats: The statistics.
        split: The split's name.
    """
    shares = [one for one in stats.samplers if one.split == split]
    if not shares:
        return []
    num_tokens = next(one.num_tokens for one in stats.splits if one.name == split)
    note = (
        f"An epoch of {split} in rows of {stats.block_size:,} tokens: kept tokens are a target once or more, "
        "cropped ones never. A sampler that draws at random has no epochs, and is shown with as many rows."
    )
    return [
        chart(
            "waste",
            "What each sampler makes of the tokens",
            note,
            _waste(shares, num_tokens, stats.block_size),
        )
    ]


def of_coverage(found: Sequence[Coverage], *, steps: int, epochs: float) -> Chart:
    """The strips of what runs have drawn.

    Args:
        found: What each run has drawn, in the same bins.
        steps: How many steps each has made.
        epochs: How many targets that is, as a multiple of the split's tokens.
    """
    note = (
        f"Tokens that the model was asked for once or more in {steps:,} steps, which have {epochs:.2f} times "
        "as many targets as the split has tokens. The stronger the colour, the more of a stretch was drawn."
    )
    return chart("coverage", "What a run has drawn", note, _strips(found))


def _strips(found: Sequence[Coverage]) -> Spec:
    rows = [
        {
            "run": f"{spell(one.sampler)} · {one.share:.1%}",
            "start": start,
            "end": end,
            "share": _part(drawn, end - start),
        }
        for one in found
        for start, end, drawn in zip(
            one.edges[:-1].tolist(), one.edges[1:].tolist(), one.drawn.tolist(), strict=True
        )
    ]
    axis = {"grid": False, "format": "~s", "tickCount": 8}
    x = _amount("start", "place in the split, in tokens", axis) | {"scale": {"nice": False}}
    shade = {"scale": {"domain": [0, 1], "range": [0.06, 1]}, "legend": None}
    return {
        "data": {"values": rows},
        "height": {"step": 44},
        "mark": {"type": "rect", "color": "var(--chart-1)", "height": {"band": 0.8}, "aria": False},
        "encoding": {
            "x": x,
            "x2": {"field": "end"},
            "y": _name("run"),
            "opacity": {"field": "share", "type": "quantitative", **shade},
            "tooltip": [
                _tip("start", ",", "from token"),
                _tip("end", ",", "to token"),
                _tip("share", ".1%", "drawn"),
            ],
        },
    }


def _lengths(lengths: Lengths, stats: Stats) -> Spec:
    rows = [
        {
            "length": _range(one.shortest, one.longest),
            "of": what,
            "share": _part(count, total),
            "count": count,
        }
        for one in lengths.bins
        for what, count, total in (
            ("documents", one.num_documents, stats.num_documents),
            ("tokens", one.num_tokens, stats.num_tokens),
        )
    ]
    return {
        "data": {"values": rows},
        "height": 240,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": _name("length") | {"title": "tokens", "axis": {"labelAngle": -40}},
            "xOffset": {"field": "of", "sort": None},
            "y": _amount("share", "share", {"format": "~%"}),
            "color": _colours("of", ("documents", "tokens")),
            "tooltip": [_tip("length", None, "length"), _tip("of"), _tip("count", ","), _tip("share", ".2%")],
        },
    }


def _names(counts: Iterable[tuple[str, int]], total: int) -> Spec:
    """Bars of tokens by name, the first ones."""
    rows = [{"name": spell(name), "count": count, "share": _part(count, total)} for name, count in counts][
        :_MAX_NAMES
    ]
    return {
        "data": {"values": rows},
        "height": {"step": _ROW_HEIGHT},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": _name("name"),
            "x": _amount("share", "share of all tokens", {"format": "~%", "tickCount": 5}),
            "tooltip": [_tip("name"), _tip("count", ",", "tokens"), _tip("share", ".3%")],
        },
    }


def _ranks(ranks: Sequence[RankCount]) -> Spec:
    powers = [10**power for power in range(19)]

    def axis(field: str, title: str) -> Spec:
        return _amount(field, title, {"format": "~s", "values": powers}) | {
            "scale": {"type": "log", "nice": False}
        }

    return {
        "data": {"values": [{"rank": one.rank, "count": one.count} for one in ranks]},
        "height": 240,
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": axis("rank", "rank"),
            "y": axis("count", "times"),
            "tooltip": [_tip("rank", ","), _tip("count", ",", "times")],
        },
    }


def _waste(shares: Sequence[SamplerShare], num_tokens: int, block_size: int) -> Spec:
    kinds = ("kept", "cropped", "padding")
    rows = [
        {"name": _sampler_name(one), "kind": kind, "place": place, "share": share}
        for one in shares
        for place, (kind, share) in enumerate(
            zip(
                kinds,
                (one.kept, one.cropped, one.padded * one.num_rows * block_size / num_tokens),
                strict=True,
            )
        )
    ]
    return {
        "data": {"values": rows},
        "height": {"step": 38},
        "mark": {"type": "bar"},
        "encoding": {
            "y": _name("name") | {"axis": {"labelExpr": "split(datum.label, ' · ')"}},
            "x": _amount("share", "as a share of the split's tokens", {"format": "~%", "tickCount": 6}),
            "color": _colours("kind", kinds),
            "order": {"field": "place"},
            "tooltip": [_tip("name", None, "sampler"), _tip("kind"), _tip("share", ".2%")],
        },
    }


def _sampler_name(one: SamplerShare) -> str:
    options = ", ".join(f"{name}={value}" for name, value in one.options.items())
    return spell(f"{one.sampler} · {options}" if options else one.sampler)


def _name(field: str) -> Spec:
    return {"field": field, "type": "nominal", "sort": None, "title": None}


def _amount(field: str, title: str, axis: Spec) -> Spec:
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def _tip(field: str, format: str | None = None, title: str | None = None) -> Spec:
    made: dict[str, Any] = {"field": field, "title": title or field}
    return made if format is None else made | {"format": format, "type": "quantitative"}


def _colours(field: str, names: Sequence[str]) -> Spec:
    scale = {"domain": [*names], "range": [f"var(--chart-{number + 1})" for number in range(len(names))]}
    return {"field": field, "type": "nominal", "scale": scale, "title": None}


def _label(text: str | None) -> str:
    return "" if text is None else text.translate(_SIGNS)


def _range(shortest: int, longest: int) -> str:
    return f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"


def _part(count: int, total: int) -> float:
    return count / total if total else 0.0


__all__ = ["of_coverage", "of_samplers", "of_stats"]
