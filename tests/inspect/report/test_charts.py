"""Charts show the numbers of the statistics."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from corpuskit.batches.options import options_of
from corpuskit.batches.order import Order
from corpuskit.inspect.report.charts import of_coverage, of_samplers, of_stats
from corpuskit.inspect.report.coverage import coverage
from corpuskit.inspect.stats_records import InputShare, SamplerShare, TokenCount

pytest.importorskip("vl_convert")


def rows(chart):
    """The values that a chart shows."""
    return next(data["values"] for data in chart.live["data"] if "values" in data)


def test_shares_of_lengths_tokens_and_inputs_are_those_of_the_corpus(plain, stats_of):
    stats = stats_of(plain)
    charts = {chart.name: chart for chart in of_stats(stats)}
    assert set(charts) >= {"lengths", "frequent", "ranks", "scripts", "inputs"}
    lengths = np.diff(np.append(0, plain["train"].document_ends()))
    for of, weights in (("documents", np.ones_like(lengths)), ("tokens", lengths)):
        bars = [row for row in rows(charts["lengths"]) if row["of"] == of]
        assert sum(row["share"] for row in bars) == pytest.approx(1)
        assert sum(row["count"] for row in bars) == weights.sum()
    counts = np.bincount(plain["train"][:])
    first = rows(charts["frequent"])[0]
    assert first["count"] == counts.max()
    assert first["share"] == pytest.approx(counts.max() / counts.sum())
    assert f"({counts.argmax()})" in first["name"]
    assert {row["name"] for row in rows(charts["inputs"])} == {one.name for one in plain.manifest.inputs}


def test_names_of_a_corpus_are_spelled_out_and_stay_text(plain, stats_of):
    name = "</text><script>window.ran=1</script>\u202e\x00"
    stats = dataclasses.replace(
        stats_of(plain),
        inputs=(InputShare(name, 5, 1), InputShare("b", 2, 1)),
        most_frequent=(TokenCount(3, 9, " \n<b>\u202e"), TokenCount(4, 1, None)),
    )
    charts = {chart.name: chart for chart in of_stats(stats)}
    assert rows(charts["inputs"])[0]["name"] == "</text><script>window.ran=1</script>⟨U+202E⟩⟨U+0000⟩"
    assert [row["name"] for row in rows(charts["frequent"])] == ["␣↵<b>⟨U+202E⟩ (3)", " (4)"]
    for chart in charts.values():
        assert not [one for one in ET.fromstring(chart.svg).iter() if one.tag.endswith("script")]


def test_padding_is_shown_in_tokens_of_the_split(plain, stats_of):
    stats = stats_of(plain)
    share = SamplerShare("train", "packed", {"tail": "pad"}, num_rows=100, kept=0.9, cropped=0.1, padded=0.25)
    (chart,) = of_samplers(dataclasses.replace(stats, samplers=(share,), block_size=64), "train")
    found = {row["kind"]: row["share"] for row in rows(chart)}
    assert found == {"kept": 0.9, "cropped": 0.1, "padding": pytest.approx(1600 / len(plain["train"]))}
    assert {row["name"] for row in rows(chart)} == {"packed · tail=pad"}
    assert of_samplers(dataclasses.replace(stats, samplers=()), "train") == []


def test_a_strip_has_the_share_of_each_bin(plain):
    order = Order(plain["train"], options_of(sampler="random", block_size=32))
    found = coverage(order, 100, bins=20)
    chart = of_coverage([found], steps=25, epochs=0.5)
    assert [row["share"] for row in rows(chart)] == pytest.approx(
        (found.drawn / np.diff(found.edges)).tolist()
    )
    assert {row["run"] for row in rows(chart)} == {f"random · {found.share:.1%}"}
    assert "25 steps" in chart.note
    assert "0.50 times" in chart.note


def test_a_corpus_without_documents_can_be_drawn(plain, stats_of):
    stats = stats_of(plain)
    lengths = dataclasses.replace(stats.lengths, mean=0, quantiles=(), bins=())
    none = dataclasses.replace(
        stats,
        num_tokens=0,
        num_documents=0,
        lengths=lengths,
        most_frequent=(),
        rank_counts=(),
        inputs=(),
        scripts=None,
    )
    assert [chart.name for chart in of_stats(none)] == ["lengths", "frequent"]
