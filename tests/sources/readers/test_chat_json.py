"""Broken bytes, half characters, and hostile records of conversations."""

import gc
import json

import pytest

from corpuskit.errors import SourceError
from corpuskit.sources.base import Input, Slice
from corpuskit.sources.readers.chat import ChatReader

GOOD = b'{"messages": [{"role": "user", "content": "good"}]}'


def read(data, tmp_path, heard=None, **options):
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    item = Input(path.name, len(data), "", location=str(path), format="chat")
    batches = ChatReader({"template": "plain", **options}).read(
        item, Slice(), lambda kind, start, reason: heard.append(kind)
    )
    return [text.decode() for batch in batches for text in batch.texts]


@pytest.mark.parametrize(
    ("content", "reason", "repaired"),
    [
        (b"b\xffd", r"a.jsonl:2: invalid UTF-8 \(0xff, invalid start byte\)", "b\ufffdd"),
        (b"b\\ud83dd", r"a.jsonl:2: a lone surrogate \(\\ud83d, half a character\)", "b\ufffdd"),
    ],
)
def test_broken_text_goes_the_ways_of_any_text(content, reason, repaired, tmp_path):
    data = GOOD + b"\n" + GOOD.replace(b"good", content) + b"\n" + GOOD
    with pytest.raises(SourceError, match=reason):
        read(data, tmp_path)
    heard = []
    assert read(data, tmp_path, heard, on_bad_document="skip") == ["User: good"] * 2
    assert heard == ["invalid-utf8"]
    found = read(data, tmp_path, heard, invalid_utf8="replace")
    assert found == ["User: good", f"User: {repaired}", "User: good"]
    assert heard == ["invalid-utf8"] * 2


def test_broken_text_that_is_not_read_decides_nothing(tmp_path):
    data = GOOD[:-1] + b', "more": "\xff", "number": NaN}'
    assert read(data, tmp_path) == ["User: good"]


def test_numbers_of_calls_are_kept_where_a_fast_parser_gives_up(tmp_path):
    call = {"function": {"name": "f", "arguments": {"a": 12.5, "b": [1]}}}
    record = {"messages": [{"role": "assistant", "content": "", "tool_calls": [call]}], "other": float("nan")}
    assert read(json.dumps(record).encode(), tmp_path) == [
        'Assistant: {"name": "f", "arguments": {"a": 12.5, "b": [1]}}'
    ]


@pytest.mark.parametrize("number", ["18446744073709551617", "-9223372036854775809", "1" + "0" * 30, "1e+30"])
@pytest.mark.parametrize("other", [b"", b"\n\n"])
def test_whole_numbers_of_any_size_in_tools_and_calls_are_kept(number, other, tmp_path):
    value = f'{{"id": [{number}]}}'
    tool = f'{{"name": "f", "parameters": {{"default": {number}}}}}'
    call = f'{{"function": {{"name": "f", "arguments": {value}}}}}'
    given = json.dumps(f'{{"name": "f", "arguments": {value}}}')
    for messages, tools in (
        (f'"messages": [{{"role": "assistant", "content": "", "tool_calls": [{call}]}}]', f"[{tool}]"),
        (f'"messages": [{{"role": "assistant", "tool_calls": [{call}]}}]', json.dumps(f"[{tool}]")),
        (f'"conversations": [{{"from": "function_call", "value": {given}}}]', f"[{tool}]"),
    ):
        line = f'{{{messages}, "tools": {tools}, "v": {number}}}'.encode()
        for keep in ("v:str", ""):
            found = read(line + b"\n" + other + line, tmp_path, [], keep=keep)
            assert found == [f'Tools:\n{tool}\n\nAssistant: {{"name": "f", "arguments": {value}}}'] * 2


def test_half_a_character_inside_json_that_is_text_is_an_error(tmp_path):
    tools = '[{"name": "f", "description": "\\ud800"}]'
    record = {"messages": [{"role": "user", "content": "x"}], "tools": tools}
    with pytest.raises(SourceError, match="a lone surrogate"):
        read(json.dumps(record).encode(), tmp_path, invalid_utf8="replace")


HOSTILE = [
    b"[]",
    b"1",
    b"null",
    b'"messages"',
    b"{",
    b'{"messages": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"messages": [{"role": "user", "content": "x"}], "tools": [{"name": "f", "a": '
    + b"[" * 1000
    + b"]" * 1000
    + b"}]}",
    b'{"messages": [{"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": '
    + b'{"a":' * 900
    + b"1"
    + b"}" * 900
    + b"}]}]}",
    b'{"messages": [{"role": "user", "content": "x"}], "tools": [{"name": "f", "parameters": '
    + b'{"type": "array", "items": ' * 300
    + b"1"
    + b"}" * 300
    + b"}]}",
    b'{"messages": {}}',
    b'{"messages": [{"role": {}, "content": []}]}',
    b'{"messages": [{"role": "user", "content": [[[]]]}]}',
    b'{"messages": [{"role": "user", "content": "x", "weight": 1e999}]}',
    b'{"messages": [{"role": "' + b"x" * 100_000 + b'", "content": "x"}]}',
    b'{"conversations": [{"from": "function_call", "value": "' + b"[" * 100_000 + b'"}]}',
]


@pytest.mark.parametrize("template", ["chatml", "llama3", "harmony", "plain"])
@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_records_are_one_line_or_counted_and_never_a_traceback(line, template, tmp_path):
    data = GOOD + b"\n" + line + b"\n" + GOOD
    heard = []
    kept = read(data, tmp_path, heard, template=template, on_bad_document="skip")
    assert len(kept) + len(heard) == 3  # a template may have a way to write it
    if heard:
        with pytest.raises(SourceError) as caught:
            read(data, tmp_path, template=template)
        said = str(caught.value)
        assert said.startswith("a.jsonl:2: ")
        assert len(said) < 600
        assert "\n" not in said


def test_the_collector_of_circles_is_as_it_was(tmp_path):
    read(GOOD, tmp_path)
    assert gc.isenabled()
    gc.disable()
    try:
        read(GOOD, tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()
