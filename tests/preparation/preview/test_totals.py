"""Totals, and the range in which the truth should be."""

from __future__ import annotations

import json
import random

import pytest

import corpuskit
from corpuskit.preparation.preview.result import range_text
from corpuskit.preparation.preview.totals import Range


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Range(9713, 9713, 9713), "9,713"),
        (Range(58_141_398, 54_210_000, 62_290_000), "about 58 M, 54 to 62"),
        (Range(21_073_013, 20_600_000, 21_500_000), "about 21.1 M, 20.6 to 21.5"),
        (Range(9713, 9203, 10_210), "about 9,700, 9,200 to 10,200"),
        (Range(1_781_994_603, 1_500_000_000, 2_000_000_000), "about 1.8 B, 1.5 to 2.0"),
        (Range(3, 1, 5), "about 3, 1 to 5"),
        (Range(0, 0, 0), "0"),
    ],
)
def test_a_number_has_the_digits_that_are_known(found, text):
    assert range_text(found) == text


def jsonl(texts):
    return "".join(
        json.dumps({"id": n, "text": text, "at": "x" * 9}) + "\n" for n, text in enumerate(texts)
    ).encode()


def test_splits_have_the_sizes_of_their_rule(prose, tmp_path):
    for rule in ("characters:0.1", "none"):
        found = corpuskit.plan(str(prose), encoding="bytes", split=rule).estimate
        corpus = corpuskit.prepare(str(prose), output=tmp_path / rule, encoding="bytes", split=rule)
        assert {name: found.splits[name].value for name in corpus} == {n: len(s) for n, s in corpus.items()}
    found = corpuskit.plan(str(prose), encoding="bytes", lines=True, split="valid=0.2,test=0.1").estimate
    corpus = corpuskit.prepare(
        str(prose), output=tmp_path / "x", encoding="bytes", lines=True, split="valid=0.2,test=0.1"
    )
    assert list(found.splits) == list(corpus)
    for name, split in corpus.items():
        assert found.splits[name].low <= len(split) <= found.splits[name].high


def test_the_range_of_a_split_knows_that_a_few_documents_are_most_of_the_text(tmp_path):
    texts = ["a b"] * 40_000 + ["word " * 20_000] * 20
    random.Random(2).shuffle(texts)
    path = tmp_path / "uneven.jsonl"
    path.write_bytes(jsonl([f"{number} {text}" for number, text in enumerate(texts)]))
    options = {"encoding": "bytes", "split": "valid=0.1,test=0.1"}
    found = corpuskit.plan(str(path), **options).estimate
    corpus = corpuskit.prepare(str(path), output=tmp_path / "x", **options)
    for name, split in corpus.items():
        assert found.splits[name].low <= len(split) <= found.splits[name].high
    assert found.splits["valid"].high > 1.5 * found.splits["valid"].value
