"""Definitions, calls, and the answers of tools."""

import time

import pytest

from corpuskit.chat.conversation import BadConversation, Message, ToolCall
from corpuskit.chat.tools import as_json, calls_of, matched, tool_name, tools_of

TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize("value", [None, [], "", "[]"])
def test_there_may_be_none(value):
    assert tools_of(value) == ()


def test_definitions_may_be_json_as_text():
    assert tools_of('[{"name": "f"}]') == ({"name": "f"},)
    assert tools_of([TOOL]) == (TOOL,)
    assert (tool_name(TOOL), tool_name({"name": "g"}), tool_name({"name": 1})) == ("f", "g", "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"b": 1, "a": "é"}, '{"b": 1, "a": "é"}'),
        (' {"b":1.0}\n', '{"b":1.0}'),
        (None, "{}"),
        ("", "{}"),
        ([1], "[1]"),
    ],
)
def test_arguments_are_json_and_text_stays_as_it_is(arguments, text):
    assert calls_of([{"name": "f", "arguments": arguments}], "message 1") == (ToolCall("f", text),)


def test_an_answer_without_an_id_is_of_the_first_call_that_waits():
    calls = (ToolCall("f", "{}", "1"), ToolCall("g", "{}", "2"))
    messages = [
        Message("assistant", "", tool_calls=calls),
        Message("tool", "x", name="g"),
        Message("tool", "y"),
    ]
    assert [message.name for message in matched(messages, {1: "", 2: ""}, ())] == ["", "g", "f"]


@pytest.mark.parametrize(
    ("id", "name", "answered"),
    [
        ("2", "", "g"),
        ("3", "f", "f"),  # no call has the id: of the first of the name that has none
        ("3", "", "f"),
        ("3", "h", None),
        ("", "h", "h"),
        ("", "", "g"),
    ],
)
def test_an_answer_is_of_the_first_call_that_it_may_be_of(id, name, answered):
    calls = (ToolCall("g", "{}", "2"), ToolCall("f", "{}"), ToolCall("f", "{}"), ToolCall("h", "{}", "4"))
    messages = [Message("assistant", "", tool_calls=calls), Message("tool", "x", name=name)]
    if answered is None:
        with pytest.raises(BadConversation, match="message 2 is of a tool and answers no call"):
            matched(messages, {1: id}, ())
    else:
        assert matched(messages, {1: id}, ())[1].name == answered


@pytest.mark.parametrize("has_ids", [True, False])
def test_thousands_of_calls_that_are_answered_in_any_order_take_no_longer_than_others(has_ids):
    ids = [str(number) if has_ids else "" for number in range(20_000)]
    calls = tuple(ToolCall(f"f{number}", "{}", id) for number, id in enumerate(ids))
    numbers = range(len(calls))[::-1]
    said = [Message("tool", "x", name=f"f{number}") for number in numbers]
    answers = {place: ids[number] for place, number in enumerate(numbers, 1)}
    begin = time.process_time()
    found = matched([Message("assistant", "", tool_calls=calls), *said], answers, ())
    assert time.process_time() - begin < 2  # 28 seconds where each looks at all that wait
    assert [message.name for message in found[1:]] == [message.name for message in said]


def test_json_has_no_words_that_are_none():
    assert as_json({"a": [1, None]}, compact=True) == '{"a":[1,null]}'
    for value in (float("inf"), {1, 2}, b"x"):
        with pytest.raises(BadConversation, match="holds what is no JSON"):
            as_json(value)


def test_a_call_of_a_tool_that_is_not_defined_reads_as_one_sentence():
    calling = Message("assistant", "", tool_calls=(ToolCall("g", "{}"),))
    with pytest.raises(
        BadConversation, match=r"^message 1 calls a tool 'g' that field 'tools' does not define,$"
    ):
        matched([calling], {}, [{"name": "f"}])
