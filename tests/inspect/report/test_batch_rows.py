"""The batch page shows the rows of steps as batches gives them."""

from __future__ import annotations

import numpy as np
import pytest

from corpuskit.batches.options import options_of
from corpuskit.batches.order import Order
from corpuskit.inspect.lines import InputLines
from corpuskit.inspect.report.batch_rows import steps_html
from corpuskit.inspect.report.places import places_of
from corpuskit.inspect.report.token_markup import TokenMarkup


def shown(parsed, corpus, steps, **options):
    order = Order(corpus["train"], options_of(documents="mask", output="numpy", **options))
    markup = TokenMarkup(corpus.tokenizer, corpus.manifest.tokenizer.eot_id)
    return parsed(steps_html(order, steps, markup, InputLines(corpus)))


@pytest.mark.parametrize(
    ("sampler", "more"),
    [("random", {}), ("shuffled", {}), ("packed", {}), ("sequential", {}), ("sequential", {"tail": "pad"})],
)
def test_rows_have_their_ids_documents_masks_and_padding(parsed, plain, sampler, more):
    options = {"batch_size": 3, "block_size": 48, "sampler": sampler, "seed": 5, "sampler_options": more}
    page = shown(parsed, plain, [0, 7], **options)
    batches = plain.batches(documents="mask", output="numpy", **options)
    rows = [row for step in (0, 7) for row in batches.trace(step).rows]
    found = [*page.all("article", kind="row")]
    assert len(found) == len(rows) == 6
    for article, row in zip(found, rows, strict=True):
        tokens = [*article.all("i")]
        assert [int(one.attributes["title"]) for one in tokens] == row.x.tolist()
        assert ["m" in one.classes for one in tokens] == (row.y == -100).tolist()
        spans = [one for one in article.all("span") if "data-place" in one.attributes]
        assert [one.attributes["data-place"] for one in spans] == places_of(row.pieces, InputLines(plain))
        assert [len([*one.all("i")]) for one in spans] == [len(piece) for piece in row.pieces]
        padding = [one.text for one in article.all("span", kind="padding")]
        assert padding == ([f"{48 - len(row.x)} of padding"] if len(row.x) < 48 else [])
        drawn = [*article.all("rect")]
        assert len(drawn) == len(row.pieces) + bool(padding)
        assert sum(float(one.attributes["width"]) for one in drawn) == pytest.approx(1000, abs=0.5)
    if sampler in ("random", "shuffled"):
        assert any((row.y == -100).any() for row in rows)


def test_large_batches_are_shown_in_part_and_say_so(parsed, plain):
    page = shown(parsed, plain, [0], batch_size=40, block_size=2000, sampler="random")
    assert len([*page.all("article")]) == 16
    assert "and 24 more rows" in page.text
    counts = [len([*article.all("i")]) for article in page.all("article")]
    assert counts == [1000] * 16
    assert page.text.count("… 1,000 more") == 16


def test_hostile_text_and_names_stay_text(parsed, hostile):
    page = shown(parsed, hostile, [*range(4)], batch_size=8, block_size=64, sampler="sequential")
    allowed = ["h3", "h4", "small", "div", "article", "svg", "rect", "title", "span", "b", "i", "p"]
    assert {one.name for one in page.all()} <= {*allowed}
    assert not {name for one in page.all() for name in one.attributes if name.startswith("on")}
    assert "<img src=x onerror='window.ran = 2'><svg onload=window.ran=3>" in page.text
    assert not np.isin([*"\x00\x1b\u202e\ufeff"], [*page.text]).any()
