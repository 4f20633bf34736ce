"""Charts from specifications of Vega-Lite: drawn once as SVG, and again, alive, by the page's script."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from corpuskit.errors import ConfigError

Spec = dict[str, Any]

#: Pixels: of a chart that no script fits to its page.
_STATIC_WIDTH = 640
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name: nothing is asked
#: Colours are those of the page's style, so that a chart is light or dark as the page is.
_CONFIG: Spec = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelLimit": 200,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "orient": "top",
    },
    "bar": {"color": "var(--chart-1)"},
    "line": {"color": "var(--chart-1)"},
    "point": {"color": "var(--chart-1)", "filled": True, "size": 50},
}


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Args:
        name: Its name in the page, an identifier.
        title: What it shows.
        note: What to know to read it; may be empty.
        live: Its Vega specification, for the page's script.
        svg: The same as it stands without one.
    """

    name: str
    title: str
    note: str
    live: Spec
    svg: str


def chart(name: str, title: str, note: str, spec: Spec) -> Chart:
    """A specification of Vega-Lite, compiled and drawn.

    Args:
        name: Its name in the page, an identifier.
        title: What it shows.
        note: What to know to read it; may be empty.
        spec: The specification. Names and labels in it are spelled out already.

    Raises:
        ConfigError: If what draws it is not installed.
    """
    library = _library()
    whole = {"$schema": _SCHEMA, "config": _CONFIG, **spec}
    svg = library.vegalite_to_svg({**whole, "width": _STATIC_WIDTH})
    return Chart(name, title, note, library.vegalite_to_vega({**whole, "width": "container"}), svg)


@cache
def bundle(script: str) -> str:
    """A script with all that it needs of Vega, as one script that asks no network and evaluates no text.

    Args:
        script: JavaScript that calls `vegaEmbed`.

    Raises:
        ConfigError: If what bundles it is not installed.
    """
    made: str = _library().javascript_bundle(script)
    return made


def check_installed() -> None:
    """Refuse to begin where what draws charts is not there.

    Raises:
        ConfigError: If it is not installed.
    """
    _library()


def _library() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise ConfigError(
            "a report's charts are drawn by vl-convert-python, which is not installed: "
            "pip install 'corpuskit-core[report]'"
        ) from error
    return vl_convert


__all__ = ["Chart", "Spec", "bundle", "chart", "check_installed"]
