"""What a template may do, and what it may not."""

from __future__ import annotations

import datetime

import pytest

from corpuskit.errors import ConfigError
from corpuskit_huggingface.chat_limits import Refused
from corpuskit_huggingface.chat_sandbox import Compiled


def compiled(text: str, **options) -> Compiled:
    return Compiled(text, where="here", **options)


@pytest.mark.parametrize("text", ["{{ strftime_now('%d %b %Y') }}", "{{ [1, 2]|random }}", "{{ lipsum() }}"])
def test_neither_clock_nor_chance(text) -> None:
    with pytest.raises(ConfigError, match="which would make other bytes"):
        compiled(text).render({})


@pytest.mark.parametrize(
    "text",
    [
        "{{ messages|map(attribute='content') }}",
        "{{ strftime_now }}",
        "{{ cycler(1) }}",
        "{{ [[range]]|string }}",
        "{{ 'a' ~ messages.count }}",
        "{{ '%s' % joiner() }}",
        "{{ (messages|reverse)|string|upper }}",
    ],
)
def test_no_address_is_written(text) -> None:
    with pytest.raises(ConfigError, match="which would make other bytes each time"):
        compiled(text).render({"messages": [{"content": "a"}]})


def test_an_address_in_content_is_text() -> None:
    said = "<function f at 0x7f00aa>"
    assert compiled("{{ m[0].content }}").render({"m": [{"content": said}]})[0] == said


@pytest.mark.parametrize("form", ["%s", "%-s", "%010s", "%d%%%s"])
def test_no_time_zone(form) -> None:
    template = compiled("{{ strftime_now('" + form + "') }}", date=datetime.date(2026, 1, 2))
    with pytest.raises(ConfigError, match="time zone"):
        template.render({})


def test_a_date_that_is_given() -> None:
    template = compiled("{{ strftime_now('%d %b %Y') }}", date=datetime.date(2026, 1, 2))
    assert template.render({})[0] == "02 Jan 2026"
    assert compiled("{{ strftime_now('%%s') }}", date=datetime.date(2026, 1, 2)).render({})[0] == "%s"


def test_json_is_as_transformers_writes_it() -> None:
    value = {"b": "<\u00e4>", "a": [1, 2.5, None]}
    assert compiled("{{ x|tojson }}").render({"x": value})[0] == '{"b": "<\u00e4>", "a": [1, 2.5, null]}'
    assert (
        compiled("{{ x|tojson(indent=1, sort_keys=true) }}").render({"x": {"b": 1, "a": 2}})[0]
        == '{\n "a": 2,\n "b": 1\n}'
    )


def test_whitespace_of_blocks_is_taken_away() -> None:
    assert compiled("a\n  {% if true %}\nb\n  {% endif %}\nc").render({})[0] == "a\nb\nc"


def test_loops_may_be_left() -> None:
    assert (
        compiled("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}").render(
            {}
        )[0]
        == "01"
    )


def test_what_is_said_of_a_failure() -> None:
    with pytest.raises(Refused, match="line 2: TypeError"):
        compiled("\n{{ 1 + 'a' }}").render({})
    with pytest.raises(Refused, match="^no tools here$"):
        compiled("{{ raise_exception('no tools here') }}").render({})
