"""--max-tokens stops at an exact document."""

from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.preparation import token_limit
from corpuskit.preparation.parts.record import PartRecord, PartShard
from corpuskit.preparation.token_limit import TokenLimit


@pytest.mark.parametrize("max_tokens", [1, 57, 58, 5_000, 20_000, 10**9])
def test_max_tokens_stops_at_the_same_document_however_the_work_is_done(
    prose, tmp_path, assert_same, max_tokens
):
    options = {"encoding": "bytes", "lines": True, "eot": True, "split": "valid=0.2"}
    one = corpuskit.prepare(
        str(prose), output=tmp_path / "one", max_tokens=max_tokens, workers=1, part_bytes=3000, **options
    )
    two = corpuskit.prepare(
        str(prose), output=tmp_path / "two", max_tokens=max_tokens, workers=2, part_bytes=3000, **options
    )
    assert_same(one.path, two.path)
    expected = total = 0
    for line in prose.read_bytes().split(b"\n")[:-1]:
        expected += 1
        total += len(line) + 1
        if total >= max_tokens:
            break
    assert sum(split.num_documents for split in one.values()) == expected
    assert sum(map(len, one.values())) == total
    assert corpuskit.verify(one.path) == []


def test_max_tokens_counts_a_document_where_it_ends_not_where_a_part_does(prose, tmp_path):
    """The limit lies inside a document that several parts make; it is kept to its end."""
    (tmp_path / "short.txt").write_text("short\n")
    corpus = corpuskit.prepare(
        [str(tmp_path / "short.txt"), str(prose), str(tmp_path / "short.txt")],
        encoding="bytes", output=tmp_path / "x", part_bytes=9_000, max_tokens=20_000, workers=2, eot=True,
    )  # fmt: skip
    assert sum(map(len, corpus.values())) == prose.stat().st_size + 1 + len("short\n") + 1


def test_fields_are_of_the_documents_within_the_limit(tmp_path):
    """What is behind it decides no type, however the work is cut."""
    rows = [{"id": number, "text": "some text here"} for number in range(40)]
    rows += [{"id": "x", "text": "some text here", "score": 1.5} for _ in range(40)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def prepared(name, **options):
        corpus = corpuskit.prepare(
            str(tmp_path / "a.jsonl"), encoding="bytes", eot=True, output=tmp_path / name, **options
        )
        assert corpuskit.verify(corpus.path) == []
        return corpus

    few, many, cut = (
        prepared("few", max_tokens=450, part_bytes=300, shard_bytes=200),
        prepared("many", max_tokens=450, part_bytes=2**20, shard_bytes=200),
        prepared("cut", max_tokens=450, part_bytes=2**20),
    )
    for corpus in (few, many, cut):
        table = corpus["train"].fields()
        assert table.schema.names == ["id"]
        assert table["id"].to_pylist() == list(range(30))
    asked = prepared("asked", max_tokens=450, part_bytes=2**20, keep="id:str,score")
    assert [(field.name, field.type) for field in asked.manifest.fields] == [("id", "str"), ("score", "str")]
    behind = prepared("behind", max_tokens=650, part_bytes=2**20)
    assert behind["train"].fields()["id"].to_pylist() == [*map(str, range(40)), *["x"] * 4]


def record_of(number, num_tokens):
    shard = PartShard(f"part-{number:05d}-train-00000.bin", num_tokens, 1, 2 * num_tokens, "", "")
    return PartRecord(number, "", {"train": (shard,)}, {}, (), "", num_tokens, 1, 0, {}, separated=False)


def test_only_the_part_with_the_limit_is_looked_into(tmp_path, monkeypatch):
    looked_into = []

    def look(record, folder):
        looked_into.append(record.number)
        raise KeyboardInterrupt

    monkeypatch.setattr(token_limit, "_documents", look)
    with pytest.raises(KeyboardInterrupt):
        TokenLimit(25).cut([record_of(number, 10) for number in range(5)], tmp_path)
    assert looked_into == [2]


def test_each_part_is_counted_once_in_any_order():
    class Counted(dict):
        asked = 0

        def __getitem__(self, number):
            self.asked += 1
            return super().__getitem__(number)

    limit, records = TokenLimit(95), Counted()
    answers = {}
    for number in [1, 0, 3, 2, *range(4, 12)]:
        records[number] = record_of(number, 10)
        answers[number] = limit.reached(records)
    assert [number for number, reached in answers.items() if reached] == [9, 10, 11]
    assert records.asked == 10
