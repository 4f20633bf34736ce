"""Records in their three shapes, and what is wrong with others."""

import pytest

from corpuskit.chat.conversation import BadConversation, Message, ToolCall
from corpuskit.chat.records import conversation_of, field_of

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}


def messages(*entries, **more):
    return conversation_of({"messages": [*entries], **more}).messages


def test_messages_are_read_with_all_that_they_have():
    entry = {
        "role": "assistant",
        "content": "a",
        "reasoning": "b",
        "tool_calls": [CALL],
        "name": "c",
        "weight": 0,
    }
    assert messages(entry) == [Message("assistant", "a", "b", (ToolCall("f", "{}", "1"),), "c", False)]


def test_the_first_field_that_is_not_null_holds_the_conversation():
    record = {"prompt": "x", "messages": None, "conversations": [USER]}
    assert conversation_of(record).messages == [Message("user", "Hi")]


def test_a_field_may_be_named_and_nested():
    record = {"data": {"talk": [USER]}, "a.b": [USER], "messages": []}
    assert conversation_of(record, "data.talk").messages == [Message("user", "Hi")]
    assert conversation_of(record, "a.b").messages == [Message("user", "Hi")]
    with pytest.raises(BadConversation, match="no field 'data.other'"):
        conversation_of(record, "data.other")


def test_a_field_of_the_name_itself_comes_before_one_that_dots_lead_to():
    record = {"a": {"b": []}, "a.b": [USER]}
    assert field_of(record, ["a.b"]) == ("a.b", [USER])
    assert conversation_of(record, "a.b").messages == [Message("user", "Hi")]


def test_the_first_field_that_is_not_null_counts():
    record = {"a": None, "b": {"c": None, "d": 1}}
    assert field_of(record, ["x", "a", "b.c", "b.d"]) == ("b.d", 1)
    assert field_of(record, ["x", "b.c", "a"]) == ("b.c", None)
    assert field_of(record, ["x", "a.b", "b.d.e"]) == (None, None)


def test_the_entries_say_the_shape_and_not_the_field():
    entries = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    assert messages(*entries) == [Message("user", "Hi"), Message("assistant", "Hello")]
    assert conversation_of({"conversations": [USER]}).messages == [Message("user", "Hi")]


def test_a_system_prompt_beside_the_messages_comes_first():
    assert messages(USER, system="Be kind.") == [Message("system", "Be kind."), Message("user", "Hi")]
    found = conversation_of({"prompt": [USER], "completion": "Hello", "system": "Be kind."})
    assert (len(found.messages), found.num_prompt) == (3, 2)


def test_a_tool_answers_the_call_that_it_names():
    calls = [{"id": id, "function": {"name": f"f{id}"}} for id in "12"]
    answers = [{"role": "tool", "tool_call_id": id, "content": id} for id in "21"]
    found = messages({**CALLING, "tool_calls": calls}, *answers)
    assert [message.name for message in found] == ["", "f2", "f1"]


def test_calls_in_the_text_of_sharegpt_are_answered():
    text = "<tool_call>{}</tool_call>"
    entries = [
        {"from": "human", "value": "x"},
        {"from": "gpt", "value": text},
        {"from": "tool", "value": "y"},
    ]
    found = conversation_of({"conversations": entries, "tools": [{"name": "f"}]}).messages
    assert [message.role for message in found] == ["user", "assistant", "tool"]
    assert found[1] == Message("assistant", text)


def test_the_old_names_of_calls_are_known():
    found = messages(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "x"},
    )
    assert found[0].tool_calls == (ToolCall("f", "{}"),)
    assert found[1] == Message("tool", "x", name="f")


WRONG = {
    "unknown-role": [
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": ["user"], "content": "x"}]},
        {"messages": [{"content": "x"}]},
        {"messages": [{"role": "human", "content": "x"}]},
        {"conversations": [{"from": "martian", "value": "x"}]},
        {"messages": [{"role": "\ud800", "content": "x"}]},
    ],
    "empty-conversation": [
        {"messages": []},
        {"conversations": []},
        {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": []}]},
        {"prompt": "", "completion": ""},
    ],
    "orphan-tool-call": [
        {"messages": [USER, {"role": "tool", "content": "x"}]},
        {"messages": [CALLING, {"role": "tool", "tool_call_id": "2", "content": "x"}]},
        {"messages": [CALLING, *[{"role": "tool", "tool_call_id": "1", "content": "x"}] * 2]},
        {"messages": [CALLING, {"role": "tool", "name": "other", "content": "x"}]},
        {"messages": [{**CALLING, "tool_calls": [{"function": {"arguments": "{}"}}]}]},
        {"messages": [{**CALLING, "tool_calls": [{}]}]},
        {"messages": [CALLING], "tools": [{"name": "other"}]},
        {"messages": [{**USER, "tool_calls": [CALL]}]},
        {"conversations": [{"from": "observation", "value": "x"}]},
        {"conversations": [{"from": "function_call", "value": "[]"}]},
    ],
    "two-system-messages": [
        {"messages": [{"role": "system", "content": "x"}, USER, {"role": "system", "content": "x"}]},
        {"messages": [*[{"role": "developer", "content": "x"}] * 2, USER]},
        {"messages": [{"role": "system", "content": "x"}, USER], "system": "y"},
    ],
    "content-parts": [
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [1]}]},
        {"messages": [{"role": "user", "content": [None]}]},
    ],
    "not-a-conversation": [
        [],
        "text",
        None,
        {},
        {"text": "x"},
        {"messages": "x"},
        {"messages": {"role": "user"}},
        {"messages": [1]},
        {"messages": ["x"]},
        {"messages": [None]},
        {"messages": [[USER]]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": 1}]},
        {"messages": [{"role": "user", "content": {"text": "x"}}]},
        {"messages": [{**USER, "name": 1}]},
        {"messages": [{**USER, "weight": 0.5}]},
        {"messages": [{**USER, "weight": [0]}]},
        {"messages": [{**USER, "train": "yes"}]},
        {"messages": [{"role": "assistant", "content": "x", "reasoning": {}}]},
        {"messages": [{**CALLING, "tool_calls": "f"}]},
        {"messages": [{**CALLING, "tool_calls": [1]}]},
        {"messages": [{**CALLING, "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
        {"messages": [{**CALLING, "tool_calls": [{"function": {"name": "f", "arguments": float("nan")}}]}]},
        {"messages": [USER], "tools": 1},
        {"messages": [USER], "tools": [1]},
        {"messages": [USER], "tools": [{}]},
        {"messages": [USER], "tools": "{"},
        {"messages": [USER], "system": 1},
        {"conversations": [{"from": "function_call", "value": "no JSON"}]},
        {"prompt": "x"},
        {"prompt": None, "completion": "x"},
        {"prompt": 1, "completion": "x"},
    ],
}


@pytest.mark.parametrize(("kind", "record"), [(kind, one) for kind, some in WRONG.items() for one in some])
def test_what_is_wrong_has_its_kind_and_one_line(kind, record):
    with pytest.raises(BadConversation) as caught:
        conversation_of(record)
    assert caught.value.kind == kind
    assert caught.value.reason.encode().decode().isprintable()


def test_nested_arguments_of_any_depth_are_no_traceback():
    deep = None
    for _ in range(20_000):
        deep = [deep]
    for value in (deep, "[" * 20_000 + "]" * 20_000):
        call = {"function": {"name": "f", "arguments": value}}
        with pytest.raises(BadConversation):
            conversation_of({"messages": [{**CALLING, "tool_calls": [call]}]})
