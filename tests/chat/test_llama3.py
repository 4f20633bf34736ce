"""The template llama3: what conversations that were marked by hand do not show."""

import pytest

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

TEMPLATE = open_template("llama3")


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([{"role": "user", "content": "x"}], "2 tool calls in one message"),
        ([], "no message of the user"),
    ],
)
def test_what_llama_has_no_way_to_write_is_refused(messages, reason):
    call = {"function": {"name": "sky"}}
    calls = [{"role": "assistant", "content": "", "tool_calls": [call, call]}]
    with pytest.raises(BadConversation, match=reason) as caught:
        TEMPLATE.pieces(conversation_of({"messages": [*messages, *calls], "tools": [{"name": "sky"}]}))
    assert caught.value.kind == "not-in-template"
