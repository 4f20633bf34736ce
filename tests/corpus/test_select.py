"""Choosing documents by an expression."""

from __future__ import annotations

import itertools
import json
import sys

import pytest

import corpuskit
from corpuskit.corpus.select import chosen
from corpuskit.errors import ConfigError

RECORDS = [
    {
        "id": n,
        "text": "x" * (n % 7 + 1),
        "lang": ["de", "en", None][n % 3],
        "score": n / 4,
        "meta": {"s": f"s{n % 2}"},
    }
    for n in range(50)
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("select")
    (folder / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    keep = "lang,score,meta.s"
    return corpuskit.prepare(
        folder / "a.jsonl", encoding="bytes", output=folder / "made", keep=keep, shard_bytes=99
    )


@pytest.mark.parametrize(
    ("expression", "is_chosen"),
    [
        ("lang = 'de' and score > 3", lambda r: r["lang"] == "de" and r["score"] > 3),
        ("lang is null", lambda r: r["lang"] is None),
        ("\"meta.s\" = 's1' or LANG in ('en')", lambda r: r["meta"]["s"] == "s1" or r["lang"] == "en"),
        ("text_bytes >= 5 and document < 30", lambda r: len(r["text"]) >= 5 and r["id"] < 30),
        ("num_tokens = 4 -- with the end of text", lambda r: len(r["text"]) == 3),
        ("false", lambda r: False),
    ],
)
def test_the_documents_for_which_it_is_true_are_chosen(corpus, expression, is_chosen):
    train = corpus["train"]
    assert len(train.shard_starts) > 3
    selection = corpuskit.select(train, expression)
    assert list(selection) == [record["id"] for record in RECORDS if is_chosen(record)]
    assert (selection.split, selection.expression) == (train.fingerprint, expression)
    assert selection == corpuskit.select(train, numbers=list(selection))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "lan = 'de'",
            r"\"lan\" not found.*; the columns are lang, score, \"meta.s\", document, ",
        ),
        ("meta.s = 's1'", r'write "meta.s" in double quotes; the columns are .*"meta.s"'),
        ("lang = ", "no condition: syntax error"),
        ("", "expected an expression such as"),
        ("score + 1", "expected a condition that is true or false, found DOUBLE"),
        ("lang", "found VARCHAR"),
        ("lang = 'de') or (1 = 1", "or is not a condition|syntax error|Parser Error"),
        ("1 = 1; drop table documents", "no condition: syntax error"),
        ("1 = 1); drop table documents; select (1", "no condition: Only SELECT|several statements"),
        ("exists (select * from read_csv('/etc/passwd'))", "a query in the condition"),
        ("score > (select 1)", "a query in the condition"),
        ("random() > 0.5", "random is not known to give the same answer every time"),
        ("score > 0 and current_date = current_date", "current_date is not known"),
        ("NOW() is null", "now is not known"),
        ("pg_postmaster_start_time() is null", "pg_postmaster_start_time is not known to give the same"),
        ("pg_catalog.pg_conf_load_time() is null", "pg_conf_load_time is not known"),
        ("ago(interval 1 day) is null", "ago is not known"),
        ("age(timestamp '2020-01-01') is null", "age is not known"),
        ("error('x')", "error is not known"),
        ("localtime is null or user is null", "(localtime|user) is not known"),
        ("lenght(lang) = 2", "lenght does not exist"),
        ("[" * 900 + "]" * 900 + " is null", "depth limit of 100 exceeded; write one such as"),
        ("abs(" * 900 + "1" + ")" * 900 + " = 1", "depth limit of 100 exceeded; write one such as"),
        ("case when true then " * 900 + "true " + "end " * 900, "depth limit of 100 exceeded; write"),
        ("1::" + "STRUCT(a " * 45 + "INT" + ")" * 45 + " is null", "Unimplemented type for cast"),
        ("lang = $1", "a parameter, of which there are none"),
        ("count(*) > 1", "aggregate"),
        ("lang = 'de' order by score", "no condition: syntax error"),
        ("getenv('HOME') = 'x'", "getenv"),
        ("x" * 200_000, "200,000 characters"),
        (
            'lang = "de"',
            "double quotes are of columns: write text in single quotes, as 'de'; the columns are",
        ),
        ('"lang" = "it\'s"', 'as "it\'s"; the columns are'),
        ("lng = 'de'", r": Referenced column \"lng\" not found in FROM clause; the columns are"),
    ],
)
def test_what_is_more_than_a_condition_is_one_line(corpus, expression, message):
    with pytest.raises(ConfigError, match=message) as error:
        corpuskit.select(corpus["train"], expression)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "nullif(lang, 'en') = 'de'",
            "split_part(lang || '-x', '-', 1) = 'de'",
            "list_max([lang, 'a']) = 'de'",
        ),
        *("if(lang = 'de', true, false)", "lang like 'd%' and lang ~ 'de'", "upper(lang) in ('DE')"),
        *(
            "lang = 'de' and extract('hour' from to_timestamp(0)) = 0",
            "strftime(to_timestamp(0), lang) = 'de'",
        ),
        *("lang = 'de'" + " and document <> 99" * 3000, "(" * 90 + "lang = 'de'" + ")" * 90),
        "[" * 90 + "lang" + "]" * 90 + " = " + "[" * 90 + "'de'" + "]" * 90,
    ],
)
def test_functions_of_the_row_alone_are_called(corpus, expression):
    chosen = [record["id"] for record in RECORDS if record["lang"] == "de"]
    assert list(corpuskit.select(corpus["train"], expression)) == chosen


