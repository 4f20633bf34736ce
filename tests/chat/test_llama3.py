"""The template llama3, beside conversations that were marked by hand."""

import pytest
from marked_conversations import RECORDS, joined, rendered, runs

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

TEMPLATE = open_template("llama3")
EXPECTED = rendered("llama3")


def test_every_conversation_was_marked():
    assert EXPECTED.keys() == RECORDS.keys()
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("case", [*RECORDS])
def test_pieces_are_those_that_were_marked_by_hand(case):
    pieces = TEMPLATE.pieces(conversation_of(RECORDS[case]))
    assert joined(pieces) == runs(EXPECTED[case])


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
