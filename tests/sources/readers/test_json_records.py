"""Documents of records, whatever a document is."""

from __future__ import annotations

import json

import orjson
import pytest

from corpuskit.errors import SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.readers import json_records
from corpuskit.sources.readers.chat import ChatReader
from corpuskit.sources.readers.jsonl import JsonlReader

#: One that all readers take.
GOOD = {"text": "a", "messages": [{"role": "user", "content": "a"}]}


@pytest.mark.fault("T8")
def test_a_record_of_too_many_values_is_a_bad_document(tmp_path, input_of, monkeypatch):
    monkeypatch.setattr(json_records, "_SMALL_BYTES", 1000)
    monkeypatch.setattr(json_records, "_MAX_VALUES", 300)
    path = tmp_path / "dense.jsonl"
    dense = [
        b"[" + b"[]," * 400 + b"0]",
        b'["' + b'", "'.join([b"x"] * 400) + b'"]',
        b"[1" + b",1" * 600 + b"]",
    ]
    lines = [b'{"text": "one"}', *(b'{"text": "t", "more": ' + value + b"}" for value in dense)]
    texts = ["many [brackets], {commas} " * 200, 'quoted ", " and \\ escaped, [' * 100]
    lines += [json.dumps({"text": text}).encode() for text in texts]
    path.write_bytes(b"\n".join(lines) + b"\n")
    parsed = []
    loads = orjson.loads
    monkeypatch.setattr(orjson, "loads", lambda line: parsed.append(line) or loads(line))

    reader, bad = JsonlReader({"on_bad_document": "skip"}), []
    batches = reader.read(input_of(path), Slice(), lambda kind, start, reason: bad.append((kind, reason)))
    found = [text for batch in batches for text in batch.texts]

    assert found == [b"one", *(text.encode() for text in texts)]
    assert [kind for kind, _ in bad] == ["invalid-json"] * 3
    assert "more than 300 values in one record" in bad[0][1]
    assert not [line for line in parsed if len(line) > 1000 and b"more" in line]


@pytest.mark.parametrize("reader", [JsonlReader, ChatReader])
@pytest.mark.parametrize(
    "broken", ["", "{", "[]", '{"text": null, "messages": null}', '{"text": 1, "messages": 1}']
)
def test_records_that_are_left_out_take_their_fields_with_them(reader, broken, tmp_path, input_of):
    lines = [json.dumps({**GOOD, "id": number, "n": number / 4}) for number in range(5)]
    lines[2] = broken
    (tmp_path / "a.jsonl").write_text("\n".join([*lines, ""]))
    heard = []
    (batch,) = reader({"keep": "id,n", "on_bad_document": "skip"}).read(
        input_of(tmp_path / "a.jsonl"), Slice(), lambda kind, start, reason: heard.append(start)
    )
    assert batch.fields == {"id": [0, 1, 3, 4], "n": [0.0, 0.25, 0.75, 1.0]}
    assert len(batch.texts) == len(batch.starts) == 4
    assert len(heard) == 1


@pytest.mark.parametrize("reader", [JsonlReader, ChatReader])
@pytest.mark.parametrize("is_strict", [True, False])
def test_whole_numbers_are_exact_however_a_record_is_read(reader, is_strict, tmp_path, input_of):
    number = 2**63 + 1
    record = {**GOOD, "id": number, "deep": {"n": [number, 0.5]}}
    text = json.dumps(record if is_strict else {**record, "other": float("nan")})
    (tmp_path / "a.jsonl").write_text(text)
    (batch,) = reader({"keep": "id:str,deep:str"}).read(input_of(tmp_path / "a.jsonl"), Slice(), pytest.fail)
    assert batch.fields == {"id": [str(number)], "deep": [f'{{"n":[{number},0.5]}}']}


@pytest.mark.parametrize("reader", [JsonlReader, ChatReader])
def test_what_is_not_read_of_a_record_is_an_error_only_where_it_is_asked_for(reader, tmp_path, input_of):
    text = json.dumps({**GOOD, "lang": "de"}).removesuffix("}")
    deep = "[" * 1500 + "]" * 1500
    (tmp_path / "a.jsonl").write_text(f'{text}, "deep": {deep}, "long": {"9" * 5000}}}')
    item = input_of(tmp_path / "a.jsonl")
    (batch,) = reader({"keep": "lang"}).read(item, Slice(), pytest.fail)
    assert batch.fields == {"lang": ["de"]}
    for keep in ("deep:str", "long:str"):
        with pytest.raises(SourceError, match="is nested too deeply, or a number too long, to be kept"):
            [*reader({"keep": keep}).read(item, Slice(), pytest.fail)]
    for keep in ("deep", "long", "long:float", "long:int"):  # as text it could not be kept, either
        name = keep.partition(":")[0]
        with pytest.raises(SourceError, match=f"field '{name}' is .* or leave '{name}' out of --keep$"):
            [*reader({"keep": keep}).read(item, Slice(), pytest.fail)]