def test_the_time_zone_of_the_machine_decides_nothing(corpus, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    expression = "timestamptz '2020-01-01 00:00:00' = timestamptz '2020-01-01 00:00:00+00'"
    assert len(corpuskit.select(corpus["train"], expression)) == 50


def test_numbers_or_an_expression_of_a_split_are_expected(corpus):
    for arguments in ({}, {"expression": "true", "numbers": [1]}):
        with pytest.raises(ConfigError, match="expected an expression such as"):
            corpuskit.select(corpus["train"], **arguments)
    with pytest.raises(ConfigError, match=r"expected a split such as corpus\['train'\], found Corpus"):
        corpuskit.select(corpus, "true")
    with pytest.raises(ConfigError, match="0 to 49, found 50"):
        corpuskit.select(corpus["train"], numbers=[50])
    with pytest.raises(ConfigError, match="expected a list of documents' numbers, found int"):
        corpuskit.select(corpus["train"], numbers=5)


def test_what_is_no_text_is_no_condition(corpus):
    with pytest.raises(ConfigError, match=r"expected a condition as text, found int; or numbers=\[...\]"):
        corpuskit.select(corpus["train"], 5)


def test_the_numbers_of_another_splits_selection_are_refused(corpus, tmp_path):
    train = corpus["train"]
    selection = corpuskit.select(train, numbers=[1, 2])
    assert corpuskit.select(train, numbers=selection) == selection
    (tmp_path / "b.jsonl").write_text("".join(json.dumps({"text": f"y{n}"}) + "\n" for n in range(50)))
    other = corpuskit.prepare(tmp_path / "b.jsonl", encoding="bytes", output=tmp_path / "b")
    with pytest.raises(ConfigError, match="numbers is a selection of another split or corpus"):
        corpuskit.select(other["train"], numbers=selection)


def test_without_duckdb_numbers_can_be_given(corpus, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(
        ConfigError, match=r"not installed; run: .*select.*, or name the documents by their numbers"
    ):
        corpuskit.select(corpus["train"], "true")
    assert list(corpuskit.select(corpus["train"], numbers=[2, 1])) == [1, 2]


def test_a_kept_field_goes_before_a_computed_column_and_letters_tell_no_fields_apart(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "num_tokens": "x", "A": 1, "a": 2}\n')
    options = {"encoding": "bytes", "output": tmp_path / "x"}
    train = corpuskit.prepare(tmp_path / "a.jsonl", keep="num_tokens", **options)["train"]
    assert list(corpuskit.select(train, "num_tokens = 'x'")) == [0]
    train = corpuskit.prepare(tmp_path / "a.jsonl", keep="A,a", overwrite=True, **options)["train"]
    with pytest.raises(ConfigError, match="'A', 'a' differ in capital letters alone"):
        corpuskit.select(train, "a = 2")


def test_without_kept_fields_every_document_has_its_numbers(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n\nthree\n")
    train = corpuskit.prepare(tmp_path / "a.txt", lines=True, encoding="bytes", output=tmp_path / "x")[
        "train"
    ]
    assert list(corpuskit.select(train, "text_bytes > 3")) == [2]


def test_batches_draw_from_a_selection(corpus):
    selection = corpuskit.select(corpus["train"], "lang = 'de'")
    options = {"batch_size": 2, "block_size": 3, "sampler": "sequential", "output": "numpy"}
    batches = corpus.batches("train", selection=selection, **options)
    first = corpus["train"].document(0)[:3].tolist()
    assert batches[0][0][0].tolist()[: len(first)] == first
    assert json.loads(json.dumps(batches.state_dict()))


def test_documents_may_be_excluded_from_whatever_is_chosen(corpus, tmp_path):
    train = corpus["train"]
    asked = [*corpuskit.select(train, "lang = 'de'")]
    assert [*corpuskit.select(train, exclude=range(1, 50))] == [0]
    assert [*corpuskit.select(train, "lang = 'de'", exclude=asked[:2])] == asked[2:]
    assert [*corpuskit.select(train, numbers=[7, 3, 3], exclude=[3, 4])] == [7]
    rest = corpuskit.select(train, exclude=corpuskit.select(train, numbers=[1, 2]))
    assert [*rest] == [0, *range(3, 50)]
    with pytest.raises(ConfigError, match="0 to 49, found 50"):
        corpuskit.select(train, exclude=[50])
    with pytest.raises(ConfigError, match="expected a list of documents' numbers, found int"):
        corpuskit.select(train, exclude=5)
    with pytest.raises(ConfigError, match="the field 'url' is not kept"):
        corpuskit.select(train, exclude=tmp_path / "ids", field="url")


def test_a_condition_on_some_documents_is_that_on_all_of_them(tmp_path, monkeypatch):
    rows = [{"text": "x" * n, "n": n} for n in range(1, 30)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = {"encoding": "bytes", "output": tmp_path / "x", "keep": "n", "shard_bytes": 100, "split": "none"}
    train = corpuskit.prepare(str(tmp_path / "a.jsonl"), **made)["train"]
    condition = "n % 3 = 0 or num_tokens = 12 or document = 4 or text_bytes = 7"
    by_shard = [
        chosen(train, condition, range(n, n + 1)).tolist() for n in range(len(train.shard_starts) - 1)
    ]
    assert len(by_shard) > 3
    assert [*itertools.chain(*by_shard)] == [*corpuskit.select(train, condition)]
    monkeypatch.setattr("corpuskit.corpus.select._ROWS", 3)
    assert [*itertools.chain(*by_shard)] == [*corpuskit.select(train, condition)]
