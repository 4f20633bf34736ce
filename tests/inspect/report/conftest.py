"""What tests of reports share: a corpus of hostile documents, and a page taken apart."""

from __future__ import annotations

import functools
import json
from html.parser import HTMLParser

import pytest

import corpuskit
from corpuskit.inspect.collecting import stats

#: Text that a page, a terminal or a script could fall for.
HOSTILE = [
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 2'><svg onload=window.ran=3>",
    "\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07",
    "\u202eback\u202c \u2066apart\u2069 \ufeff\u200b",
    "NUL \x00 here",
    "<!-- ]]> --> &lt;b&gt; \" ' ` ${window.ran=4} {{window.ran=5}}",
    "\u2028\u2029 <|endoftext|>",
    "long " + "a" * 1_000_000,
    "\U0001f600 \u6f22\u5b57 \u05e9\u05dc\u05d5\u05dd",
]
INPUT = "<b onmouseover=window.ran=6>'\".jsonl"
VOID = {"meta"}


class Element:
    """An element: its name, its attributes, all text in it, and the elements in it."""

    def __init__(self, name, attributes):
        self.name, self.attributes, self.text, self.inside = name, dict(attributes), "", []

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()

    def all(self, name=None, *, kind=None):
        """The elements of a name or a class inside, in order."""
        for one in self.inside:
            if (name is None or one.name == name) and (kind is None or kind in one.classes):
                yield one
            yield from one.all(name, kind=kind)


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs)
        self.open[-1].inside.append(Element(tag, attrs))
        if tag not in VOID:
            self.open.append(self.open[-1].inside[-1])

    def handle_startendtag(self, tag, attrs):
        self.open[-1].inside.append(Element(tag, attrs))

    def handle_endtag(self, tag):
        assert self.open.pop().name == tag

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")


@pytest.fixture(scope="session")
def parsed():
    """Takes HTML apart; every element must be closed, and in order."""

    def parse(text):
        parser = _Parser()
        parser.feed(text)
        parser.close()
        assert len(parser.open) == 1
        return parser.root

    return parse


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A corpus whose documents, input and name are hostile, with a valid split."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = [HOSTILE[number % len(HOSTILE)] if number < 40 else f"fine {number}" for number in range(200)]
    (folder / INPUT).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return corpuskit.prepare(
        str(folder / INPUT),
        encoding="gpt2",
        name="<script>window.ran=7</script>",
        output=folder / "out",
        split="valid=0.2",
    )


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A corpus of 300 short documents in three files."""
    folder = tmp_path_factory.mktemp("plain")
    for file in range(3):
        lines = [json.dumps({"text": f"file {file}, text {line}. " * (1 + line % 7)}) for line in range(100)]
        (folder / f"{file}.jsonl").write_text("\n".join(lines) + "\n")
    return corpuskit.prepare(
        [str(folder / f"{file}.jsonl") for file in range(3)],
        encoding="gpt2",
        name="plain",
        output=folder / "out",
        split="none",
    )


@pytest.fixture(scope="session")
def stats_of():
    """Counts a corpus, once."""
    return functools.cache(stats)
