from __future__ import annotations

import json
import re

import pytest

import corpuskit
from corpuskit import sealed
from corpuskit.inspect.card_markdown import BLANK, escaped, quoted, visible

yaml = pytest.importorskip("yaml")
markdown_it = pytest.importorskip("markdown_it")

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "[fill](javascript:alert(1))",
    "![x](http://example.invalid/x.png)",
    "a | b | c",
    "`code` **bold** _it_ ~~no~~ <b>html</b> &amp; \\",
    "---\nlicense: mit\n---\n# heading",
    "\x1b[31mred\x07\0\u202egnp.exe\u2028\u200b",
    "quote\" ' # comment: {a: [b]}",
    "www.example.invalid https://example.invalid a@example.invalid",
    "日本語 🙂 naïve",
    "x" * 1_000_000,
]


def rendered(text):
    """A page as HTML, HTML in it allowed and links found, as sites do."""
    return (
        markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    )


def parts(card):
    """The front matter as YAML, and the page."""
    found = re.fullmatch(r"---\n(.*?\n)---\n(.*)", card, re.DOTALL)
    return yaml.safe_load(found[1]), found[2]


@pytest.fixture
def corpus(tmp_path):
    """Prepares two files of lines under a name."""

    def make(name="mine", inputs=("a.txt", "b.txt")):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        for number, one in enumerate(inputs, 1):
            (folder / one).write_text("a line of text\n" * 100 * number)
        return corpuskit.prepare(
            str(folder), name=name, encoding="bytes", lines=True, split="valid=0.2", output=tmp_path / "out"
        )

    return make


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_the_text_that_it_is(text):
    html = rendered(f"| name |\n| --- |\n| {escaped(text)} |\n\nand {escaped(text)} too\n")
    assert re.sub(r"</?(table|thead|tbody|tr|th|td|p)>|\n", "", html).count("<") == 0
    shown = re.search(r"<td>(.*)</td>", html)[1]
    for name, character in (("lt", "<"), ("gt", ">"), ("quot", '"'), ("amp", "&")):
        shown = shown.replace(f"&{name};", character)
    assert shown == visible(text)
    assert rendered(escaped(text)).count("<") == 2  # a paragraph: no heading, list or rule


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_the_front_matter_is_a_string(text):
    assert yaml.safe_load(f"name: {quoted(text)}\nlast: 1\n") == {"name": visible(text), "last": 1}
    assert visible(text).isprintable()


def test_front_matter_says_what_is_known_and_nothing_else(corpus):
    front, page = parts(corpuskit.card(corpus()).to_markdown())
    assert front == {
        "pretty_name": "mine",
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["corpuskit", "token-ids"],
    }
    assert page.startswith("\n# mine\n")
    for what in ("languages", "licence", "what the text is", "cite"):
        assert re.search(rf"\{BLANK}[^\]]*{what}", str(corpuskit.card(corpus())))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("CC0-1.0", {"license": "cc0-1.0"}),
        ("Public domain", {"license": "other", "license_name": "public-domain"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "mit-or-apache-2.0"}),
        ("x\n---\nlicense: mit", {"license": "other", "license_name": "x-license-mit"}),
    ],
)
def test_front_matter_has_the_licence_as_hugging_face_calls_it(corpus, said, expected):
    made = corpus()
    (made.path / "run.json").write_text(json.dumps({"license": said}))
    front, page = parts(corpuskit.card(made).to_markdown())
    assert {key: front.get(key) for key in ("license", "license_name") if key in front} == expected
    assert "[CC0-1.0](https://spdx.org/licenses/CC0-1.0)" in page or "LicenseRef" in page or " OR " in page


def test_inputs_are_listed_by_size_and_by_tokens(corpus):
    made = corpus()
    _, page = parts(corpuskit.card(made).to_markdown())
    tokens = sum(map(len, made.values()))
    assert f"| b.txt | 3.0 kB | 66.7 % | 200 | {tokens * 2 // 3:,} | 66.7 % |\n| a.txt |" in page


def test_many_inputs_are_summed_up(corpus):
    _, page = parts(corpuskit.card(corpus(inputs=[f"{n:02}.txt" for n in range(30)])).to_markdown())
    assert len(re.findall(r"^\| \d\d\.txt", page, re.MULTILINE)) == 20
    assert re.search(r"^\| 10 others \| ", page, re.MULTILINE)


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 100])
def test_hostile_names_in_a_manifest_are_only_text(corpus, text):
    made = corpus()
    value = made.manifest.to_json()
    value["dataset"] = value["tokenizer"]["name"] = value["corpuskit_version"] = text
    value["inputs"][0]["name"] = text
    value["options"][text] = [text]
    value["left_out"][text] = value["left_out_files"][text] = 1
    (made.path / "manifest.json").write_bytes(sealed.to_bytes(value))
    (made.path / "run.json").write_text(json.dumps({"license": text, "plugins": [text]}))
    card = corpuskit.card(made.path).to_markdown()
    assert card.replace("\n", "").isprintable()
    front, page = parts(card)
    assert front["pretty_name"] == visible(text)
    assert page.startswith(f"\n# {escaped(text)}\n\n")
    tags = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "pre", "code"}
    assert set(re.findall(r"<(\w+)", rendered(page))) <= tags


def test_a_mixture_has_weights_and_licences(tmp_path):
    names = {}
    for name, license in (("one", "MIT"), ("two", "CC0-1.0"), ("three", None)):
        path = tmp_path / f"{name}.txt"
        path.write_text("some text\n" * 50)
        made = corpuskit.prepare(str(path), encoding="bytes", name=name, output=tmp_path / name)
        (made.path / "run.json").write_text(f'{{"license": "{license}"}}' if license else "{}")
        names[name] = made
    mixture = corpuskit.mix(
        {names["one"]: 3, names["two"]: 1, names["three"]: 0},
        stages=[corpuskit.Stage({names["one"]: 1, names["three"]: 1}, step=1000)],
        max_epochs={names["two"]: 2.5},
    )
    front, page = parts(corpuskit.card(mixture).to_markdown())
    assert "license" not in front
    assert "| Corpus | Licence | Tokens | Weight | Weight from step 1,000 on | Epochs at most |" in page
    rows = [re.sub(r"\| [\d,]+ \|", "| N |", row, count=1) for row in page.splitlines()]
    assert "| one | MIT | N | 3 (75.0 %) | 1 (50.0 %) | no limit |" in rows
    assert "| two | CC0-1.0 | N | 1 (25.0 %) | 0 (0.0 %) | 2.5 |" in rows
    assert "| three | [fill in: its licence] | N | 0 (0.0 %) | 1 (50.0 %) | no limit |" in rows
    known = corpuskit.mix({names["one"]: 3, names["two"]: 1})
    assert parts(corpuskit.card(known).to_markdown())[0]["license"] == ["cc0-1.0", "mit"]
