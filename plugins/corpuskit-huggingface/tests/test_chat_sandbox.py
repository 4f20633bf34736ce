"""What a template may do, and what it may not."""

from __future__ import annotations

import datetime

import pytest

from corpuskit.errors import ConfigError
from corpuskit_huggingface.chat_limits import Refused
from corpuskit_huggingface.chat_sandbox import Compiled

NESTED = "{% set a0 = ['x'] %}" + "".join(
    f"{{% set a{n} = [" + ", ".join([f"a{n - 1}"] * 10) + "] %}" for n in range(1, 10)
)
LONG = "{% set a = range(99999)|list %}{% set b = a|list %}{% for i in range(99999) %}WHAT{% endfor %}"
HOSTILE = {
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "loops that leave all out": (
        "{% for i in range(9999) %}{% for j in range(9999) if false %}{% endfor %}{% endfor %}"
    ),
    "a large range": "{% for i in range(10**9) %}{% endfor %}",
    "a macro that calls itself": (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(40) }}"
    ),
    "doubling with ~": (
        "{% set n = namespace(x='aaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
    ),
    "doubling with +": (
        "{% set n = namespace(x='aaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}"
    ),
    "doubling in a block": (
        "{% set n = namespace(x='aaaa') %}{% for i in range(60) %}{% set y %}{{ n.x }}{{ n.x }}{% endset %}"
        "{% set n.x = y %}{% endfor %}"
    ),
    "a product": "{{ 'a' * 10**10 }}",
    "a product of lists": "{{ ([0] * 10**10)|length }}",
    "a power": "{{ 9 ** (9 ** 9) }}",
    "a wide field": "{{ '%1000000000d' % 1 }}",
    "a wide field of format": "{{ '{:>1000000000}'.format(1) }}",
    "a wide text": "{{ 'a'.center(10**10) }}",
    "a field of a given width": "{{ '{:>{w}}'.format(1, w=10**9) }}",
    "many slices": "{{ [1]|slice(10**9)|list }}",
    "a filter's width": "{{ 'a'|center(10**10) }}",
    "an indent": "{{ 'a\n'|indent(10**10) }}",
    "a replacement": "{% set x = 'a' * 100000 %}{{ x.replace('a', x) }}",
    "a replacement by the filter": "{% set x = 'a' * 100000 %}{{ x|replace('a', x) }}",
    "nested lists": NESTED + "{{ a9 }}",
    "nested lists as JSON": NESTED + "{{ a9|tojson }}",
    "nested lists that are compared": NESTED + NESTED.replace("a", "b") + "{{ a9 == b9 }}",
    "nested lists in namespaces": (
        "{% set n = namespace(x=['x']) %}{% for i in range(9) %}{% set n.x = [n.x, n.x] * 9 %}{% endfor %}"
        "{{ n.x }}"
    ),
    "nested mappings": (
        "{% set n = namespace(x=1) %}{% for i in range(30) %}{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}"
        "{{ n.x }}"
    ),
    "nested results": (
        "{% set n = namespace(x='x') %}{% for i in range(30) %}{% set n.x = dict(a=n.x, b=n.x) %}{% endfor %}"
        "{{ n.x|string }}"
    ),
    "much that is compared": LONG.replace("WHAT", "{% if a == b %}{% endif %}"),
    "much that is looked through": LONG.replace("WHAT", "{% if -1 in a %}{% endif %}"),
    "many slices of a long text": (
        "{% set a = 'x' * 16000000 %}{% for i in range(90000) %}{% set y = a[1:] %}{% endfor %}"
    ),
    "a wide separator": "{{ ([1] * 100000)|tojson(separators=('x' * 100000, ':')) }}",
    "a wide indent of JSON": "{{ [[1]]|tojson(indent=10**8) }}",
    "an indent of JSON that is a text": "{{ ([1] * 100000)|tojson(indent='x' * 100000) }}",
    "a mapping of long texts": "{{ dict.fromkeys(range(99999), 'x' * 10000) }}",
    "much text": "{% for i in range(90000) %}{{ 'a' * 1000 }}{% endfor %}",
    "Python's insides": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a namespace's insides": "{% set n = namespace(__class__=1) %}",
    "a list that is changed": "{{ messages.append(1) }}",
}


def compiled(text: str, **options) -> Compiled:
    return Compiled(text, where="here", **options)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_stopped(text) -> None:
    template = compiled(text)
    with pytest.raises(Refused):
        template.render({"messages": [1]})


def test_marks_are_spans_of_characters() -> None:
    text, spans = compiled(
        "ab{% generation %}c{{ x }}{% endgeneration %}d{% generation %}e{% endgeneration %}"
    ).render({"x": "\U0001f409"})
    assert [text[start:stop] for start, stop in spans] == ["c\U0001f409", "e"]


MARK = "{% generation %}a{{ x }}{% endgeneration %}"


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m(x) %}_" + MARK + "_{% endmacro %}__{{ m(x) }}_",
        "{% macro m(x) %}_" + MARK + "_{% endmacro %}__{{ '.' + m(x) ~ '.' }}_",
        "{% macro m(x) %}" + MARK + "{% endmacro %}{% macro n(x) %}_{{ m(x) }}{% endmacro %}_{{ n(x) }}",
        "__{% set y %}_" + MARK + "_{% endset %}_{{ y }}",
        "{% macro m() %}_{{ caller() }}{% endmacro %}_{% call m() %}_" + MARK + "{% endcall %}",
        "_{% for i in [[1]] recursive %}{{ i if i is integer else '_' }}"
        "{% if i is integer %}" + MARK + "{% else %}{{ loop(i) }}{% endif %}{% endfor %}",
        "_{% block b %}_" + MARK + "{% endblock %}_",
        "_{% with %}_" + MARK + "{% endwith %}_",
        "_{% generation %}a{% generation %}{{ x }}{% endgeneration %}{% endgeneration %}",
    ],
    ids=["macro", "sum", "macros", "set", "call", "recursion", "block", "with", "nested"],
)
def test_marks_enclose_the_same_wherever_they_stand(text) -> None:
    text, spans = compiled(text).render({"x": "b"})
    assert text[slice(*min(spans))] == "ab"
    assert type(text) is str


@pytest.mark.parametrize(
    "text",
    [
        "{% filter trim %} " + MARK + " {% endfilter %}",
        "{% set y %} " + MARK + " {% endset %}{{ y|trim }}",
        "{% set y %} " + MARK + " {% endset %}{{ y[1:] }}",
        "{% macro m(x) %}" + MARK + "{% endmacro %}{{ m(x).strip() }}",
        "{% macro m(x) %}" + MARK + "{% endmacro %}{{ '%s_' % m(x) }}",
        "{% macro m(x) %}" + MARK + "{% endmacro %}{{ [m(x)] }}{{ [m(x)]|join }}",
    ],
    ids=["filter", "trim", "slice", "method", "field", "list"],
)
def test_marks_whose_text_is_changed_are_refused(text) -> None:
    with pytest.raises(Refused, match="changes or drops what its generation marks enclose"):
        compiled(text).render({"x": "b"})


def test_marks_are_seen() -> None:
    assert compiled("{% if a %}{%- generation -%}x{%- endgeneration -%}{% endif %}").has_marks
    assert not compiled("{% macro m() %}{% endmacro %}{% call m() %}generation{% endcall %}").has_marks


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
