"""The page lets nothing in, and runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from corpuskit.inspect.report import page as module
from corpuskit.inspect.report.drawing import Chart
from corpuskit.inspect.report.page import Section, page

HOSTILE = "</script><script>window.ran=1</script><!-- \u2028 & \u202e"


@pytest.fixture
def made(monkeypatch, parsed):
    """Makes a page with a chart and a script; gives it taken apart."""
    monkeypatch.setattr(module, "bundle", lambda script: f"const x = '</script><!--<script>';{script}")

    def make(*, static=False):
        chart = Chart("one", HOSTILE, HOSTILE, {"data": [{"name": HOSTILE}]}, "<svg></svg>")
        sections = [Section("first", HOSTILE, "<p>content</p>"), Section("second", "Second", charts=[chart])]
        return parsed(page(HOSTILE, HOSTILE, sections, footer=HOSTILE, static=static))

    return make


def policy(found):
    (meta,) = (
        one for one in found.all("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    return dict(rule.strip().split(" ", 1) for rule in meta.attributes["content"].split(";"))


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_lets_in_the_style_and_the_script_alone(made):
    found = made()
    rules = policy(found)
    assert rules["default-src"] == "'none'"
    (style,) = found.all("style")
    assert rules["style-src"] == digest(style.text)
    data, script = found.all("script")
    assert rules["script-src"] == digest(script.text)
    assert data.attributes["type"] == "application/json"
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}


def test_a_static_page_has_no_script_and_lets_none_in(made):
    found = made(static=True)
    assert not [*found.all("script")]
    assert "script-src" not in policy(found)
    assert [*found.all("svg")]


def test_text_stays_text_in_elements_and_in_data(made):
    found = made()
    assert [one.text for one in found.all("h1")] == [
        "</script><script>window.ran=1</script><!-- ⟨U+2028⟩ & ⟨U+202E⟩"
    ]
    assert json.loads(next(found.all("script")).text) == {"one": {"data": [{"name": HOSTILE}]}}
    assert len([*found.all("script")]) == 2


def test_no_attribute_runs_anything_or_names_another_place(made):
    found = made()
    attributes = [(name, value or "") for one in found.all() for name, value in one.attributes.items()]
    assert not [
        name
        for name, _ in attributes
        if name.startswith("on") or name in ("style", "src", "srcset", "action")
    ]
    assert all(value.startswith("#") for name, value in attributes if name.endswith("href"))
    assert not re.search(r"https?://|url\(|@import", next(found.all("style")).text)


def test_every_part_has_a_link_and_a_heading(made):
    found = made()
    assert [one.attributes["href"] for one in found.all("a")] == ["#first", "#second"]
    sections = {one.attributes["id"]: one for one in found.all("section")}
    assert [*sections] == ["first", "second"]
    for name, section in sections.items():
        assert section.attributes["aria-labelledby"] == f"{name}-title"
        assert next(section.all("h2")).attributes["id"] == f"{name}-title"
    identifiers = [one.attributes["id"] for one in found.all() if "id" in one.attributes]
    assert len(identifiers) == len(set(identifiers))
