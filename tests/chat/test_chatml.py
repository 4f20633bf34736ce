"""The template chatml: what conversations that were marked by hand do not show."""

import pytest
from marked_conversations import RECORDS, joined, runs

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

TEMPLATE = open_template("chatml")


def test_answers_of_tools_that_follow_each_other_are_one_message():
    call = {"function": {"name": "f", "arguments": {}}}
    messages = [
        {"role": "user", "content": "Both"},
        {"role": "assistant", "content": "", "tool_calls": [call, call]},
        {"role": "tool", "content": "one"},
        {"role": "tool", "content": "two"},
    ]
    marked = (
        "«im_start»user\nBoth«im_end»\n«im_start»assistant\n"
        '⟦<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n'
        '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>«im_end»⟧\n'
        "«im_start»user\n<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response>"
        "«im_end»\n"
    )
    assert joined(TEMPLATE.pieces(conversation_of({"messages": messages}))) == runs(marked)


def test_tools_end_the_message_of_a_system():
    record = {**RECORDS["a tool"], "messages": [{"role": "system", "content": "Be kind."}]}
    text = TEMPLATE.pieces(conversation_of(record))[1].text
    assert text.startswith(b"system\nBe kind.\n\n# Tools\n\n")


def test_a_system_and_a_developer_are_refused():
    messages = [{"role": role, "content": "x"} for role in ("system", "developer")]
    with pytest.raises(BadConversation, match="template chatml has one role for") as caught:
        TEMPLATE.pieces(conversation_of({"messages": messages}))
    assert caught.value.kind == "two-system-messages"
