"""What the figures of the documentation show, beside a computation of another kind."""

from __future__ import annotations

import math
import random
import re
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from corpuskit.tokenizers.opening import open_tokenizer

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
pytest.importorskip("sphinx")
from corpuskit_figures import FIGURES, figure  # noqa: E402 - found by the line above


@pytest.mark.parametrize("name", sorted(path.stem for path in FIGURES.glob("*.py")))
def test_a_figure_is_an_svg_with_its_alternative_text(name) -> None:
    root = ElementTree.fromstring(figure(name).draw('What "it" shows & more'))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == 'What "it" shows & more'
    width, height = (float(size) for size in root.get("viewBox").split()[2:])
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, across, down = (float(rect.get(side)) for side in ("x", "y", "width", "height"))
        assert 0 <= x <= x + across <= width
        assert 0 <= y <= y + down <= height


def test_the_picture_on_the_front_page_shows_tokens_their_ids_and_a_row_of_each() -> None:
    root = ElementTree.parse(DOCS / "_static/overview.svg")
    shown: dict[str, list[str]] = {}
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        shown.setdefault(f"{text.get('class')} {text.get('y')}", []).append(text.text)
    tokens, ids, x, y = (shown[row] for row in ("on 31", "id 77", "on 129", "on 197"))
    assert [
        str(one) for one in open_tokenizer("gpt2").encode("".join(tokens).replace("\N{RETURN SYMBOL}", "\n"))
    ] == ids
    assert (x, y) == (ids[4:8], ids[5:9])


def test_the_windows_are_of_the_first_tokens_of_tinyshakespeare() -> None:
    tokenizer = open_tokenizer("gpt2")
    tokens = figure("windows").TOKENS
    text = "First Citizen:\nBefore we proceed any further, hear me speak."
    ids = tokenizer.encode(text)[: len(tokens)]
    assert tuple(tokenizer.decode(ids[place : place + 1]) for place in range(len(ids))) == tokens


def test_the_last_window_of_the_figure_is_the_last_that_has_all_of_its_answers() -> None:
    module = figure("windows")
    rows = module.data()
    stream = list(range(len(module.TOKENS)))
    fitting = [s for s in stream if len(stream[s + 1 : s + 1 + module.LENGTH]) == module.LENGTH]
    assert rows["last x"] == (fitting[-1], fitting[-1] + module.LENGTH)
    for name in ("", "last "):
        x, y = (stream[slice(*rows[f"{name}{row}".strip()])] for row in ("x", "y"))
        assert [token + 1 for token in x] == y


def test_the_probabilities_are_those_of_an_enumeration_and_the_draws_near_them() -> None:
    module = figure("pmf")
    probability, shares = module.data()
    stream = list(range(module.NUM_TOKENS))
    windows = [stream[s : s + module.LENGTH + 1] for s in stream]
    whole = [window for window in windows if len(window) == module.LENGTH + 1]
    assert probability == pytest.approx(1 / len(whole))
    assert len(shares) == len(whole)
    assert sum(shares) == pytest.approx(1)
    generator = np.random.default_rng(module.SEED)
    counted = Counter(generator.integers(0, len(whole), module.DRAWS).tolist())
    assert shares == [counted[start] / module.DRAWS for start in range(len(whole))]
    stray = math.sqrt(probability * (1 - probability) / module.DRAWS)
    assert all(abs(share - probability) < 4 * stray for share in shares)


def test_coverage_is_what_sets_of_tokens_say_and_what_the_theory_says() -> None:
    module = figure("coverage")
    curves = module.data()
    for sampler, curve in curves.items():
        share_at_one = dict(curve)[1.0]
        inputs: set[int] = set()
        for start in module.starts(sampler, module.EPOCH).tolist():
            inputs.update(range(start, start + module.LENGTH))
        assert share_at_one == pytest.approx(len(inputs) / module.NUM_TOKENS)
    for epochs, share in curves["random"]:
        assert share == pytest.approx(1 - math.exp(-epochs), abs=0.02)
    for epochs, share in curves["shuffled"]:
        assert share == pytest.approx(min(1.0, epochs), abs=0.02)


def test_coverage_of_draws_by_another_generator_is_the_same() -> None:
    module = figure("coverage")
    other = random.Random(1)
    starts = [other.randrange(module.NUM_TOKENS - module.LENGTH) for _ in range(module.EPOCH)]
    assert module.seen(np.array(starts)) == pytest.approx(dict(module.data()["random"])[1.0], abs=0.02)


def test_throughput_is_the_table_of_its_page() -> None:
    rows = figure("throughput").data()
    assert len(rows) == 6
    baseline = rows["nanoGPT's get_batch"]
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    table = page.partition("### Batches, in an earlier run")[2]
    for name, ratio in re.findall(r"^\| (.+?) +\| +[\d,]+ \| +([\d.]+) \|$", table, re.MULTILINE):
        assert baseline / rows[name.replace("`", "")] == pytest.approx(float(ratio), rel=0.1), name


def test_the_loss_curve_is_what_the_page_says_that_it_printed() -> None:
    page = (DOCS / "tutorial/7-a-small-gpt.md").read_text(encoding="utf-8")
    printed = [line.split() for line in page.splitlines() if re.match(r" *\d+%  loss", line)]
    assert figure("loss").data() == [(int(share[:-1]), float(loss)) for share, _, loss in printed]
    assert len(printed) == 10
