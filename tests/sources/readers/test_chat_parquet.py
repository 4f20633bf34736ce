"""Rows of conversations: nulls, types that are none, and broken bytes."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.readers.chat import ChatReader


def read(table, tmp_path, heard=None, **options):
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    item = Input(path.name, path.stat().st_size, "", location=str(path), format="chat")
    batches = ChatReader({"template": "plain", **options}).read(
        item, Slice(), lambda kind, start, reason: heard.append((kind, start))
    )
    return [
        (start, text.decode())
        for batch in batches
        for start, text in zip(batch.starts, batch.texts, strict=True)
    ]


def table(*contents, **more):
    rows = [None if c is None else [{"role": "user", "content": c, "tool_calls": None}] for c in contents]
    return pa.table({"messages": rows, **more})


def test_a_null_is_a_record_without_a_conversation(tmp_path):
    heard = []
    assert read(table("a", None, "b"), tmp_path, heard) == [(0, "User: a"), (2, "User: b")]
    assert heard == [("null-conversation", 1)]


def test_other_columns_are_not_read(tmp_path):
    assert read(table("a", other=pa.array([2**62], pa.timestamp("ns"))), tmp_path) == [(0, "User: a")]


def test_broken_bytes_go_the_ways_of_any_text(tmp_path):
    def broken(*contents):
        texts = pa.array([*contents], pa.binary())
        texts = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())
        entries = pa.StructArray.from_arrays([pa.array(["user"] * len(texts)), texts], ["role", "content"])
        return pa.table({"messages": pa.ListArray.from_arrays(list(range(len(texts) + 1)), entries)})

    made = broken(b"a", b"b\xffd", b"c")
    with pytest.raises(SourceError, match="a.parquet: invalid UTF-8 in a message in row 1"):
        read(made, tmp_path)
    heard = []
    assert read(made, tmp_path, heard, on_bad_document="skip") == [(0, "User: a"), (2, "User: c")]
    assert heard == [("invalid-utf8", 1)]
    assert read(made, tmp_path, heard, invalid_utf8="replace")[1] == (1, "User: b\ufffdd")


def test_times_that_python_has_not_decide_nothing(tmp_path):
    when = pa.array([2**62], pa.timestamp("ns"))
    entries = pa.StructArray.from_arrays(
        [pa.array(["user"]), pa.array(["a"]), when], ["role", "content", "when"]
    )
    made = pa.table({"messages": pa.ListArray.from_arrays([0, 1], entries)})
    assert read(made, tmp_path) == [(0, "User: a")]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["text"]),
        pa.array([1]),
        pa.array([{"role": "user"}]),
        pa.array([["text"]]),
        pa.array([[b"bytes"]]),
        pa.array([[{"role": "user", "content": b"bytes"}]]),
        pa.array([[("role", "user")]], pa.map_(pa.string(), pa.string())),
    ],
    ids=str,
)
def test_columns_of_other_types_are_bad_documents(column, tmp_path):
    made = pa.table({"messages": column})
    with pytest.raises(SourceError, match="a.parquet: .* in row 0; repair it or use --on-bad-document skip"):
        read(made, tmp_path)
    heard = []
    assert not read(made, tmp_path, heard, on_bad_document="skip")
    assert heard == [("not-a-conversation", 0)]


def test_a_conversation_that_is_too_long_is_left_out(tmp_path):
    heard = []
    made = table("a" * 1000, "b")
    assert read(made, tmp_path, heard, max_document_bytes=100, on_bad_document="skip") == [(1, "User: b")]
    assert heard == [("too-long", 0)]


def test_two_columns_of_one_name_are_an_error(tmp_path):
    column = pa.array([[{"role": "user", "content": "a"}]])
    made = pa.Table.from_arrays([column, column], ["messages", "messages"])
    with pytest.raises(SourceError, match="2 columns are named 'messages'.*conversation_field=NAME"):
        read(made, tmp_path)


def test_a_prompt_and_its_completion_are_two_columns(tmp_path):
    made = pa.table({"prompt": ["1+1="], "completion": ["2"]})
    assert read(made, tmp_path) == [(0, "1+1=2")]
