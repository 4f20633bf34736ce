"""Conversations of every kind of file."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of
from corpuskit.errors import ConfigError, SourceError, UnknownName
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.files import FilesSource
from corpuskit.sources.readers.chat import ChatReader
from corpuskit.sources.user_files import SourceOptions, UserFiles

USER, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello 🙂"}
RECORDS = [
    {"messages": [USER, ANSWER]},
    {"messages": [{"role": "system", "content": "Be kind."}, USER, ANSWER, USER, ANSWER]},
]


def write(path, records):
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(records), path, row_group_size=2)
    elif path.suffix == ".json":
        path.write_text(json.dumps(records, indent=1))
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Input(path.name, path.stat().st_size, "", location=str(path), format="chat")


def read(item, part=None, heard=None, **options):
    reader = ChatReader(options)
    batches = [*reader.read(item, part or Slice(), lambda *said: heard.append(said))]
    assert all(len(b.texts) == len(b.starts) == len(b.pieces) for b in batches)
    assert not any(b.continues for b in batches)
    for batch in batches:
        for text, pieces in zip(batch.texts, batch.pieces, strict=True):
            assert text == b"".join(piece.text for piece in pieces if not piece.is_control)
    return [pieces for batch in batches for pieces in batch.pieces]


@pytest.fixture(params=["a.jsonl", "a.json", "a.parquet", "a.txt"])
def name(request):
    return request.param


@pytest.mark.parametrize("template", ["chatml", "llama3", "harmony", "plain"])
def test_documents_are_what_the_template_makes_of_the_records(name, template, tmp_path):
    item = write(tmp_path / name, RECORDS)
    expected = [open_template(template).pieces(conversation_of(record)) for record in RECORDS]
    assert read(item, template=template) == expected
    assert [*ChatReader({"template": template}).control_tokens] == [*open_template(template).control_tokens]


def test_options_say_what_is_written_and_learned(name, tmp_path):
    item = write(tmp_path / name, RECORDS)
    how = {"train_on": "last", "tools": False, "reasoning": "none"}
    expected = [open_template("plain").pieces(conversation_of(record), **how) for record in RECORDS]
    assert read(item, template="plain", **how) == expected


def test_a_field_may_be_named(name, tmp_path):
    item = write(tmp_path / name, [{"data": {"talk": one["messages"]}, "messages": None} for one in RECORDS])
    expected = [open_template("chatml").pieces(conversation_of(record)) for record in RECORDS]
    assert read(item, conversation_field="data.talk") == expected


def test_a_field_whose_own_name_has_dots_goes_before_one_that_dots_lead_to(name, tmp_path):
    others = [{"role": "user", "content": "No"}]
    records = [{"data": {"talk": others}, "data.talk": one["messages"]} for one in RECORDS]
    expected = [open_template("chatml").pieces(conversation_of(record)) for record in RECORDS]
    assert read(write(tmp_path / name, records), conversation_field="data.talk") == expected


def test_slices_hold_every_conversation_once(name, tmp_path):
    item = write(tmp_path / name, RECORDS * 50)
    whole = read(item)
    for target_bytes in (1, 500, 10**6):
        slices = ChatReader({}).slices(item, target_bytes=target_bytes)
        assert [one for part in slices for one in read(item, part)] == whole
    assert len(whole) == 100


def test_tools_of_parquet_are_those_of_the_records(tmp_path):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    record = {
        "tools": [{"type": "function", "function": {"name": "f", "description": "x"}}],
        "messages": [
            USER,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "y"},
            ANSWER,
        ],
    }
    lines, table = write(tmp_path / "a.jsonl", [record]), write(tmp_path / "a.parquet", [record])
    assert read(lines) == read(table)


@pytest.mark.parametrize(
    ("record", "kind", "reason"),
    [
        ({"messages": [{"role": "robot", "content": "x"}]}, "unknown-role", "message 1 has the role 'robot'"),
        ({"messages": [{"role": "human", "content": "x"}]}, "unknown-role", "did you mean 'user'?"),
        ({"messages": [{"role": "gpt", "content": "x"}]}, "unknown-role", "did you mean 'assistant'?"),
        ({"messages": [{"role": "User", "content": "x"}]}, "unknown-role", "tool; did you mean 'user'?)"),
        ({"messages": []}, "empty-conversation", "no messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "empty-conversation", "no message with text"),
        ({"messages": [USER, {"role": "tool", "content": "x"}]}, "orphan-tool-call", "answers no call"),
        (
            {"messages": [{"role": "system", "content": "x"}, {"role": "system", "content": "y"}]},
            "two-system-messages",
            "2 messages of role 'system'",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "content-parts",
            "message 1 has a part that is no text ('image_url')",
        ),
        ({"messages": [{"role": "user", "content": 5}]}, "not-a-conversation", "is a number, not text"),
    ],
)
def test_what_is_wrong_is_an_error_with_its_line_or_counted(record, kind, reason, tmp_path):
    for name, where in (("a.jsonl", "a.jsonl:2: "), ("b.json", "b.json:"), ("c.parquet", "c.parquet: ")):
        item = write(
            tmp_path / name, [record, record] if name[0] == "c" else [RECORDS[0], record, RECORDS[1]]
        )
        with pytest.raises(SourceError) as caught:
            read(item)
        assert str(caught.value).startswith(where)
        assert reason in str(caught.value)
        assert str(caught.value).endswith("; repair it or use --on-bad-document skip")
        heard = []
        assert len(read(item, heard=heard, on_bad_document="skip")) == (0 if name[0] == "c" else 2)
        assert {found for found, _, _ in heard} == {kind}
        assert "\n" not in heard[0][2]


def test_what_the_template_cannot_write_is_counted_too(tmp_path):
    call = {"function": {"name": "f"}}
    record = {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [call, call]}]}
    heard = []
    assert not read(
        write(tmp_path / "a.jsonl", [record]), heard=heard, template="llama3", on_bad_document="skip"
    )
    assert [kind for kind, _, _ in heard] == ["not-in-template"]


def test_a_record_without_a_conversation_is_as_one_without_text(tmp_path):
    item = write(tmp_path / "a.jsonl", [{"text": "x"}, {"messages": None}, RECORDS[0]])
    heard = []
    assert len(read(item, heard=heard)) == 1
    assert [kind for kind, _, _ in heard] == ["missing-conversation", "null-conversation"]
    assert "no field 'messages' or 'conversations' or 'prompt' (it has: text)" in heard[0][2]
    with pytest.raises(SourceError, match=r"a.jsonl:1: no field .*; repair it or use --on-missing skip"):
        read(item, on_missing="error")


def test_a_file_without_conversations_is_an_error_that_says_how_to_choose(tmp_path):
    records = [{"text": "x"}] * 100
    for name, words in (("a.jsonl", "none of the first 100 records has a field"), ("a.parquet", "no column")):
        with pytest.raises(SourceError, match=words) as caught:
            read(write(tmp_path / name, records), heard=[])
        assert "choose one with --reader-option conversation_field=NAME" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"template": "chatlm"}, UnknownName, "unknown template 'chatlm'"),
        ({"train_on": "user"}, ConfigError, "--train-on 'user': expected 'assistant' or 'last' or 'all'"),
        ({"reasoning": "some"}, ConfigError, "reader option reasoning: expected 'all' or 'last' or 'none'"),
        ({"tools": "no"}, ConfigError, "reader option tools: expected true or false"),
        ({"text_field": "x"}, ConfigError, "the chat reader has no option 'text_field'"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error) as caught:
        ChatReader(options)
    assert str(caught.value).startswith(message)


def test_the_users_files_have_no_end_of_text_by_default_and_say_their_control_tokens(tmp_path):
    write(tmp_path / "a.jsonl", RECORDS)
    source = UserFiles(
        [str(tmp_path / "a.jsonl")], options=SourceOptions(format="chat", reader={"template": "llama3"})
    )
    assert not source.default_eot
    assert source.default_split == ""
    (item,) = source.inputs()
    assert source.control_tokens(item) == open_template("llama3").control_tokens
    assert [*source.sample(item, Slice(), print)][-1][1] == 1.0
    assert UserFiles([str(tmp_path / "a.jsonl")]).default_eot
    assert FilesSource.control_tokens is not None


def test_starts_are_rows_in_parquet_and_bytes_elsewhere(name, tmp_path):
    item = write(tmp_path / name, RECORDS)
    assert ("rows" if name.endswith(".parquet") else "bytes") == ChatReader.class_for(item).PLACES
    assert type(ChatReader({}).for_input(item)) is ChatReader.class_for(item)


KEPT = [
    {"id": f"c{number}", "lang": lang, "meta": {"source": f"s{number}", "n": number}, **RECORDS[0]}
    for number, lang in enumerate(["de", "en", None, "fr"])
]


def fields_of(item, heard=None, **options):
    found = {}
    for batch in ChatReader(options).read(item, Slice(), lambda kind, start, reason: heard.append(kind)):
        assert len(batch.texts) == len(batch.pieces)
        for name, values in (batch.fields or {}).items():
            assert len(values) == len(batch.texts)
            found.setdefault(name, []).extend(values)
    return found


def test_fields_of_conversations_are_kept(name, tmp_path):
    item = write(tmp_path / name, KEPT)
    assert fields_of(item) == {"id": ["c0", "c1", "c2", "c3"]}
    assert fields_of(item, keep="") == {}
    assert fields_of(item, keep="lang,meta.source,meta.n:float,none") == {
        "lang": ["de", "en", None, "fr"],
        "meta.source": ["s0", "s1", "s2", "s3"],
        "meta.n": [0.0, 1.0, 2.0, 3.0],
    }
    assert read(item, keep="lang,meta.source") == read(item, keep="")


def test_the_messages_are_kept_as_text_where_that_is_asked_for(name, tmp_path):
    item = write(tmp_path / name, KEPT)
    expected = json.dumps(KEPT[0]["messages"], separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    assert fields_of(item, keep="messages:str") == {"messages": [expected] * 4}
    with pytest.raises(SourceError, match=r"'messages' .* keep it as text with --keep messages:str"):
        fields_of(item, keep="messages")


def test_conversations_that_are_left_out_take_their_fields_with_them(name, tmp_path):
    wrong = [{"role": "nobody", "content": "Hi"}]
    records = [KEPT[0], {**KEPT[1], "messages": wrong}, {**KEPT[2], "messages": None}, KEPT[3]]
    heard = []
    found = fields_of(write(tmp_path / name, records), heard, keep="id,meta.source", on_bad_document="skip")
    assert found == {"id": ["c0", "c3"], "meta.source": ["s0", "s3"]}
    assert heard == ["unknown-role", "null-conversation"]


def test_a_named_field_and_kept_ones_may_be_in_one_object(name, tmp_path):
    records = [{"data": {"talk": RECORDS[0]["messages"], "source": f"s{number}"}} for number in range(3)]
    item = write(tmp_path / name, records)
    found = fields_of(item, conversation_field="data.talk", keep="data.source")
    assert found == {"data.source": ["s0", "s1", "s2"]}


def test_broken_text_of_a_kept_field_goes_the_ways_of_any_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(record).replace("s1", "\\ud83d") + "\n" for record in KEPT))
    item = Input(path.name, path.stat().st_size, "", location=str(path), format="chat")
    with pytest.raises(SourceError, match=r"no Unicode \(\\ud83d\) in field 'meta.source' of the record"):
        fields_of(item, keep="meta.source")
    heard = []
    assert fields_of(item, heard, keep="meta.source", on_bad_document="skip")["meta.source"] == [
        "s0",
        "s2",
        "s3",
    ]
    assert fields_of(item, heard, keep="meta.source", invalid_utf8="replace")["meta.source"][1] == "\ufffd"
