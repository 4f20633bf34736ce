"""Charts are drawn and compiled; what they show of a corpus stays text."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import pytest

from corpuskit.errors import ConfigError
from corpuskit.inspect.report import drawing

pytest.importorskip("vl_convert")

LABEL = "</text><script>&\"'"


@pytest.fixture(scope="module")
def bars():
    spec = {
        "data": {"values": [{"name": LABEL, "count": 3}]},
        "mark": "bar",
        "encoding": {
            "y": {"field": "name", "type": "nominal"},
            "x": {"field": "count", "type": "quantitative"},
        },
    }
    return drawing.chart("bars", "Bars", "", spec)


def test_a_drawing_needs_no_style_and_no_other_file_and_is_well_formed(bars):
    root = ET.fromstring(bars.svg)
    assert not [one for one in root.iter() if one.tag.endswith(("script", "image", "use", "foreignObject"))]
    names = {name for one in root.iter() for name in one.attrib}
    assert not {name for name in names if name == "style" or name.startswith("on") or name.endswith("href")}
    assert LABEL in "".join(root.itertext())


def test_a_live_chart_fits_its_place_and_asks_for_nothing(bars):
    assert bars.live["autosize"]["type"] == "fit-x"
    assert not any("url" in data for data in bars.live["data"])


def test_what_bundles_scripts_evaluates_no_text():
    script = drawing.bundle("vegaEmbed('#x', {});")
    assert script is drawing.bundle("vegaEmbed('#x', {});")
    assert 500_000 < len(script) < 1_500_000


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(
        ConfigError,
        match=r"vl-convert-python, which is not installed: pip install 'corpuskit-core\[report\]'",
    ):
        drawing.check_installed()
