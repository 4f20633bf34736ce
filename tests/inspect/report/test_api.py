"""`corpuskit.report`: one file that holds all of it."""

from __future__ import annotations

import json
import re

import pytest

import corpuskit
from corpuskit.errors import ConfigError, UnknownName

pytest.importorskip("vl_convert")

MAX_BYTES = 3_000_000


def test_a_report_shows_the_corpus_its_run_and_its_batches(parsed, plain, stats_of, tmp_path):
    batches = plain.batches(batch_size=4, block_size=64, sampler="packed", seed=9, output="numpy")
    written = corpuskit.report(
        plain, tmp_path / "a.html", batches=batches, steps=[0, 2], encodings=["bytes"], stats=stats_of(plain)
    )
    assert written.path == tmp_path / "a.html"
    assert written.size_bytes == written.path.stat().st_size < MAX_BYTES
    page = parsed(written.path.read_text(encoding="utf-8"))
    assert [one.text for one in page.all("h1")] == ["plain"]
    sections = {one.attributes["id"]: one for one in page.all("section")}
    assert [*sections] == ["summary", "charts", "documents", "run", "batches", "provenance"]
    ids = [int(one.attributes["title"]) for one in sections["batches"].all("i")]
    assert ids == [one for step in (0, 2) for row in batches.trace(step).rows for one in row.x.tolist()]
    assert all(record.sha256 in sections["provenance"].text for record in plain.manifest.inputs)
    assert {*written.covered} == {"random", "shuffled", "packed"}
    assert written.covered["shuffled"] > 0.9 > written.covered["random"]
    assert json.loads(json.dumps(written.to_json()))["steps"] == [0, 2]


def test_a_static_report_is_the_same_page_with_drawings_and_no_script(parsed, plain, stats_of, tmp_path):
    pages = [
        parsed(
            corpuskit.report(
                plain, tmp_path / f"{static}.html", static=static, stats=stats_of(plain)
            ).path.read_text()
        )
        for static in (True, False)
    ]
    static, live = ({one.attributes["id"]: one.text for one in page.all("section")} for page in pages)
    assert static == live
    assert not [*pages[0].all("script")]
    assert len([*pages[0].all("div", kind="chart")]) == len([*pages[0].all("figure")]) > 5


def test_statistics_are_counted_unless_they_are_given(plain, stats_of, tmp_path):
    told = []
    written = corpuskit.report(plain, tmp_path / "a.html", static=True, on_progress=told.append)
    assert written.stats.num_tokens == stats_of(plain).num_tokens
    assert {progress.stage for progress in told} == {"stats"}


@pytest.mark.parametrize("static", [False, True])
def test_hostile_text_stays_text_wherever_it_is_shown(parsed, hostile, stats_of, tmp_path, static):
    batches = hostile.batches(batch_size=16, block_size=64, sampler="sequential", output="numpy")
    written = corpuskit.report(
        hostile,
        tmp_path / "a.html",
        batches=batches,
        num_documents=200,
        encodings=["o200k_base"],
        static=static,
        stats=stats_of(hostile),
    )
    assert written.size_bytes < MAX_BYTES
    text = written.path.read_text(encoding="utf-8")
    page = parsed(text)
    assert len([*page.all("script")]) == (0 if static else 2)
    names = {one.name for one in page.all()}
    assert not names & {"img", "iframe", "object", "embed", "link", "base", "form", "use", "image"}
    assert not {
        name for one in page.all() for name in one.attributes if name.startswith("on") or name == "style"
    }
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]", outside)
    assert "</script><script>window.ran" not in text


def test_a_corpus_whose_tokenizer_is_gone_is_shown_in_ids(plain, tmp_path, monkeypatch):
    def gone(self):
        raise UnknownName("tokenizer 'mine' is not installed")

    monkeypatch.setattr(corpuskit.Corpus, "tokenizer", property(gone))
    text = corpuskit.report(plain.path, tmp_path / "a.html", static=True).path.read_text()
    assert "Ids are shown instead of text: tokenizer &#x27;mine&#x27; is not installed" in text


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(plain, stats_of, tmp_path):
    path = tmp_path / "a.html"
    path.write_text("mine")
    with pytest.raises(
        ConfigError, match=r"a.html: is there already; choose another name with --output, or replace it"
    ):
        corpuskit.report(plain, path, stats=stats_of(plain))
    assert path.read_text() == "mine"
    corpuskit.report(plain, path, stats=stats_of(plain), static=True, overwrite=True)
    assert path.read_text() != "mine"
    with pytest.raises(ConfigError, match="is a folder; name a file with --output"):
        corpuskit.report(plain, tmp_path, stats=stats_of(plain))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": [-1]}, "a step = -1"),
        ({"steps": [2**63]}, "a step = 9223372036854775808: samples count up to"),
        ({"run_steps": 2**80}, "run_steps = .*: samples count up to"),
        ({"run_steps": 1.5}, "run_steps = 1.5"),
        ({"num_documents": -1}, "num_documents = -1"),
        (
            {"encodings": ["chars"]},
            "encoding 'chars': its vocabulary comes from a corpus, so it encodes no others",
        ),
    ],
)
def test_what_cannot_be_is_refused(plain, stats_of, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        corpuskit.report(plain, tmp_path / "a.html", stats=stats_of(plain), **options)
    assert not [*tmp_path.iterdir()]


def test_batches_of_another_corpus_are_refused(plain, hostile, tmp_path):
    with pytest.raises(ConfigError, match="expected, found those of <Split 'train'"):
        corpuskit.report(plain, tmp_path / "a.html", batches=hostile.batches(output="numpy"))
    grows = plain.batches(output="numpy", batch_size=[(0, 2), (5, 4)], block_size=16)
    with pytest.raises(ConfigError, match="a report is of batches of one shape, and these have a schedule"):
        corpuskit.report(plain, tmp_path / "a.html", batches=grows)
    mixture = corpuskit.mix({plain: 1, hostile: 1}).batches(output="numpy", block_size=16)
    with pytest.raises(ConfigError, match="expected, found those of <MixedStream"):
        corpuskit.report(plain, tmp_path / "a.html", batches=mixture)
