"""What is to be learned, what is left out, and that content never becomes a control token."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marked_conversations import RECORDS, joined, rendered, runs

from corpuskit.chat.conversation import ROLES, BadConversation, Conversation, Message, ToolCall
from corpuskit.chat.opening import open_template
from corpuskit.chat.records import conversation_of

NAMES = ("chatml", "llama3", "harmony", "plain")
TEMPLATES = {name: open_template(name) for name in NAMES}
SPELLINGS = sorted({name for template in TEMPLATES.values() for name in template.control_tokens if name})


@pytest.mark.parametrize("name", NAMES)
def test_every_conversation_was_marked(name):
    assert rendered(name).keys() == RECORDS.keys()
    assert len(RECORDS) >= 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", [*RECORDS])
def test_pieces_are_those_that_were_marked_by_hand(name, case):
    pieces = TEMPLATES[name].pieces(conversation_of(RECORDS[case]))
    assert joined(pieces) == runs(rendered(name)[case])


def chatml(case, **options):
    return joined(TEMPLATES["chatml"].pieces(conversation_of(RECORDS[case]), **options))


def test_last_learns_the_last_answer_alone():
    assert chatml("two turns", train_on="last") == runs(
        "«im_start»user\n1+1?«im_end»\n«im_start»assistant\n2«im_end»\n"
        "«im_start»user\n2+2?«im_end»\n«im_start»assistant\n⟦4«im_end»⟧\n"
    )


def test_last_learns_nothing_where_the_last_answer_is_not_to_be_learned():
    pieces = chatml("an answer that is not to be learned", train_on="last")
    assert not any(is_trained for _, _, is_trained in pieces)


@pytest.mark.parametrize("name", NAMES)
def test_all_learns_everything_but_what_a_record_leaves_out(name):
    pieces = TEMPLATES[name].pieces(conversation_of(RECORDS["a tool"]), train_on="all")
    assert all(piece.is_trained for piece in pieces)
    pieces = TEMPLATES[name].pieces(conversation_of(RECORDS["an answer of weight 0"]), train_on="all")
    assert b"3" in b"".join(piece.text for piece in pieces if not piece.is_trained)


def test_answers_of_a_prompt_are_learned_with_all_alone():
    assert all(is_trained for _, _, is_trained in chatml("a prompt of several messages", train_on="all"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("reasoning", "kept"), [("all", {b"Add.", b"Add again."}), ("last", {b"Add again."}), ("none", set())]
)
def test_reasoning_is_written_as_far_as_it_is_asked_for(name, reasoning, kept):
    pieces = TEMPLATES[name].pieces(conversation_of(RECORDS["reasoning"]), reasoning=reasoning)
    text = b"".join(piece.text for piece in pieces)
    assert {one for one in (b"Add.", b"Add again.") if one in text} == kept


def test_without_tools_nothing_is_left_of_them():
    assert chatml("a tool", tools=False) == runs(
        "«im_start»user\nRain?«im_end»\n«im_start»assistant\n⟦No.«im_end»⟧\n"
    )


def test_a_conversation_of_nothing_but_calls_is_empty_without_them():
    messages = [Message("assistant", "", tool_calls=(ToolCall("f", "{}"),)), Message("tool", "x")]
    with pytest.raises(BadConversation) as caught:
        TEMPLATES["plain"].pieces(Conversation(messages), tools=False)
    assert caught.value.kind == "empty-conversation"


def test_a_prompt_is_as_long_as_what_is_left_of_it():
    call = Message("assistant", "", tool_calls=(ToolCall("f", "{}"),))
    messages = [call, Message("tool", "x"), Message("assistant", "a"), Message("assistant", "b")]
    pieces = TEMPLATES["plain"].pieces(Conversation(messages, num_prompt=3), tools=False)
    assert joined(pieces) == runs("Assistant: a«»\n\nAssistant:⟦ b«»⟧")


texts = st.lists(st.sampled_from([*SPELLINGS, "<|", "|>", "im_end", " ", "\n", "a", "é", "🙂"])).map("".join)
calls = st.builds(ToolCall, st.sampled_from([*SPELLINGS, "f"]), texts.map(lambda text: f'"{text}"'))
messages = st.lists(
    st.builds(
        Message,
        st.sampled_from([role for role in ROLES if role != "developer"]),
        texts,
        reasoning=texts,
        tool_calls=st.lists(calls, max_size=1).map(tuple),
        name=texts,
        is_trained=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("name", NAMES)
@given(messages=messages, train_on=st.sampled_from(["assistant", "last", "all"]), tool=texts)
@settings(max_examples=60, deadline=None)
def test_content_never_becomes_a_control_token_in_any_role(name, messages, train_on, tool):
    """Where every spelling is broken up, the control tokens are the same, and text is where it was."""

    def written(change):
        said = [
            message._replace(
                content=change(message.content),
                reasoning=change(message.reasoning),
                name=change(message.name),
                tool_calls=tuple(one._replace(name=change(one.name)) for one in message.tool_calls),
            )
            for message in [Message("user", "x"), *messages]
        ]
        tools = [{"name": change(tool) or "f", "description": change(tool)}]
        return TEMPLATES[name].pieces(Conversation(said, tools), train_on=train_on)

    def broken(text):
        return text.replace("<|", "<:")

    pieces, plain = written(str), written(broken)
    assert [piece for piece in pieces if piece.is_control] == [piece for piece in plain if piece.is_control]
    assert {piece.text.decode() for piece in pieces if piece.is_control} <= {*TEMPLATES[name].control_tokens}
    assert len(pieces) == len(plain)
