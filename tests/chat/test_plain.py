"""The template plain: what conversations that were marked by hand do not show."""

import pytest
from marked_conversations import joined, runs

from corpuskit.chat.conversation import BadConversation
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

TEMPLATE = open_template("plain")


def test_a_prompt_with_tools_has_names():
    record = {"prompt": "1+1=", "completion": "2", "tools": [{"name": "f"}]}
    marked = 'Tools:\n{"name": "f"}\n\nUser: 1+1=\n\nAssistant:⟦ 2«»⟧'
    assert joined(TEMPLATE.pieces(conversation_of(record))) == runs(marked)


def test_a_system_and_a_developer_are_refused():
    messages = [{"role": role, "content": "x"} for role in ("system", "developer")]
    with pytest.raises(BadConversation, match="template plain has one role for"):
        TEMPLATE.pieces(conversation_of({"messages": messages}))
