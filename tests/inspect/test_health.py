from __future__ import annotations

import math

import pytest

import corpuskit
from corpuskit.errors import ConfigError
from corpuskit.inspect.health import RULES

HEALTHY = [f"{number}: the quick brown fox jumps over lazy dogs" for number in range(40)]


def broken(path, **options):
    return {finding.rule: finding for finding in corpuskit.health(path, **options)}


def test_a_healthy_corpus_breaks_no_rule(corpus_of):
    assert corpuskit.health(corpus_of(train=HEALTHY, valid=["something else altogether"])) == []


@pytest.mark.parametrize(
    ("rule", "splits", "found", "message"),
    [
        ("one-token", {"train": ["x" * 99]}, 0.99, 'id 120 "x" is 99.0 % of the tokens'),
        ("entropy", {"train": ["abab"]}, None, "bits of entropy a token"),
        (
            "duplicates",
            {"train": [*HEALTHY, *HEALTHY[:20]]},
            1 / 3,
            "33.3 % of the documents have",
        ),
        (
            "leak",
            {"train": HEALTHY, "valid": [HEALTHY[3], "new"]},
            0.5,
            "50.0 % of the documents after",
        ),
        ("empty", {"train": [*HEALTHY, "", ""]}, 2 / 42, "2 documents of 42 have no text"),
        ("replacement", {"train": [*HEALTHY, "\ufffd" * 10]}, None, "of the text is U+FFFD"),
    ],
)
def test_each_rule_is_broken_by_what_it_is_about(corpus_of, rule, splits, found, message):
    path = corpus_of(**splits)
    finding = broken(path)[rule]
    assert message in finding.message
    assert finding.threshold == RULES[rule][0]
    if found is not None:
        assert finding.found == pytest.approx(found)
    assert str(finding) == f"{rule}: {finding.message}"
    assert finding.to_json()["rule"] == rule
    # With the threshold at what was found it is no longer broken.
    assert rule not in broken(path, rules={rule: finding.found})


def test_ids_that_their_text_does_not_give_break_the_round_trip(tmp_path, written):
    documents = [(0, [*text.encode(), 256]) for text in HEALTHY] + [(0, [0xC3, 65, 256])]
    finding = broken(written(tmp_path / "corpus", {"train": documents}).path)["round-trip"]
    assert finding.message.startswith("1 of 41 sampled documents are encoded to other ids again, the first")
    assert "train 40" in finding.message


def test_a_corpus_of_unknown_tokens_is_found(corpus_of, monkeypatch):
    from corpuskit.tokenizers.bytes import ByteTokenizer

    plain = ByteTokenizer.decode_bytes
    monkeypatch.setattr(
        ByteTokenizer, "decode_bytes", lambda self, ids: b"<unk>" if list(ids) == [1] else plain(self, ids)
    )
    finding = broken(corpus_of(train=[*HEALTHY, "\x01" * 20]))["unknown"]
    assert "stand for text that the tokenizer has no id for" in finding.message


def test_a_corpus_without_tokens_breaks_nothing(corpus_of):
    assert corpuskit.health(corpus_of(train=[])) == []


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"onetoken": 1}, "no health rule 'onetoken'; did you mean 'one-token'?"),
        ({"zzz": 1}, "no health rule 'zzz'; there are one-token, unknown"),
        ({"leak": -1}, "health rule leak = -1: must be a number, 0 or more"),
        ({"leak": math.nan}, "health rule leak = nan: must be a number, 0 or more"),
        ({"leak": "much"}, "health rule leak = 'much': must be a number"),
        ({"leak": True}, "health rule leak = True: must be a number"),
    ],
)
def test_rules_are_checked(corpus_of, rules, message):
    with pytest.raises(ConfigError) as caught:
        corpuskit.health(corpus_of(train=HEALTHY), rules=rules)
    assert str(caught.value).startswith(message)
