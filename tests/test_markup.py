"""HTML that no text breaks out of, and what objects show of themselves in notebooks."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import corpuskit
from corpuskit import markup

HOSTILE = (
    "</td></script><script>alert(1)</script><img src=x onerror='alert(2)'> \x1b[31m \u202e \x00 \" & \udcff"
)


class Tags(HTMLParser):
    """What elements a page has, and its text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.names, self.attributes, self.text = [], set(), {}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.names.add(tag)
        self.attributes.update(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def shown(value):
    """What an object shows, checked for what none may have."""
    found = Tags(value._repr_html_())
    assert not found.open
    assert found.names <= {
        "div",
        "style",
        "strong",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert set(found.attributes) <= {"class"}
    assert len(value._repr_html_()) < 12_000
    return found.text


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "<b>in.txt").write_text(f"{HOSTILE[:-1]}\n" * 40)
    return corpuskit.prepare(
        str(folder / "<b>in.txt"), encoding="bytes", output=folder / "<i>out", name="<u>name"
    )


def test_text_is_text_and_what_cannot_be_seen_is_spelled_out():
    found = Tags(f'<p title="{markup.escape(HOSTILE)}">{markup.escape(HOSTILE)}</p>')
    assert found.names == {"p"}
    assert found.text == found.attributes["title"]
    assert found.text.startswith("</td></script><script>alert(1)</script>")
    assert all(f"⟨U+{code}⟩" in found.text for code in ("001B", "202E", "0000", "DCFF"))


@pytest.mark.parametrize("text", ["one\ttwo\nthree", "é 漢字 नमस्ते 👩‍👩‍👧 עברית"])
def test_text_that_can_be_seen_stays(text):
    assert markup.escape(text) == text


def test_a_long_table_says_how_much_more_there_is():
    text = Tags(markup.display("many", {"unsaid": ""}, ("n",), [(number,) for number in range(1021)])).text
    assert "1,001 more" in text
    assert "unsaid" not in text


def test_a_corpus_and_its_split_show_what_they_hold(corpus):
    text = shown(corpus)
    assert str(corpus.path) in text
    assert "<u>name" in text
    assert f"{len(corpus['train']):,}" in text
    assert corpus.fingerprint in text
    text = shown(corpus["train"])
    assert f"{len(corpus['train']):,}" in text
    assert "uint16" in text


@pytest.mark.parametrize("sampler", ["random", "packed"])
def test_batches_show_what_they_were_told(corpus, sampler):
    text = shown(corpus.batches(batch_size=3, block_size=16, sampler=sampler, seed=77))
    assert sampler in text
    assert "77" in text


def test_a_trace_shows_hostile_text_as_text(corpus):
    trace = corpus.batches(batch_size=2, block_size=64, sampler="sequential", output="numpy").trace(0)
    text = shown(trace)
    assert "Step 0" in text
    assert "</td></script><script>alert(1)</script>" in text
    assert "⟨U+001B⟩" in text


def test_a_mixture_shows_shares_by_stage(corpus, prepared):
    other = prepared("other", "bytes")
    stage = corpuskit.Stage({other: 1}, step=1500)
    text = shown(corpuskit.mix({corpus: 3, other: 1}, stages=[stage], max_epochs={other: 2}))
    assert "75.0%" in text
    assert "from step 1,500" in text
    assert "100.0%" in text
    assert "2" in text
