"""What the page says of a corpus from its manifest."""

from __future__ import annotations

import dataclasses
import json

import corpuskit
from corpuskit.inspect.report.provenance import findings_html, provenance_html, summary_html


def test_every_input_has_its_digest(parsed, plain):
    page = parsed(provenance_html(plain))
    rows = [[cell.text for cell in row.all("td")] for row in page.all("tr")]
    for record in plain.manifest.inputs:
        assert [record.name, f"{record.size_bytes:,}", record.sha256] in rows
    for said in (plain.fingerprint, plain.manifest.tokenizer.fingerprint, "gpt2", corpuskit.__version__):
        assert said in page.text


def test_a_license_is_said_where_it_is_known(parsed, plain, tmp_path):
    assert "licensenot known" in parsed(provenance_html(plain)).text
    known = corpuskit.prepare("tinyshakespeare", encoding="bytes", output=tmp_path / "out")
    license = json.loads((tmp_path / "out/run.json").read_text())["license"]
    assert f"license{license}" in parsed(provenance_html(known)).text
    assert license


def test_many_inputs_are_listed_in_part(parsed, plain):
    class Many:
        def __init__(self, corpus):
            self.path, self.fingerprint = corpus.path, corpus.fingerprint
            inputs = corpus.manifest.inputs * 500
            self.manifest = corpus.manifest.model_copy(update={"inputs": inputs})

    page = parsed(provenance_html(Many(plain)))
    assert len([*page.all("tr")]) == 201
    assert "and 1,300 more" in page.text


def test_names_stay_text(parsed, hostile):
    page = parsed(provenance_html(hostile))
    assert {one.name for one in page.all()} == {
        "dl",
        "dt",
        "dd",
        "h3",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "<script>window.ran=7</script>" in page.text


def test_the_summary_has_the_numbers_and_the_splits(parsed, hostile, stats_of):
    stats = stats_of(hostile)
    page = parsed(summary_html(hostile, stats))
    assert f"{stats.num_tokens:,}tokens" in page.text
    rows = [[cell.text for cell in row.all("td")] for row in page.all("tr")][1:]
    assert rows == [[one.name, f"{one.num_tokens:,}", f"{one.num_documents:,}"] for one in stats.splits]
    unknown = dataclasses.replace(stats, text_bytes=None)
    assert "bytes of text" not in parsed(summary_html(hostile, unknown)).text


def test_findings_name_documents(parsed, plain, stats_of):
    stats = stats_of(plain)
    page = parsed(findings_html(dataclasses.replace(stats, notes=("One <i>note</i>",))))
    assert "One <i>note</i>." in page.text
    for group in stats.duplicates.worst[:8]:
        assert f"{group.examples[0].input} at {group.examples[0].input_start:,}" in page.text
