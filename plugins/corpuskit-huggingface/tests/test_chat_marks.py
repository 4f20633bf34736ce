"""Generation marks, wherever a template has them."""

from __future__ import annotations

import pytest

from corpuskit_huggingface.chat_limits import Refused
from corpuskit_huggingface.chat_sandbox import Compiled


def compiled(text: str) -> Compiled:
    return Compiled(text, where="here")


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
