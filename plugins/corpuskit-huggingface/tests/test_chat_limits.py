"""What a template may spend."""

from __future__ import annotations

import pytest

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


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_stopped(text) -> None:
    template = Compiled(text, where="here")
    with pytest.raises(Refused):
        template.render({"messages": [1]})
